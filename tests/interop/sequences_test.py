"""Sequences of requests, as users of Triton send them, to a model that adds up."""
import json
import pathlib
import queue
import sys
import time
import unittest

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

FLAGS = {"START": "CONTROL_SEQUENCE_START", "READY": "CONTROL_SEQUENCE_READY", "END": "CONTROL_SEQUENCE_END"}


def configuration(**strategy):
    controls = [{"name": name, "control": [{"kind": kind, "fp32_false_true": [0, 1]}]} for name, kind in FLAGS.items()]
    controls.append({"name": "ID", "control": [{"kind": "CONTROL_SEQUENCE_CORRID", "data_type": "TYPE_UINT64"}]})
    return {"max_batch_size": 8,
            "sequence_batching": {"control_input": controls, "max_sequence_idle_microseconds": 60_000_000,
                                  "state": [{"input_name": "TOTAL_IN", "output_name": "TOTAL_OUT", "data_type": "TYPE_FP32", "dims": [1]}],
                                  **strategy}}


def setUpModule():
    global SERVER
    SERVER = Server(DATA / "sequence" / "adder.onnx").__enter__()


def tearDownModule():
    SERVER.__exit__()


class SequencesTest(unittest.TestCase):
    def setUp(self):
        self.client = http.InferenceServerClient(SERVER.url, concurrency=8)
        self.rpc = grpc.InferenceServerClient(SERVER.url)
        self.addCleanup(self.client.close)
        self.addCleanup(self.rpc.close)
        self.load(configuration(direct={}))

    def load(self, config):
        self.client.load_model("adder", headers=SERVER.admin_headers(), config=json.dumps(config))

    def send(self, number, kind=http, **keywords):
        tensor = kind.InferInput("INPUT", [1, 1], "FP32")
        tensor.set_data_from_numpy(np.array([[number]], np.float32))
        return (self.client if kind is http else self.rpc).infer("adder", [tensor], **keywords)

    def total(self, number, kind=http, **keywords):
        return float(self.send(number, kind, **keywords).as_numpy("OUTPUT")[0][0])

    def test_clients_see_what_is_theirs(self):
        metadata = self.client.get_model_metadata("adder")
        self.assertEqual([each["name"] for each in metadata["inputs"]], ["INPUT"])
        self.assertEqual([each["name"] for each in metadata["outputs"]], ["OUTPUT", "MARKS", "WHOSE"])
        self.assertEqual([each.name for each in self.rpc.get_model_metadata("adder").inputs], ["INPUT"])
        config = self.client.get_model_config("adder")
        self.assertEqual(len(config["sequence_batching"]["control_input"]), 4)
        self.assertIn("direct", config["sequence_batching"])
        self.assertEqual(self.rpc.get_model_config("adder").config.sequence_batching.state[0].output_name, "TOTAL_OUT")

    def test_a_sequence_adds_up_over_either_protocol(self):
        for sequence, kind in ((17, http), (18, grpc)):
            first = self.send(1, kind, sequence_id=sequence, sequence_start=True)
            self.assertEqual(first.as_numpy("MARKS").tolist(), [[1, 1, 0]])
            self.assertEqual(int(first.as_numpy("WHOSE")[0][0]), sequence)
            self.assertEqual(self.total(2, kind, sequence_id=sequence), 3)
            last = self.send(4, kind, sequence_id=sequence, sequence_end=True)
            self.assertEqual(float(last.as_numpy("OUTPUT")[0][0]), 7)
            self.assertEqual(last.as_numpy("MARKS").tolist(), [[0, 1, 1]])
            with self.assertRaisesRegex(InferenceServerException, "must specify sequence_start"):
                self.send(1, kind, sequence_id=sequence)

    def test_many_sequences_at_one_time_do_not_mix(self):
        totals = {sequence: 0 for sequence in range(1, 41)}
        for step in range(10):
            pending = {}
            for sequence in totals:
                tensor = http.InferInput("INPUT", [1, 1], "FP32")
                tensor.set_data_from_numpy(np.array([[sequence * 100 + step]], np.float32))
                pending[sequence] = self.client.async_infer("adder", [tensor], sequence_id=sequence, sequence_start=step == 0, sequence_end=step == 9)
            for sequence, request in pending.items():
                totals[sequence] += sequence * 100 + step
                result = request.get_result()
                self.assertEqual(float(result.as_numpy("OUTPUT")[0][0]), totals[sequence])
                self.assertEqual(int(result.as_numpy("WHOSE")[0][0]), sequence)

    def test_a_stream_sends_ahead(self):
        answers = queue.Queue()
        with grpc.InferenceServerClient(SERVER.url) as client:
            client.start_stream(lambda result, error: answers.put((result, error)))
            for step in range(1, 21):
                tensor = grpc.InferInput("INPUT", [1, 1], "FP32")
                tensor.set_data_from_numpy(np.array([[step]], np.float32))
                client.async_stream_infer("adder", [tensor], request_id=str(step), sequence_id=99, sequence_start=step == 1, sequence_end=step == 20)
            totals = []
            for _ in range(20):
                result, error = answers.get(timeout=60)
                self.assertIsNone(error)
                totals.append(float(result.as_numpy("OUTPUT")[0][0]))
        self.assertEqual(totals, [step * (step + 1) / 2 for step in range(1, 21)])

    def test_a_text_names_a_sequence_of_a_model_without_its_number(self):
        config = configuration(direct={})
        config["sequence_batching"]["control_input"].pop()
        with self.assertRaisesRegex(InferenceServerException, "named by a text"):
            self.send(1, sequence_id="tea", sequence_start=True)
        self.load(config)
        names = [each["name"] for each in self.client.get_model_metadata("adder")["inputs"]]
        self.assertEqual(names, ["INPUT", "ID"])  # which is no control any more
        for kind in (http, grpc):
            inputs = [kind.InferInput("INPUT", [1, 1], "FP32"), kind.InferInput("ID", [1, 1], "UINT64")]
            inputs[0].set_data_from_numpy(np.array([[5]], np.float32))
            inputs[1].set_data_from_numpy(np.array([[1]], np.uint64))
            client = self.client if kind is http else self.rpc
            client.infer("adder", inputs, sequence_id="tea", sequence_start=True)
            result = client.infer("adder", inputs, sequence_id="tea", sequence_end=True)
            self.assertEqual(float(result.as_numpy("OUTPUT")[0][0]), 10)

    def test_more_candidates_than_configured_are_refused(self):
        self.load(configuration(oldest={"max_candidate_sequences": 2}))
        for sequence in (1, 2):
            self.total(1, sequence_id=sequence, sequence_start=True)
        with self.assertRaisesRegex(InferenceServerException, "2 sequences of model \"adder\" go on already"):
            self.send(1, sequence_id=3, sequence_start=True)
        self.total(1, sequence_id=1, sequence_end=True)
        self.assertEqual(self.total(1, sequence_id=3, sequence_start=True), 1)

    def test_an_idle_sequence_ends(self):
        config = configuration(direct={})
        config["sequence_batching"]["max_sequence_idle_microseconds"] = 1000
        self.load(config)
        self.total(1, sequence_id=5, sequence_start=True)
        time.sleep(0.05)
        with self.assertRaisesRegex(InferenceServerException, "sequence 5 of model \"adder\" is not known"):
            self.send(1, sequence_id=5)

    def test_what_is_wrong_is_told(self):
        with self.assertRaisesRegex(InferenceServerException, "must have a sequence_id"):
            self.send(1)
        tensor = http.InferInput("INPUT", [2, 1], "FP32")
        tensor.set_data_from_numpy(np.zeros((2, 1), np.float32))
        with self.assertRaisesRegex(InferenceServerException, "has one row"):
            self.client.infer("adder", [tensor], sequence_id=6, sequence_start=True)
        config = configuration(direct={})
        config["sequence_batching"]["state"][0]["output_name"] = "TOTAL"
        with self.assertRaisesRegex(InferenceServerException, "the model has no output \"TOTAL\""):
            self.load(config)


if __name__ == "__main__":
    unittest.main()
