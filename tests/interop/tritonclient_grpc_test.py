"""The unmodified tritonclient.grpc against slipway: what users of Triton do on the day they move."""
import asyncio
import pathlib
import queue
import sys
import unittest

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as aio
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


class TritonGrpcTest(unittest.TestCase):
    def setUp(self):
        self.client = grpc.InferenceServerClient(SERVER.url)
        self.addCleanup(self.client.close)
        metadata = self.client.get_model_metadata("mnist_k3")
        self.input_name = metadata.inputs[0].name
        self.output_name = metadata.outputs[0].name

    def make_input(self, images):
        tensor = grpc.InferInput(self.input_name, list(images.shape), "FP32")
        tensor.set_data_from_numpy(images)
        return tensor

    def outputs(self, **keywords):
        return [grpc.InferRequestedOutput(self.output_name, **keywords)]

    def check(self, result, images=IMAGES, expected=EXPECTED):
        np.testing.assert_allclose(result.as_numpy(self.output_name), expected[: len(images)], atol=1e-4)

    def test_health_and_metadata(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("mnist_k3"))
        self.assertFalse(self.client.is_model_ready("nothing"))
        self.assertEqual(self.client.get_server_metadata().name, "slipway")
        metadata = self.client.get_model_metadata("mnist_k3")
        self.assertEqual(list(metadata.inputs[0].shape), [-1, 28, 28, 1])
        self.assertEqual(metadata.inputs[0].datatype, "FP32")

    def test_infer(self):
        self.check(self.client.infer("mnist_k3", [self.make_input(IMAGES)], outputs=self.outputs()))
        self.check(self.client.infer("mnist_k3", [self.make_input(IMAGES[:1])]), IMAGES[:1])

    def test_infer_by_version_and_id(self):
        result = self.client.infer("mnist_k3", [self.make_input(IMAGES[:1])], model_version="1", request_id="seventeen")
        self.assertEqual(result.get_response().id, "seventeen")
        self.assertEqual(result.get_response().model_version, "1")

    def test_large_request(self):
        images = np.repeat(IMAGES[:1], 2000, axis=0)
        result = self.client.infer("mnist_k3", [self.make_input(images)])
        np.testing.assert_allclose(result.as_numpy(self.output_name), np.repeat(EXPECTED[:1], 2000, axis=0), atol=1e-4)

    def test_async_infer(self):
        done = queue.Queue()
        for i in range(16):
            self.client.async_infer("mnist_k3", [self.make_input(IMAGES[i % 8 : i % 8 + 1])], request_id=str(i),
                                    callback=lambda result, error: done.put((result, error)))
        for _ in range(16):
            result, error = done.get(timeout=60)
            self.assertIsNone(error)
            i = int(result.get_response().id) % 8
            self.check(result, IMAGES[i : i + 1], EXPECTED[i:])

    def test_compression(self):
        for coding in ("gzip", "deflate"):
            with self.subTest(coding):
                self.check(self.client.infer("mnist_k3", [self.make_input(IMAGES)], compression_algorithm=coding))

    def test_classification(self):
        result = self.client.infer("mnist_k3", [self.make_input(IMAGES[:2])], outputs=self.outputs(class_count=3))
        top = result.as_numpy(self.output_name)
        self.assertEqual(top.shape, (2, 3))
        self.assertEqual(int(top[0][0].decode().split(":")[1]), int(EXPECTED[0].argmax()))

    def test_aio_client(self):
        async def infer():
            async with aio.InferenceServerClient(SERVER.url) as client:
                self.assertTrue(await client.is_model_ready("mnist_k3"))
                results = await asyncio.gather(
                    *(client.infer("mnist_k3", [self.make_input(IMAGES[:2])]) for _ in range(8)))
                for result in results:
                    self.check(result, IMAGES[:2])

        asyncio.run(infer())

    def test_config_and_statistics(self):
        config = self.client.get_model_config("mnist_k3").config
        self.assertEqual(config.name, "mnist_k3")
        self.assertEqual(list(config.input[0].dims), [-1, 28, 28, 1])
        self.client.infer("mnist_k3", [self.make_input(IMAGES[:5])])
        statistics = self.client.get_inference_statistics("mnist_k3").model_stats[0]
        self.assertGreaterEqual(statistics.inference_count, 5)
        self.assertGreater(statistics.inference_stats.compute_infer.ns, 0)

    def test_errors_are_told(self):
        with self.assertRaisesRegex(InferenceServerException, "NOT_FOUND.*mnist_k3"):
            self.client.infer("mnist_k33", [self.make_input(IMAGES[:1])])
        with self.assertRaisesRegex(InferenceServerException, r"INVALID_ARGUMENT.*28,28,1"):
            self.client.infer("mnist_k3", [self.make_input(np.zeros((1, 27, 28, 1), np.float32))])
        with self.assertRaisesRegex(InferenceServerException, "UNIMPLEMENTED.*raw_input_contents"):
            self.client.get_system_shared_memory_status()

    def test_a_client_timeout_is_a_deadline(self):
        with self.assertRaisesRegex(InferenceServerException, "(?i)deadline"):
            self.client.infer("mnist_k3", [self.make_input(IMAGES)], client_timeout=0.000001)

    def test_repository(self):
        with self.assertRaisesRegex(InferenceServerException, "UNAUTHENTICATED"):
            self.client.unload_model("mnist_k3")
        headers = {name.lower(): value for name, value in SERVER.admin_headers().items()}
        index = self.client.get_model_repository_index(headers=headers)
        self.assertEqual([(row.name, row.state) for row in index.models], [("mnist_k3", "READY")])
        self.client.unload_model("mnist_k3", headers=headers)
        self.assertFalse(self.client.is_model_ready("mnist_k3"))
        self.client.load_model("mnist_k3", headers=headers)
        self.assertTrue(self.client.is_model_ready("mnist_k3"))


if __name__ == "__main__":
    unittest.main()
