"""Ensembles with a step on another server: a second `slipway serve`, and others that stop, are slow, or talk nonsense."""
import json
import pathlib
import shutil
import signal
import socket
import ssl
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

import numpy as np

from collector import Collector
from program import DATA, ProgramTest, Server

sys.path.insert(0, str(DATA))
sys.path.insert(0, str(DATA.parent / "interop"))
from certificates import Authority
from onnx_file import FLOAT, constant, model, node, tensor

GOLDEN = np.load(DATA / "mnist" / "mnist.npz")
PIXELS = GOLDEN["in_0"][:2].astype("float32") * 255
EXPECTED = GOLDEN["out_0"][:2]
CONFIG = """
    platform: "ensemble" max_batch_size: 8
    input { name: "PIXELS" data_type: TYPE_FP32 dims: [ 28, 28, 1 ] }
    output { name: "DIGIT" data_type: TYPE_FP32 dims: 10 }
    ensemble_scheduling { step [
      { model_name: "scale" model_version: -1
        input_map { key: "pixels" value: "PIXELS" } output_map { key: "image" value: "scaled" } },
      { model_name: "digits" model_version: -1 model_namespace: "far"
        input_map { key: "image" value: "scaled" } output_map { key: "dense" value: "DIGIT" } } ] }"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
STEP = 'step 1 (model "digits" on "far")'


class Listener:
    """A server of one idea: what it does with each connection."""

    def __init__(self, test, each):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.accept, args=[each], daemon=True).start()
        test.addCleanup(self.socket.close)

    def accept(self, each):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.kept.append(connection)
            each(connection)


class RemoteStepsTest(ProgramTest):
    scheme = "http"

    def setUp(self):
        super().setUp()
        here = self.folder / "here"
        for name in ("scale/1", "reader/1"):
            (here / name).mkdir(parents=True)
        factor = np.array([1 / 255], "float32")
        (here / "scale/1/model.onnx").write_bytes(
            model("remote_steps_test.py", [node("Mul", ["pixels", "factor"], "image")], [tensor("pixels", FLOAT, 28, 28, 1)],
                  [tensor("image", FLOAT, 28, 28, 1)], [constant("factor", FLOAT, [1], factor.tobytes())]))
        (here / "reader/config.pbtxt").write_text(CONFIG)
        far = self.folder / "far" / "digits" / "1"
        far.mkdir(parents=True)
        shutil.copy(DATA / "mnist" / "mnist_k3.h5", far / "model.h5")

    def serve(self, port, *flags):
        return Server(self, "here", "--remote", f"far={self.scheme}://127.0.0.1:{port}", *flags)

    def ask(self, server, name="reader", headers=None):
        """Status and answer."""
        tensor_name = "PIXELS" if name == "reader" else "pixels"
        body = {"inputs": [{"name": tensor_name, "shape": [2, 28, 28, 1], "datatype": "FP32", "data": PIXELS.ravel().tolist()}]}
        request = urllib.request.Request(f"{server.url}/v2/models/{name}/infer", data=json.dumps(body).encode(), headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def index(self, server):
        key = (self.folder / "store" / "admin.key").read_text().strip()
        request = urllib.request.Request(server.url + "/v2/repository/index", data=b"", headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return {row["name"]: (row["state"], row["reason"]) for row in json.load(answer)}

    def test_a_step_runs_on_another_server(self):
        far = Server(self, "far")
        server = self.serve(far.port)
        status, answer = self.ask(server)
        self.assertEqual(status, 200, answer)
        np.testing.assert_allclose(np.reshape(answer["outputs"][0]["data"], (2, 10)), EXPECTED, atol=1e-4)
        self.assertEqual(json.loads(far.get("/v2/models/digits/stats"))["model_stats"][0]["inference_count"], 2)
        step = json.loads(server.get("/v2/models/reader/config"))["ensemble_scheduling"]["step"][1]
        self.assertEqual(step["model_namespace"], "far")
        self.assertEqual(server.metric('slipway_remote_requests_total{server="far",outcome="ok"}'), 1)
        limits = json.loads(server.get("/v2/config"))["limits"]
        self.assertEqual((limits["remote_connections"]["value"], limits["remote_timeout"]["value"]), (16, 10000))

    def spans_of_requests(self, collector, count):
        """{parent: id} of the spans of `count` requests of the trace, once they have come."""
        for _ in range(600):
            spans = [span for span in collector.spans if span["kind"] == 2 and span["traceId"] == TRACE]
            if len(spans) >= count:
                return {span["parentSpanId"]: span["spanId"] for span in spans}
            time.sleep(0.05)
        self.fail(f"{collector.spans}")

    def test_a_step_on_another_server_is_of_its_requests_trace(self):
        collector = Collector(self)
        far = Server(self, "far", "--otlp-endpoint", collector.url, "--trace-sample", "0")
        server = self.serve(far.port, "--otlp-endpoint", collector.url, "--trace-sample", "0")
        caller = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
        self.assertEqual(self.ask(server, headers=caller)[0], 200)
        spans = self.spans_of_requests(collector, 2)
        self.assertEqual(set(spans), {SPAN, spans[SPAN]})
        server.stop()
        collector.spans.clear()
        server = self.serve(far.port)  # exports nothing, and hands on what it was told
        self.assertEqual(self.ask(server, headers=caller)[0], 200)
        self.assertEqual(set(self.spans_of_requests(collector, 1)), {SPAN})

    def test_a_server_that_nobody_named_is_not_asked(self):
        server = Server(self, "here")
        state, reason = self.index(server)["reader"]
        self.assertEqual(state, "UNAVAILABLE")
        self.assertIn('no server is called "far" here', reason)
        self.assertIn("--remote", reason)
        self.assertEqual(self.ask(server, "scale")[0], 200)
        for text in ("far", "far=", f"={self.scheme}://127.0.0.1:1", f"far={self.scheme}://127.0.0.1:1/v2", f"a b={self.scheme}://127.0.0.1:1"):
            self.fails("serve", "here", "--remote", text, code=2)
        self.assertIn("--insecure", self.fails("serve", "here", "--remote", f"far={self.scheme}://192.0.2.1:80", code=11))

    def test_a_server_that_stops_is_told_and_asked_again_when_it_is_back(self):
        far = Server(self, "far")
        server = self.serve(far.port)
        self.assertEqual(self.ask(server)[0], 200)
        far.stop(signal.SIGKILL)
        for _ in range(3):
            status, answer = self.ask(server)
            self.assertEqual(status, 503)
            self.assertIn(STEP, answer["error"])
            self.assertNotIn("127.0.0.1", answer["error"])
        self.assertEqual(server.metric('slipway_remote_circuit{server="far"}'), 1)
        self.assertIn(STEP, self.index(server)["reader"][1])
        self.assertEqual(self.ask(server, "scale")[0], 200)
        Server(self, "far", port=far.port)
        deadline = time.monotonic() + 60
        while (status := self.ask(server)[0]) != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(status, 200)
        self.assertEqual(server.metric('slipway_remote_circuit{server="far"}'), 0)
        self.assertEqual(self.index(server)["reader"], ("READY", ""))

    def test_a_server_that_is_slow_holds_nobody_beyond_the_deadline(self):
        slow = Listener(self, lambda connection: None)
        server = self.serve(slow.port)
        waiting = threading.Thread(target=self.ask, args=[server])
        waiting.start()
        began = time.monotonic()
        status, answer = self.ask(server, headers={"Slipway-Timeout": "300m"})
        self.assertEqual(status, 504)
        self.assertIn(STEP, answer["error"])
        self.assertEqual(self.ask(server, "scale")[0], 200)
        self.assertLess(time.monotonic() - began, 8)
        self.assertEqual(server.stop(), 0)
        waiting.join()

    def test_a_server_that_answers_nonsense_is_told_as_such(self):
        for text in (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"):
            odd = Listener(self, lambda connection: (connection.recv(1 << 20), connection.sendall(text), connection.close()))
            server = self.serve(odd.port)
            status, answer = self.ask(server)
            self.assertEqual(status, 502, answer)
            self.assertIn(STEP, answer["error"])

    def test_a_server_is_asked_through_tls(self):
        authority = Authority(self.folder, "authority")
        certificate, key = authority.issue("far")
        far = Server(self, "far", "--tls-cert", certificate, "--tls-key", key, tls=ssl.create_default_context(cafile=str(authority.file)))
        remote = f"far={self.scheme}s://127.0.0.1:{far.port}"
        trusting = Server(self, "here", "--remote", remote, "--ca", authority.file)
        status, answer = self.ask(trusting)
        self.assertEqual(status, 200, answer)
        self.assertIn(f"far at {self.scheme}s://127.0.0.1:{far.port}", trusting.get("/v2/config"))
        status, answer = self.ask(Server(self, "here", "--remote", remote))
        self.assertEqual(status, 502)
        self.assertIn("not trusted", answer["error"])

    def test_a_key_is_shown_where_one_is_asked_for(self):
        far = Server(self, "far", "--require-key")
        (self.folder / "key").write_text((self.folder / "store" / "admin.key").read_text())
        self.assertEqual(self.ask(self.serve(far.port))[0], 502)
        self.assertEqual(self.ask(self.serve(far.port, "--remote-key", "far=key"))[0], 200)


class GrpcRemoteStepsTest(RemoteStepsTest):
    """The same over gRPC."""
    scheme = "grpc"


if __name__ == "__main__":
    unittest.main()
