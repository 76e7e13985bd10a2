"""The unmodified tritonclient.http against slipway: what users of Triton do on the day they move."""
import asyncio
import pathlib
import sys
import unittest

import numpy as np
import tritonclient.http as http
import tritonclient.http.aio as aio
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

GOLDEN = np.load(DATA / "mnist" / "mnist.npz")
IMAGES = GOLDEN["in_0"].astype(np.float32)
EXPECTED = GOLDEN["out_0"]


def setUpModule():
    global SERVER
    SERVER = Server(DATA / "mnist" / "mnist_k3.h5").__enter__()


def tearDownModule():
    SERVER.__exit__()


class TritonClientTest(unittest.TestCase):
    def setUp(self):
        self.client = http.InferenceServerClient(SERVER.url, concurrency=4)
        self.addCleanup(self.client.close)
        metadata = self.client.get_model_metadata("mnist_k3")
        self.input_name = metadata["inputs"][0]["name"]
        self.output_name = metadata["outputs"][0]["name"]

    def make_input(self, images, binary=True):
        tensor = http.InferInput(self.input_name, list(images.shape), "FP32")
        tensor.set_data_from_numpy(images, binary_data=binary)
        return tensor

    def outputs(self, **keywords):
        return [http.InferRequestedOutput(self.output_name, **keywords)]

    def check(self, result, images=IMAGES, expected=EXPECTED):
        np.testing.assert_allclose(result.as_numpy(self.output_name), expected[: len(images)], atol=1e-4)

    def test_health_and_metadata(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("mnist_k3"))
        self.assertIn("binary_tensor_data", self.client.get_server_metadata()["extensions"])
        metadata = self.client.get_model_metadata("mnist_k3")
        self.assertEqual(metadata["inputs"][0]["shape"], [-1, 28, 28, 1])
        self.assertEqual(metadata["inputs"][0]["datatype"], "FP32")

    def test_infer_binary(self):
        self.check(self.client.infer("mnist_k3", [self.make_input(IMAGES)], outputs=self.outputs(binary_data=True)))

    def test_infer_json(self):
        result = self.client.infer("mnist_k3", [self.make_input(IMAGES[:3], binary=False)], outputs=self.outputs(binary_data=False))
        self.check(result, IMAGES[:3])

    def test_infer_without_requested_outputs(self):
        self.check(self.client.infer("mnist_k3", [self.make_input(IMAGES[:1])]), IMAGES[:1])

    def test_infer_by_version_and_id(self):
        result = self.client.infer("mnist_k3", [self.make_input(IMAGES[:1])], model_version="1", request_id="seventeen")
        self.assertEqual(result.get_response()["id"], "seventeen")
        self.assertEqual(result.get_response()["model_version"], "1")

    def test_async_infer(self):
        pending = [self.client.async_infer("mnist_k3", [self.make_input(IMAGES[i : i + 1])], outputs=self.outputs(binary_data=True)) for i in range(8)]
        for i, request in enumerate(pending):
            self.check(request.get_result(), IMAGES[i : i + 1], EXPECTED[i:])

    def test_compressed_request_and_response(self):
        for coding in ("gzip", "deflate"):
            with self.subTest(coding):
                result = self.client.infer("mnist_k3", [self.make_input(IMAGES)], outputs=self.outputs(binary_data=True),
                                           request_compression_algorithm=coding, response_compression_algorithm=coding)
                self.check(result)

    def test_classification(self):
        result = self.client.infer("mnist_k3", [self.make_input(IMAGES[:2])], outputs=self.outputs(class_count=3))
        top = result.as_numpy(self.output_name)
        self.assertEqual(top.shape, (2, 3))
        self.assertEqual(int(top[0][0].decode().split(":")[1]), int(EXPECTED[0].argmax()))

    def test_aio_client(self):
        async def infer():
            async with aio.InferenceServerClient(SERVER.url) as client:
                self.assertTrue(await client.is_model_ready("mnist_k3"))
                for binary in (True, False):
                    result = await client.infer("mnist_k3", [self.make_input(IMAGES[:2], binary)], outputs=self.outputs(binary_data=binary))
                    self.check(result, IMAGES[:2])

        asyncio.run(infer())

    def test_config_and_statistics(self):
        config = self.client.get_model_config("mnist_k3")
        self.assertEqual(config["name"], "mnist_k3")
        self.assertEqual(config["input"][0]["data_type"], "TYPE_FP32")
        self.client.infer("mnist_k3", [self.make_input(IMAGES[:5])])
        statistics = self.client.get_inference_statistics("mnist_k3")["model_stats"][0]
        self.assertGreaterEqual(statistics["inference_count"], 5)
        self.assertGreater(statistics["inference_stats"]["compute_infer"]["ns"], 0)

    def test_errors_are_told(self):
        with self.assertRaisesRegex(InferenceServerException, "mnist_k3"):
            self.client.infer("mnist_k33", [self.make_input(IMAGES[:1])])
        with self.assertRaisesRegex(InferenceServerException, r"28,28,1"):
            self.client.infer("mnist_k3", [self.make_input(np.zeros((1, 27, 28, 1), np.float32))])
        self.assertFalse(self.client.is_model_ready("nothing"))

    def test_repository(self):
        with self.assertRaises(InferenceServerException):
            self.client.unload_model("mnist_k3")
        headers = SERVER.admin_headers()
        index = self.client.get_model_repository_index(headers=headers)
        self.assertEqual([(row["name"], row["state"]) for row in index], [("mnist_k3", "READY")])
        self.client.unload_model("mnist_k3", headers=headers)
        self.assertFalse(self.client.is_model_ready("mnist_k3"))
        self.client.load_model("mnist_k3", headers=headers)
        self.assertTrue(self.client.is_model_ready("mnist_k3"))


if __name__ == "__main__":
    unittest.main()
