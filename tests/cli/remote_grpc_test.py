"""Ensembles with a step on a gRPC server that is not ours: gRPC's own library, with the service as Triton's client defines it."""
import concurrent.futures
import threading
import unittest

import grpc
import numpy as np
import tritonclient.grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from program import ProgramTest, Server

CONFIG = """
    platform: "ensemble" max_batch_size: 0
    input { name: "X" data_type: TYPE_FP32 dims: [ -1 ] } input { name: "WORDS" data_type: TYPE_STRING dims: [ 2 ] }
    output { name: "Y" data_type: TYPE_FP32 dims: [ -1 ] } output { name: "SAID" data_type: TYPE_STRING dims: [ 2 ] }
    ensemble_scheduling { step [
      { model_name: "twice" model_version: 3 model_namespace: "far"
        input_map [ { key: "x" value: "X" }, { key: "words" value: "WORDS" } ]
        output_map [ { key: "y" value: "Y" }, { key: "said" value: "SAID" } ] } ] }"""
WORDS = np.array([b"one", "zw\u00f6lf".encode()], object)


class Twice(service_pb2_grpc.GRPCInferenceServiceServicer):
    """A model that doubles numbers and says words again; `refuse` are the codes that it aborts with first."""

    def __init__(self):
        self.refuse = []
        self.seen = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def ModelInfer(self, request, context):
        self.seen.append((request, dict(context.invocation_metadata()), context.time_remaining()))
        if self.refuse:
            context.abort(self.refuse.pop(0), "because 50% of it is wrong\n")
        self.may_answer.wait(60)
        given = {tensor.name: raw for tensor, raw in zip(request.inputs, request.raw_input_contents)}
        values = np.frombuffer(given["x"], "float32") * 2
        answer = service_pb2.ModelInferResponse(model_name="twice", model_version="3")
        # In an order of its own, with one that nobody asked for.
        for name, datatype, shape, data in (("said", "BYTES", [2], given["words"]), ("extra", "INT8", [1], b"x"),
                                            ("y", "FP32", [values.size], values.tobytes())):
            answer.outputs.add(name=name, datatype=datatype, shape=shape)
            answer.raw_output_contents.append(data)
        return answer


class RemoteGrpcTest(ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "here" / "doubler" / "1").mkdir(parents=True)
        (self.folder / "here" / "doubler" / "config.pbtxt").write_text(CONFIG)
        self.model = Twice()
        self.addCleanup(self.model.may_answer.set)
        self.far, self.port = self.start_far("127.0.0.1:0")

    def start_far(self, address):
        far = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(self.model, far)
        port = far.add_insecure_port(address)
        far.start()
        self.addCleanup(lambda: far.stop(None).wait())
        return far, port

    def serve(self, *flags):
        server = Server(self, "here", "--remote", f"far=grpc://127.0.0.1:{self.port}", *flags)
        return tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{server.port}")

    def ask(self, client, values, timeout=60):
        x = tritonclient.grpc.InferInput("X", [values.size], "FP32")
        x.set_data_from_numpy(values)
        words = tritonclient.grpc.InferInput("WORDS", [2], "BYTES")
        words.set_data_from_numpy(WORDS)
        return client.infer("doubler", [x, words], client_timeout=timeout)

    def refusal(self, client, timeout=60):
        with self.assertRaises(InferenceServerException) as refused:
            self.ask(client, np.ones(1, "float32"), timeout)
        return refused.exception.status(), refused.exception.message()

    def test_tensors_go_there_and_back(self):
        (self.folder / "key").write_text("secret\n")
        client = self.serve("--remote-key", "far=key")
        for count in (1, 3_000_000, 0, 2):
            values = np.arange(count, dtype="float32")
            answer = self.ask(client, values)
            np.testing.assert_array_equal(answer.as_numpy("Y"), values * 2)
            self.assertEqual(answer.as_numpy("SAID").tolist(), WORDS.tolist())
        request, metadata, left = self.model.seen[0]
        self.assertEqual((request.model_name, request.model_version), ("twice", "3"))
        self.assertCountEqual([output.name for output in request.outputs], ["y", "said"])
        self.assertEqual(metadata["authorization"], "Bearer secret")
        self.assertLessEqual(left, 10)
        self.assertEqual(len(self.model.seen), 4)

    def test_a_refusal_is_told_as_it_is_meant(self):
        client = self.serve()
        for code, status in ((grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"), (grpc.StatusCode.NOT_FOUND, "INTERNAL"),
                             (grpc.StatusCode.RESOURCE_EXHAUSTED, "UNAVAILABLE"), (grpc.StatusCode.UNAUTHENTICATED, "INTERNAL")):
            self.model.refuse = [code]
            said, message = self.refusal(client)
            self.assertEqual(said, f"StatusCode.{status}", message)
            self.assertIn('step 0 (model "twice" on "far")', message)
            self.assertIn("because 50% of it is wrong", message)
        self.assertEqual(len(self.model.seen), 4)
        self.model.refuse = [grpc.StatusCode.UNAVAILABLE] * 2
        self.ask(client, np.ones(1, "float32"))
        self.assertEqual(len(self.model.seen), 7)

    def test_a_deadline_holds_and_is_sent_along(self):
        client = self.serve("--remote-timeout", "0.5")
        self.model.may_answer.clear()
        said, message = self.refusal(client)
        self.assertEqual(said, "StatusCode.DEADLINE_EXCEEDED")
        self.assertIn('"twice" on "far"', message)
        self.assertLessEqual(self.model.seen[0][2], 0.5)
        self.model.may_answer.set()
        self.ask(client, np.ones(1, "float32"))

    def test_a_server_that_is_started_anew_is_asked_again(self):
        client = self.serve()
        self.ask(client, np.ones(1, "float32"))
        self.far.stop(None).wait()
        self.assertEqual(self.refusal(client)[0], "StatusCode.UNAVAILABLE")
        self.start_far(f"127.0.0.1:{self.port}")
        self.ask(client, np.ones(1, "float32"))


if __name__ == "__main__":
    unittest.main()
