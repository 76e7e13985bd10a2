"""The HTTP requests of the benchmarks, as the public clients write them."""
import json

import numpy as np


def _post(model, body, headers=()):
    lines = [f"POST /v2/models/{model}/infer HTTP/1.1", "Host: 127.0.0.1", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def as_json(model, input_name, array):
    """Shortest round-trip decimals, as every JSON library prints 32-bit floats that it knows to be such."""
    numbers = ",".join(np.format_float_positional(value, unique=True, trim="-") for value in array.ravel())
    body = '{"inputs":[{"name":%s,"shape":%s,"datatype":"FP32","data":[%s]}]}' % (json.dumps(input_name), list(array.shape), numbers)
    return _post(model, body.encode(), ["Content-Type: application/json"])


def as_binary(model, input_name, array):
    """The binary tensor extension, in and out."""
    data = array.tobytes()
    header = json.dumps({"inputs": [{"name": input_name, "shape": list(array.shape), "datatype": "FP32", "parameters": {"binary_data_size": len(data)}}],
                         "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    return _post(model, header + data, ["Content-Type: application/octet-stream", f"Inference-Header-Content-Length: {len(header)}"])
