"""Asks a server which digit is in a picture, over gRPC.

    python3 classify_grpc.py [HOST:PORT]
"""
import sys

import numpy as np
import tritonclient.grpc as grpc

server = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8080"

# A one, drawn by hand: 28 by 28 numbers from 0 (black) to 1 (white). The first dimension counts the pictures.
pictures = np.zeros((1, 28, 28, 1), np.float32)
pictures[0, 4:24, 13:15, 0] = 1

with grpc.InferenceServerClient(server) as client:
    # The server knows what its model is called from the outside: no names are copied from the training code.
    model = client.get_model_metadata("mnist")
    pixels = grpc.InferInput(model.inputs[0].name, list(pictures.shape), "FP32")
    pixels.set_data_from_numpy(pictures)

    # Nobody waits longer than a second: the server then stops working on it, too.
    answer = client.infer("mnist", [pixels], client_timeout=1)
    scores = answer.as_numpy(model.outputs[0].name)[0]  # one score for each digit

print(f"digit {scores.argmax()}, {scores.max():.1%} sure")
