"""The unmodified tritonclient.grpc against slipway: what users of Triton do on the day they move."""
import asyncio
import pathlib
import queue
import signal
import sys
import unittest

import numpy as np
from grpc import RpcError
from grpc import insecure_channel as grpc_channel
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

    def stream_of(self, requests):
        """The answers to requests that are all sent at once, one of which names no model."""
        done = queue.Queue()
        with grpc.InferenceServerClient(SERVER.url) as client:
            client.start_stream(callback=lambda result, error: done.put((result, error)))
            for i in range(requests):
                model = "nothing" if i == 5 else "mnist_k3"
                client.async_stream_infer(model, [self.make_input(IMAGES[i % 8 : i % 8 + 1])], request_id=str(i))
            answers = [done.get(timeout=60) for _ in range(requests)]
            client.stop_stream()
        self.assertTrue(done.empty())
        return answers

    def test_a_stream_answers_in_order_and_survives_an_error(self):
        for i, (result, error) in enumerate(self.stream_of(200)):
            if i == 5:
                self.assertRegex(str(error), "nothing")
                continue
            self.assertIsNone(error)
            self.assertEqual(result.get_response().id, str(i))
            self.assertTrue(result.get_response().parameters["triton_final_response"].bool_param)
            self.check(result, IMAGES[i % 8 : i % 8 + 1], EXPECTED[i % 8 :])

    def test_a_stream_tells_of_its_end_apart_where_that_is_asked_for(self):
        done = queue.Queue()
        self.client.start_stream(callback=lambda result, error: done.put((result, error)))
        self.client.async_stream_infer("mnist_k3", [self.make_input(IMAGES[:1])], enable_empty_final_response=True)
        finals = []
        while not finals or not finals[-1]:
            result, error = done.get(timeout=60)
            self.assertIsNone(error)
            finals.append(result.get_response().parameters["triton_final_response"].bool_param)
        self.client.stop_stream()
        self.assertEqual(finals, [False, True])

    def test_a_stream_carries_large_requests(self):
        done = queue.Queue()
        images = np.repeat(IMAGES[:1], 2000, axis=0)
        self.client.start_stream(callback=lambda result, error: done.put((result, error)), compression_algorithm="gzip")
        for _ in range(3):
            self.client.async_stream_infer("mnist_k3", [self.make_input(images)])
        for _ in range(3):
            result, error = done.get(timeout=60)
            self.assertIsNone(error)
            np.testing.assert_allclose(
                result.as_numpy(self.output_name), np.repeat(EXPECTED[:1], 2000, axis=0), atol=1e-4)
        self.client.stop_stream()

    def test_aio_stream(self):
        async def infer():
            async def requests():
                for i in range(40):
                    model = "nothing" if i == 3 else "mnist_k3"
                    yield {"model_name": model, "inputs": [self.make_input(IMAGES[:2])], "request_id": str(i)}

            answered = 0
            async with aio.InferenceServerClient(SERVER.url) as client:
                async for result, error in client.stream_infer(requests()):
                    if answered == 3:
                        self.assertRegex(str(error), "nothing")
                    else:
                        self.assertIsNone(error)
                        self.check(result, IMAGES[:2])
                    answered += 1
            self.assertEqual(answered, 40)

        asyncio.run(infer())

    # Fault C6: streams that are cancelled
    def test_a_cancelled_stream_leaves_the_server_well(self):
        for _ in range(20):
            with grpc.InferenceServerClient(SERVER.url) as client:
                client.start_stream(callback=lambda result, error: None)
                for _ in range(10):
                    client.async_stream_infer("mnist_k3", [self.make_input(IMAGES)])
                client.stop_stream(cancel_requests=True)
        self.assertTrue(self.client.is_server_ready())

    def test_health_watch(self):
        serving, not_serving = b"\x08\x01", b"\x08\x02"
        headers = {name.lower(): value for name, value in SERVER.admin_headers().items()}
        with grpc_channel(SERVER.url) as channel:
            watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"\x0a\x08mnist_k3", timeout=60)
            self.assertEqual(next(watch), serving)
            self.client.unload_model("mnist_k3", headers=headers)
            self.assertIn(next(watch), (b"\x08\x03", not_serving))
            self.client.load_model("mnist_k3", headers=headers)
            while (state := next(watch)) != serving:
                self.assertEqual(state, not_serving)
            watch.cancel()

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
            self.client.get_cuda_shared_memory_status()

    # Fault C5: a client's timeout
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


class DrainTest(unittest.TestCase):
    def test_a_stream_in_progress_is_answered_and_told(self):
        with Server(DATA / "mnist" / "mnist_k3.h5") as server, grpc_channel(server.url) as channel:
            watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=60)
            self.assertEqual(next(watch), b"\x08\x01")
            done = queue.Queue()
            client = grpc.InferenceServerClient(server.url)
            client.start_stream(callback=lambda result, error: done.put((result, error)))
            name = client.get_model_metadata("mnist_k3").inputs[0].name
            tensor = grpc.InferInput(name, list(IMAGES.shape), "FP32")
            tensor.set_data_from_numpy(IMAGES)
            client.async_stream_infer("mnist_k3", [tensor])
            self.assertIsNone(done.get(timeout=60)[1])
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(next(watch), b"\x08\x02")
            with self.assertRaisesRegex(RpcError, "shutting down"):
                next(watch)
            self.assertRegex(str(done.get(timeout=60)[1]), "shutting down")
            self.assertEqual(server.process.wait(30), 0)
            client.close()


if __name__ == "__main__":
    unittest.main()
