"""An ensemble in a folder as Triton's users write it, with a network from Keras as a step, asked and steered by their clients."""
import json
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

sys.path.insert(0, str(DATA))
from onnx_file import FLOAT, constant, model, node, tensor

GOLDEN = np.load(DATA / "mnist" / "mnist.npz")
PIXELS = GOLDEN["in_0"].astype(np.float32) * 255
EXPECTED = GOLDEN["out_0"]
CONFIG = """
    name: "reader"
    platform: "ensemble"
    max_batch_size: 8
    input [ { name: "PIXELS" data_type: TYPE_FP32 dims: [ 28, 28, 1 ] } ]
    output [ { name: "DIGIT" data_type: TYPE_FP32 dims: [ 10 ] label_filename: "names.txt" } ]
    ensemble_scheduling {
      step [
        { model_name: "scale" model_version: -1
          input_map { key: "pixels" value: "PIXELS" }
          output_map { key: "image" value: "scaled" } },
        { model_name: "digits" model_version: -1
          input_map { key: "image" value: "scaled" }
          output_map { key: "dense" value: "DIGIT" } }
      ]
    }"""


def write_repository(folder):
    """As Triton wants it: the ensemble's version folder is empty."""
    for name in ("scale/1", "digits/1", "reader/1"):
        (folder / name).mkdir(parents=True)
    factor = np.array([1 / 255], "float32")
    (folder / "scale/1/model.onnx").write_bytes(
        model("ensembles_test.py", [node("Mul", ["pixels", "factor"], "image")], [tensor("pixels", FLOAT, 28, 28, 1)],
              [tensor("image", FLOAT, 28, 28, 1)], [constant("factor", FLOAT, [1], factor.tobytes())]))
    shutil.copy(DATA / "mnist" / "mnist_k3.h5", folder / "digits/1/model.h5")
    (folder / "reader/config.pbtxt").write_text(CONFIG)
    (folder / "reader/names.txt").write_text("\n".join(f"digit {i}" for i in range(10)))


class EnsemblesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="slipway-test-")
        self.addCleanup(folder.cleanup)
        self.repository = pathlib.Path(folder.name) / "models"
        write_repository(self.repository)

    def serve(self):
        self.server = Server(self.repository).__enter__()
        self.addCleanup(self.server.__exit__)
        self.client = http.InferenceServerClient(self.server.url)
        self.addCleanup(self.client.close)

    def ask(self, kind=http, rows=3):
        pixels = kind.InferInput("PIXELS", [rows, 28, 28, 1], "FP32")
        pixels.set_data_from_numpy(PIXELS[:rows])
        client = self.client if kind is http else grpc.InferenceServerClient(self.server.url)
        return client.infer("reader", [pixels])

    def index(self):
        rows = self.client.get_model_repository_index(headers=self.server.admin_headers())
        return {row["name"]: (row["state"], row["reason"]) for row in rows}

    def wait_for_states(self, expected):
        """An unload ends when the model's last request has, a load that nobody asked for when it is done."""
        deadline = time.monotonic() + 20
        while (states := {state for state, _ in self.index().values()}) != expected:
            self.assertLess(time.monotonic(), deadline, states)

    def load(self, name, config=None):
        self.client.load_model(name, headers=self.server.admin_headers(), config=json.dumps(config) if config else None)

    def unload(self, name, **keywords):
        self.client.unload_model(name, headers=self.server.admin_headers(), **keywords)

    def test_it_is_loaded_from_the_folder_and_answers_by_either_protocol(self):
        self.serve()
        for kind in (http, grpc):
            np.testing.assert_allclose(self.ask(kind).as_numpy("DIGIT"), EXPECTED[:3], atol=1e-4)
        metadata = self.client.get_model_metadata("reader")
        self.assertEqual((metadata["platform"], metadata["inputs"][0]["shape"]), ("ensemble", [-1, 28, 28, 1]))
        step = self.client.get_model_config("reader")["ensemble_scheduling"]["step"][1]
        self.assertEqual((step["model_name"], step["output_map"]), ("digits", {"dense": "DIGIT"}))
        pixels = http.InferInput("PIXELS", [1, 28, 28, 1], "FP32")
        pixels.set_data_from_numpy(PIXELS[:1])
        top = self.client.infer("reader", [pixels], outputs=[http.InferRequestedOutput("DIGIT", class_count=1)])
        self.assertIn(f"digit {EXPECTED[0].argmax()}", top.as_numpy("DIGIT").ravel()[0].decode())

    def test_more_rows_than_max_batch_size_are_refused(self):
        self.serve()
        with self.assertRaisesRegex(InferenceServerException, "8"):
            self.ask(rows=9)

    def test_it_waits_for_a_model_that_is_not_there_and_is_ready_by_itself(self):
        (self.repository / "digits").rename(self.repository.parent / "digits")
        self.serve()
        state, reason = self.index()["reader"]
        self.assertEqual(state, "UNAVAILABLE")
        self.assertIn('step 1 (model "digits")', reason)
        self.assertTrue(self.client.is_server_ready())
        (self.repository.parent / "digits").rename(self.repository / "digits")
        self.load("digits")
        self.wait_for_states({"READY"})  # the ensemble's own load follows
        np.testing.assert_allclose(self.ask().as_numpy("DIGIT"), EXPECTED[:3], atol=1e-4)

    def test_a_load_may_bring_other_steps(self):
        self.serve()
        plain = [{"model_name": "digits", "model_version": -1, "input_map": {"image": "PIXELS"}, "output_map": {"dense": "DIGIT"}}]
        self.load("reader", {"max_batch_size": 8, "platform": "ensemble", "ensemble_scheduling": {"step": plain}})
        pixels = http.InferInput("PIXELS", [1, 28, 28, 1], "FP32")
        pixels.set_data_from_numpy(PIXELS[:1] / 255)
        np.testing.assert_allclose(self.client.infer("reader", [pixels]).as_numpy("DIGIT"), EXPECTED[:1], atol=1e-4)
        with self.assertRaisesRegex(InferenceServerException, "ensemble_scheduling"):
            self.load("digits", {"ensemble_scheduling": {"step": plain}})

    def test_its_models_are_unloaded_with_it_when_asked_for(self):
        self.serve()
        self.unload("reader")
        self.assertEqual(self.index()["digits"][0], "READY")
        self.load("reader")
        self.unload("reader", unload_dependents=True)
        self.wait_for_states({"UNAVAILABLE"})
        grpc_client = grpc.InferenceServerClient(self.server.url)
        grpc_client.load_model("reader", headers={"authorization": self.server.admin_headers()["Authorization"]})
        self.assertEqual(self.index()["digits"][0], "READY")
        grpc_client.unload_model("reader", headers={"authorization": self.server.admin_headers()["Authorization"]}, unload_dependents=True)
        self.wait_for_states({"UNAVAILABLE"})


if __name__ == "__main__":
    unittest.main()
