"""Batching and priorities by a model's configuration, as users of Triton set and use them."""
import json
import pathlib
import sys
import unittest
import urllib.request

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

GOLDEN = np.load(DATA / "mnist" / "mnist.npz")
IMAGES = GOLDEN["in_0"].astype(np.float32)
EXPECTED = GOLDEN["out_0"]
PATIENT = {"max_batch_size": 4, "dynamic_batching": {"max_queue_delay_microseconds": 10_000_000, "preferred_batch_size": [3]}}
LEVELS = {"dynamic_batching": {"priority_levels": 2, "default_priority_level": 2}}


def setUpModule():
    global SERVER
    SERVER = Server(DATA / "mnist" / "mnist_k3.h5", flags=["--response-cache", 1 << 20]).__enter__()


def tearDownModule():
    SERVER.__exit__()


class SchedulingTest(unittest.TestCase):
    def setUp(self):
        self.client = http.InferenceServerClient(SERVER.url, concurrency=8)
        self.addCleanup(self.client.close)
        self.name = self.client.get_model_metadata("mnist_k3")["inputs"][0]["name"]

    def load(self, config):
        self.client.load_model("mnist_k3", headers=SERVER.admin_headers(), config=json.dumps(config))

    def image(self, index, kind=http):
        tensor = kind.InferInput(self.name, [1, 28, 28, 1], "FP32")
        tensor.set_data_from_numpy(IMAGES[index : index + 1])
        return [tensor]

    def test_a_configured_batch_waits_for_its_company(self):
        self.load(PATIENT)
        self.assertEqual(self.client.get_model_config("mnist_k3")["dynamic_batching"]["preferred_batch_size"], [3])
        pending = [self.client.async_infer("mnist_k3", self.image(i), query_params={"explain": 1}) for i in range(3)]
        for i, request in enumerate(pending):
            result = request.get_result()
            explanation = result.get_response()["parameters"]
            self.assertEqual((explanation["batch_rows"], explanation["batch_end"]), (3, "preferred"))
            output = result.get_response()["outputs"][0]["name"]
            np.testing.assert_allclose(result.as_numpy(output), EXPECTED[i : i + 1], atol=1e-4)

    def test_a_priority_is_obeyed_by_either_protocol(self):
        self.load(LEVELS)
        result = self.client.infer("mnist_k3", self.image(0), priority=1, query_params={"explain": 1})
        self.assertEqual(result.get_response()["parameters"]["priority"], 1)
        with grpc.InferenceServerClient(SERVER.url) as client:
            output = client.get_model_metadata("mnist_k3").outputs[0].name
            self.assertEqual(client.get_model_config("mnist_k3").config.dynamic_batching.priority_levels, 2)
            answer = client.infer("mnist_k3", self.image(1, grpc), priority=1, timeout=5_000_000)
            np.testing.assert_allclose(answer.as_numpy(output), EXPECTED[1:2], atol=1e-4)

    def test_the_same_question_is_answered_from_the_cache(self):
        self.load({"response_cache": {"enable": True}})
        self.assertEqual(self.client.get_model_config("mnist_k3")["response_cache"], {"enable": True})
        results = [self.client.infer("mnist_k3", self.image(i), query_params={"explain": 1}).get_response() for i in (0, 1, 0)]
        self.assertEqual([result["parameters"]["cached"] for result in results], [False, False, True])
        with grpc.InferenceServerClient(SERVER.url) as client:
            output = client.get_model_metadata("mnist_k3").outputs[0].name
            answer = client.infer("mnist_k3", self.image(1, grpc))
            np.testing.assert_allclose(answer.as_numpy(output), EXPECTED[1:2], atol=1e-4)
            counted = client.get_inference_statistics("mnist_k3").model_stats[0]
        self.assertEqual((counted.inference_stats.cache_hit.count, counted.inference_stats.cache_miss.count), (2, 2))
        self.assertEqual((counted.inference_count, counted.inference_stats.success.count), (2, 4))
        metrics = urllib.request.urlopen(f"http://{SERVER.url}/metrics", timeout=30).read().decode()
        self.assertIn('slipway_cache_hits_total{model="mnist_k3",version="1"} 2', metrics)

    def test_a_configuration_that_is_wrong_changes_nothing(self):
        self.load(PATIENT)
        for config, text in (({"dynamic_batching": {"preferred_batch_size": [9]}, "max_batch_size": 4}, "preferred_batch_size 9"),
                             ({"instance_group": [{"count": 2}]}, "instance_group")):
            with self.assertRaisesRegex(InferenceServerException, text):
                self.load(config)
        self.assertEqual(self.client.get_model_config("mnist_k3")["max_batch_size"], 4)


if __name__ == "__main__":
    unittest.main()
