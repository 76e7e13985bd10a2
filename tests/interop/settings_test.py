"""Triton's log and trace settings by the unmodified tritonclient: they change what is logged and what is traced."""
import pathlib
import sys
import tempfile
import time
import unittest

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cli"))
from collector import Collector
from slipway_server import DATA, Server

MODEL = "mnist_k3"


class SettingsTest(unittest.TestCase):
    """Over HTTP; GrpcSettingsTest does the same over gRPC."""

    def setUp(self):
        self.collector = Collector(self)
        folder = tempfile.TemporaryDirectory(prefix="slipway-test-")
        self.addCleanup(folder.cleanup)
        self.access_log = pathlib.Path(folder.name) / "access.log"
        self.inferences = 0
        self.server = Server(DATA / "mnist" / f"{MODEL}.h5", flags=["--otlp-endpoint", self.collector.url, "--trace-sample", "0",
                                                                    "--access-log", self.access_log])
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.key = self.server.admin_headers()
        self.inferring = http.InferenceServerClient(self.server.url)
        self.addCleanup(self.inferring.close)
        (self.tensor,) = self.inferring.get_model_metadata(MODEL)["inputs"]
        self.connect()
        self.addCleanup(self.client.close)

    def connect(self):
        self.client = http.InferenceServerClient(self.server.url)

    def settings(self, answer):
        """{name: value}; a list of one as what is in it."""
        return {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in answer.items()}

    def change_traces(self, model=None, **settings):
        return self.settings(self.client.update_trace_settings(model, settings, headers=self.key))

    def change_log(self, **settings):
        return self.settings(self.client.update_log_settings(settings, headers=self.key))

    def infer(self):
        image = http.InferInput(self.tensor["name"], [1, 28, 28, 1], "FP32")
        image.set_data_from_numpy(np.zeros((1, 28, 28, 1), np.float32))
        self.inferring.infer(MODEL, [image])
        self.inferences += 1
        # Whether it is traced is decided when it is recorded.
        self.until(lambda: self.access_log.read_text().count('"route":"infer"') == self.inferences)

    def until(self, condition):
        for _ in range(600):
            if condition():
                return
            time.sleep(0.05)
        self.fail(self.access_log.read_text())

    def traced(self, count):
        """That so many inferences were exported, once they have been."""
        spans = lambda: sum(span["name"] == "v2 infer" for span in self.collector.spans)
        self.until(lambda: spans() >= count)
        return spans()

    def test_trace_settings_change_what_is_exported(self):
        at_first = self.settings(self.client.get_trace_settings(headers=self.key))
        self.assertEqual(at_first, {"trace_file": "", "trace_level": "TIMESTAMPS", "trace_rate": "0", "trace_count": "-1",
                                    "log_frequency": "0", "trace_mode": "opentelemetry"})
        self.infer()
        self.assertEqual(self.change_traces(trace_rate="1", trace_count="2")["trace_count"], "2")
        for _ in range(4):
            self.infer()
        self.assertEqual(self.traced(2), 2)
        self.assertEqual(self.settings(self.client.get_trace_settings(headers=self.key))["trace_count"], "0")
        self.change_traces(trace_level=["OFF"], trace_count=None)
        self.infer()
        self.assertEqual(self.change_traces(MODEL, trace_level=["TIMESTAMPS"], trace_rate="1")["trace_count"], "-1")
        self.infer()
        self.assertEqual(self.traced(3), 3)
        cleared = self.change_traces(MODEL, trace_level=None, trace_rate=None)
        self.assertEqual((cleared["trace_level"], cleared["trace_rate"]), ("OFF", "1"))

    def test_log_settings_change_what_is_logged(self):
        self.assertEqual(self.settings(self.client.get_log_settings(headers=self.key)),
                         {"log_file": "", "log_info": False, "log_warning": True, "log_error": True, "log_verbose_level": 0,
                          "log_format": "default"})
        changed = self.change_log(log_info=True, log_verbose_level=1, log_file=None)
        self.assertEqual((changed["log_info"], changed["log_verbose_level"]), (True, 1))
        self.client.unload_model(MODEL, headers=self.key)
        log = pathlib.Path(self.server.log.name)
        self.until(lambda: f"{MODEL}:1 is unloaded" in log.read_text())
        self.change_log(log_info=False)
        self.client.load_model(MODEL, headers=self.key)
        self.assertNotIn("is ready", log.read_text())

    def test_what_is_not_done_is_refused(self):
        for refused in ({"log_file": "/tmp/log"}, {"log_format": "glog"}):
            with self.assertRaises(InferenceServerException):
                self.change_log(**refused)
        for refused in ({"trace_file": "/tmp/trace"}, {"trace_level": ["TENSORS"]}, {"trace_rate": "often"}):
            with self.assertRaises(InferenceServerException):
                self.change_traces(**refused)
        with self.assertRaisesRegex(InferenceServerException, "nothing"):
            self.change_traces("nothing", trace_rate="1")
        with self.assertRaises(InferenceServerException):
            self.client.update_log_settings({"log_info": True})


class GrpcSettingsTest(SettingsTest):
    def connect(self):
        self.client = grpc.InferenceServerClient(self.server.url)
        self.key = {name.lower(): value for name, value in self.key.items()}

    def settings(self, answer):
        found = {}
        for name, value in answer.settings.items():
            kind = value.WhichOneof("parameter_choice") if hasattr(value, "bool_param") else None
            found[name] = getattr(value, kind) if kind else value.value[0]
        return found


if __name__ == "__main__":
    unittest.main()
