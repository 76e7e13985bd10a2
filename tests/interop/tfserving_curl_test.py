"""TensorFlow Serving's documented curl calls against slipway, with the real curl and nothing changed but names."""
import json
import pathlib
import subprocess
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

GOLDEN = np.load(DATA / "nets" / "iris.npz")
ROWS = GOLDEN["in_0"].astype(np.float32)[:3]
EXPECTED = GOLDEN["out_0"][:3]


def setUpModule():
    global SERVER
    SERVER = Server(DATA / "nets" / "iris.h5").__enter__()


def tearDownModule():
    SERVER.__exit__()


def curl(*arguments):
    """The status and the JSON that `curl ARGUMENTS` gets."""
    output = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", *arguments], capture_output=True, check=True, text=True).stdout
    body, status = output.rsplit("\n", 1)
    return int(status), json.loads(body)


class TfServingCurlTest(unittest.TestCase):
    def setUp(self):
        self.url = f"http://{SERVER.url}/v1/models/iris"
        _, metadata = curl(self.url + "/metadata")
        signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
        self.input_name = next(iter(signature["inputs"]))
        self.signature = signature

    def check(self, predictions):
        np.testing.assert_allclose(np.array(predictions), EXPECTED, atol=1e-4)

    def test_predict_by_rows(self):
        status, answer = curl("-d", json.dumps({"instances": ROWS.tolist()}), "-X", "POST", self.url + ":predict")
        self.assertEqual(status, 200)
        self.check(answer["predictions"])

    def test_predict_by_rows_with_names_and_signature(self):
        body = {"signature_name": "serving_default", "instances": [{self.input_name: row} for row in ROWS.tolist()]}
        status, answer = curl("-d", json.dumps(body), self.url + "/versions/1:predict")
        self.assertEqual(status, 200)
        self.check(answer["predictions"])

    def test_predict_by_columns(self):
        for inputs in (ROWS.tolist(), {self.input_name: ROWS.tolist()}):
            status, answer = curl("-d", json.dumps({"inputs": inputs}), self.url + ":predict")
            self.assertEqual(status, 200)
            self.check(answer["outputs"])

    def test_status(self):
        for path in ("", "/versions/1"):
            status, answer = curl(self.url + path)
            self.assertEqual(status, 200)
            self.assertEqual(answer["model_version_status"], [
                {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}])

    def test_metadata(self):
        tensor = self.signature["inputs"][self.input_name]
        self.assertEqual(tensor["dtype"], "DT_FLOAT")
        self.assertEqual([dim["size"] for dim in tensor["tensor_shape"]["dim"]], ["-1", "4"])
        self.assertEqual(self.signature["method_name"], "tensorflow/serving/predict")

    def test_classify(self):
        body = {"examples": [{self.input_name: row} for row in ROWS.tolist()]}
        status, answer = curl("-d", json.dumps(body), self.url + ":classify")
        self.assertEqual(status, 200)
        self.check([[score for _, score in example] for example in answer["results"]])

    def test_regress_of_a_model_with_several_numbers_is_refused(self):
        body = {"examples": [{self.input_name: ROWS[0].tolist()}]}
        status, answer = curl("-d", json.dumps(body), self.url + ":regress")
        self.assertEqual(status, 400)
        self.assertIn("3 numbers", answer["error"])

    def test_errors(self):
        for arguments, expected in (
                ((f"http://{SERVER.url}/v1/models",), (400, "Missing model name in request.")),
                ((f"http://{SERVER.url}/v1/nothing",), (400, "Malformed request: GET /v1/nothing")),
                ((self.url + "/versions/7",), (404, "Could not find version 7")),
                (("-d", "", self.url + ":predict"), (400, "The document is empty")),
                (("-d", "{\"instances\": [[1, 2]]}", self.url + ":predict"), (400, "[N,4]"))):
            status, answer = curl(*arguments)
            self.assertEqual(status, expected[0], answer)
            self.assertIn(expected[1], answer["error"])


if __name__ == "__main__":
    unittest.main()
