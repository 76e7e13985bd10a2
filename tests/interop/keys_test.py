"""API keys as the unmodified clients of Triton send them, and the command line that makes them."""
import base64
import json
import pathlib
import queue
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, SLIPWAY, Server


def setUpModule():
    global SERVER
    SERVER = Server(DATA / "mnist" / "mnist_k3.h5", flags=["--require-key"]).__enter__()


def tearDownModule():
    SERVER.__exit__()


def slipway(*words, stdin=None):
    done = subprocess.run([SLIPWAY, *words], env=SERVER.environment(), input=stdin, capture_output=True, text=True, check=True)
    return done.stdout


def grant(*words):
    return slipway("grant", *words).strip()


def headers(key):
    return {"authorization": f"Bearer {key}"}


def status(path, key=None):
    request = urllib.request.Request(f"http://{SERVER.url}{path}", headers={"Slipway-Key": key} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


class KeysTest(unittest.TestCase):
    def infer(self, module, key, given=None):
        with module.InferenceServerClient(SERVER.url) as client:
            given = headers(key) if key else given
            metadata = client.get_model_metadata("mnist_k3", headers=given)
            name = metadata["inputs"][0]["name"] if module is tritonclient.http else metadata.inputs[0].name
            tensor = module.InferInput(name, [1, 28, 28, 1], "FP32")
            tensor.set_data_from_numpy(np.zeros((1, 28, 28, 1), np.float32))
            return client.infer("mnist_k3", [tensor], headers=given)

    def test_clients_of_both_protocols_need_a_key(self):
        key = grant("shop")
        for module in (tritonclient.http, tritonclient.grpc):
            with self.subTest(module.__name__):
                self.assertIsNotNone(self.infer(module, key))
                with self.assertRaisesRegex(InferenceServerException, "needs a key"):
                    self.infer(module, None)
                with self.assertRaisesRegex(InferenceServerException, "not one of this server"):
                    self.infer(module, key[:-1] + ("0" if key[-1] != "0" else "1"))

    def test_a_key_is_good_for_its_role(self):
        reader = grant("prometheus", "--role", "read")
        self.assertEqual(status("/metrics", reader), 200)
        for module in (tritonclient.http, tritonclient.grpc):
            with self.subTest(module.__name__), self.assertRaisesRegex(InferenceServerException, "is for read"):
                self.infer(module, reader)

    def test_a_login_does_what_a_key_does(self):
        slipway("grant", "ann", "--password", stdin="correct horse battery\n")
        def login(password):
            return {"authorization": "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()}
        for module in (tritonclient.grpc, tritonclient.http):
            with self.subTest(module.__name__):
                self.assertIsNotNone(self.infer(module, None, login("correct horse battery")))
                with self.assertRaisesRegex(InferenceServerException, "user or the password is wrong"):
                    self.infer(module, None, login("wrong horse battery"))

    def test_a_login_opens_a_stream_with_what_it_sends_at_once(self):
        slipway("grant", "streamer", "--password", stdin="correct horse battery\n")
        login = base64.b64encode(b"streamer:correct horse battery").decode()
        answers = queue.Queue()
        tensor = tritonclient.grpc.InferInput("x", [1, 28, 28, 1], "FP32")
        with tritonclient.grpc.InferenceServerClient(SERVER.url) as client:
            client.start_stream(lambda result, error: answers.put((result, error)), headers={"authorization": "Basic " + login})
            tensor.set_data_from_numpy(np.zeros((1, 28, 28, 1), np.float32))
            client.async_stream_infer("nothing", [tensor])
            self.assertIn("nothing", str(answers.get(timeout=30)[1]))
            client.stop_stream()

    # Fault D3: said to clients of both protocols
    def test_a_quota_that_is_used_up_is_said(self):
        key = grant("seldom", "--rate", "2/h", "--burst", "1", "--role", "admin")
        self.assertEqual(status("/v2", key), 200)
        for module in (tritonclient.http, tritonclient.grpc):
            with self.subTest(module.__name__), self.assertRaisesRegex(InferenceServerException, "quota of seldom"):
                self.infer(module, key)
        text = slipway("keys", "--format", "json")
        (listed,) = [item for item in json.loads(text)["items"] if item["name"] == "seldom"]
        self.assertEqual(listed["quota"], "2/h, 1 at once")

    def test_health_needs_none(self):
        self.assertEqual(status("/v2/health/ready"), 200)
        self.assertEqual(status("/v2"), 401)
        with tritonclient.grpc.InferenceServerClient(SERVER.url) as client:
            self.assertTrue(client.is_server_ready())

    def test_a_key_that_was_taken_back_ends_within_seconds(self):
        key = grant("short-lived")
        self.assertEqual(status("/v2", key), 200)
        slipway("revoke", "short-lived")
        deadline = time.monotonic() + 30
        while status("/v2", key) == 200 and time.monotonic() < deadline:
            pass
        self.assertEqual(status("/v2", key), 401)

    def test_keys_are_listed_without_their_text(self):
        key = grant("listed", "--days", "7")
        text = slipway("keys", "--format", "json")
        self.assertNotIn(key, text)
        listed = [item for item in json.loads(text)["items"] if item["name"] == "listed"]
        self.assertEqual(listed[0]["roles"], ["infer"])


if __name__ == "__main__":
    unittest.main()
