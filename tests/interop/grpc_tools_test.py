"""gRPC as the public tools speak it: grpcurl, which knows the services by reflection alone, and the load generator ghz."""
import base64
import json
import os
import pathlib
import subprocess
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "third_party" / "go-tools"
GOLDEN = np.load(DATA / "nets" / "iris.npz")
ROWS = GOLDEN["in_0"].astype(np.float32)[:3]
EXPECTED = GOLDEN["out_0"][:3]


def setUpModule():
    if not (TOOLS / "grpcurl").exists() and not os.environ.get("CI"):
        raise unittest.SkipTest("the programs are not installed: run tools/bootstrap --test")
    global SERVER
    SERVER = Server(DATA / "nets" / "iris.h5").__enter__()


def tearDownModule():
    SERVER.__exit__()


def grpcurl(*arguments, body=None):
    """What `grpcurl ARGUMENTS` prints; `body` is the request's message as JSON."""
    data = [] if body is None else ["-d", json.dumps(body)]
    done = subprocess.run([TOOLS / "grpcurl", "-plaintext", *data, SERVER.url, *arguments],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def infer_request():
    metadata = json.loads(grpcurl("inference.GRPCInferenceService/ModelMetadata", body={"name": "iris"}))
    return {
        "modelName": "iris",
        "inputs": [{"name": metadata["inputs"][0]["name"], "datatype": "FP32", "shape": list(ROWS.shape)}],
        "rawInputContents": [base64.b64encode(ROWS.tobytes()).decode()],
    }


class GrpcurlTest(unittest.TestCase):
    def test_lists_the_services(self):
        self.assertEqual(
            grpcurl("list").split(),
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
             "grpc.reflection.v1alpha.ServerReflection", "inference.GRPCInferenceService",
             "tensorflow.serving.ModelService", "tensorflow.serving.PredictionService"])
        self.assertIn("inference.GRPCInferenceService.ModelStreamInfer", grpcurl("list", "inference.GRPCInferenceService"))

    def test_describes_a_service_and_a_message(self):
        self.assertIn("stream .inference.ModelInferRequest", grpcurl("describe", "inference.GRPCInferenceService"))
        self.assertIn("raw_input_contents = 7", grpcurl("describe", "inference.ModelInferRequest"))
        self.assertIn("output_filter = 3", grpcurl("describe", "tensorflow.serving.PredictRequest"))

    def test_asks_for_health(self):
        self.assertEqual(json.loads(grpcurl("grpc.health.v1.Health/Check")), {"status": "SERVING"})

    def test_infers(self):
        answer = json.loads(grpcurl("inference.GRPCInferenceService/ModelInfer", body=infer_request()))
        got = np.frombuffer(base64.b64decode(answer["raw_output_contents"][0]), np.float32)
        np.testing.assert_allclose(got.reshape(EXPECTED.shape), EXPECTED, atol=1e-4)

    def test_streams(self):
        answer = json.loads(grpcurl("inference.GRPCInferenceService/ModelStreamInfer", body=infer_request()))
        self.assertEqual(answer["infer_response"]["model_name"], "iris")

    def test_is_told_what_is_wrong(self):
        with self.assertRaisesRegex(RuntimeError, "NotFound"):
            grpcurl("inference.GRPCInferenceService/ModelInfer", body={"modelName": "nothing"})


class GhzTest(unittest.TestCase):
    def run_ghz(self, call, requests, *flags):
        done = subprocess.run(
            [TOOLS / "ghz", "--insecure", "--call", call, "-d", json.dumps(infer_request()), "-n", str(requests), "-c", "20",
             "-O", "json", *flags, SERVER.url], capture_output=True, text=True, timeout=120, check=True)
        return json.loads(done.stdout)

    def test_every_request_is_answered(self):
        report = self.run_ghz("inference.GRPCInferenceService.ModelInfer", 3000, "--connections", "4")
        self.assertEqual(report["statusCodeDistribution"], {"OK": 3000})

    def test_every_stream_is_answered(self):
        report = self.run_ghz("inference.GRPCInferenceService.ModelStreamInfer", 1000)
        self.assertEqual(report["statusCodeDistribution"], {"OK": 1000})


if __name__ == "__main__":
    unittest.main()
