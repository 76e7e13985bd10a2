"""The verbs that talk to a running server, and those that take the URL of a served model."""
import json
import pathlib
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from program import DATA, ProgramTest, Server, free_port

BINARY = DATA / "tutorials" / "mlp_binary.keras"
BINARY_SET = DATA / "tutorials" / "mlp_binary.npz"
IRIS = DATA / "nets" / "iris.keras"


class ServerVerbs(ProgramTest):
    def setUp(self):
        super().setUp()
        self.slipway("push", BINARY, "--name", "binary")
        self.server = Server(self, "binary")
        self.environment["SLIPWAY_HOST"] = self.server.url

    def test_ps_lists_what_is_served(self):
        rows = self.json("ps")["items"]
        self.assertEqual([(row["model"], row["version"], row["state"]) for row in rows], [("binary", "1", "READY")])
        self.assertEqual(self.slipway("ps", "-q").stdout, "binary:1\n")
        self.assertRegex(self.slipway("ps").stdout, r"NAME +VERSION +STATE")

    def test_load_and_unload_at_run_time(self):
        self.slipway("push", IRIS, "--name", "iris")
        self.assertNotIn("iris", self.slipway("ps").stdout)
        self.assertIn("iris", self.slipway("ps", "--all").stdout)
        item = self.json("load", "iris")["item"]
        self.assertEqual((item["model"], item["state"]), ("iris", "ready"))
        self.assertIn("iris", self.slipway("ps", "-q").stdout)
        self.slipway("unload", "iris")
        self.wait_for_versions(["binary:1"])

    def wait_for_versions(self, expected):
        deadline = time.monotonic() + 30
        while (found := self.slipway("ps", "-q").stdout.split()) != expected and time.monotonic() < deadline:
            pass
        self.assertEqual(found, expected)

    def test_a_version_and_an_alias_are_loaded_beside_the_newest(self):
        self.slipway("push", IRIS, "--name", "binary")
        self.slipway("tag", "binary:1", "prod")
        self.slipway("load", "binary")
        self.wait_for_versions(["binary:2"])  # the old one goes when nobody holds it any more
        self.slipway("load", "binary:prod")
        self.assertEqual(self.slipway("ps", "-q").stdout.split(), ["binary:1", "binary:2"])

    def served_config(self, model):
        return json.loads(self.server.get(f"/v2/models/{model}/config"))

    def test_a_configuration_comes_with_the_package_or_with_the_load(self):
        patient = self.folder / "patient.json"
        patient.write_text('{"max_batch_size": 8, "dynamic_batching": {"max_queue_delay_microseconds": 300}}')
        self.slipway("push", IRIS, "--name", "iris", "--config", patient)
        self.slipway("load", "iris")
        self.assertEqual(self.served_config("iris")["dynamic_batching"]["max_queue_delay_microseconds"], 300)
        alone = self.folder / "alone.json"
        alone.write_text('{"max_batch_size": 1}')
        self.slipway("load", "iris", "--config", alone)
        self.assertEqual(self.served_config("iris")["max_batch_size"], 1)
        self.assertNotIn("dynamic_batching", self.served_config("iris"))
        self.slipway("load", "iris")
        self.assertEqual(self.served_config("iris")["max_batch_size"], 8)

    def test_a_configuration_that_is_wrong_is_refused_before_anything_is_done(self):
        wrong = self.folder / "wrong.json"
        wrong.write_text('{"dynamic_batching": {"priority_levels": "many"}}')
        for verb in (("push", IRIS, "--name", "iris"), ("load", "binary")):
            self.assertIn("dynamic_batching, priority_levels", self.fails(*verb, "--config", wrong, code=2))
        self.assertNotIn("iris", self.slipway("ls").stdout)

    def test_what_cannot_be_loaded_is_named(self):
        self.assertIn("nothing", self.fails("load", "nothing", code=3))
        self.assertIn("nothing", self.fails("unload", "nothing", code=3))
        self.fails("load", "binary:7", code=3)
        self.fails("load", "binary@sha256:" + "0" * 64, code=2)
        self.fails("unload", "binary:1", code=2)
        self.fails("load", "../etc", code=2)

    def test_without_the_key_nothing_is_changed(self):
        self.environment["SLIPWAY_STORE"] = str(self.folder / "another")
        error = self.fails("unload", "binary", code=7)
        self.assertIn("SLIPWAY-E5004", error)
        self.assertIn("--api-key-file", error)
        self.slipway("unload", "binary", "--api-key-file", self.folder / "store" / "admin.key")
        self.fails("ps", "--api-key-file", "absent", code=7)

    def test_eval_over_http_equals_eval_here(self):
        here = self.json("eval", BINARY, "--data", BINARY_SET, "--batch", "7")["item"]
        served = self.json("eval", self.server.url + "/v2/models/binary", "--data", BINARY_SET, "--batch", "7")["item"]
        for key in ("value", "interval95", "rows", "metric", "rows_per_request"):
            self.assertEqual(served[key], here[key], key)
        self.assertGreater(served["p99_seconds"], 0)
        self.slipway("eval", self.server.url + "/v2/models/binary/versions/1", "--data", BINARY_SET, "--at-least", "0.99", code=6)

    def test_eval_prints_accuracy_interval_and_latency(self):
        done = self.slipway("eval", self.server.url + "/v2/models/binary", "--data", BINARY_SET, "--batch", "1")
        self.assertRegex(done.stdout, r"^accuracy 95\.00 %  \(95 % interval \d+\.\d\d % \.\. \d+\.\d\d %, \d+ rows\)\n")
        self.assertRegex(done.stdout, r"\nlatency  p50 \S+ \S+, p99 \S+ \S+  \(")
        self.assertEqual(done.stderr, "", "a log file shows no progress")

    def test_bench_over_http(self):
        listing = self.json("bench", self.server.url + "/v2/models/binary", "--concurrency", "1,3", "--duration", "0.2", "--batch", "2")
        self.assertEqual([row["concurrency"] for row in listing["items"]], [1, 3])
        for row in listing["items"]:
            self.assertGreater(row["answers"], 0)
            self.assertEqual(row["failures"], 0)
            self.assertLessEqual(row["p50_seconds"], row["p99_seconds"])
            self.assertAlmostEqual(row["rows_per_second"], 2 * row["answers_per_second"])

    def test_bench_at_a_fixed_rate(self):
        listing = self.json("bench", self.server.url + "/v2/models/binary", "--rate", "50", "--concurrency", "2", "--duration", "0.4")
        row = listing["items"][0]
        self.assertGreater(row["answers"], 0)
        self.assertLessEqual(row["answers"], 50 * 0.4 + 1 + 50 * 0.3)  # those due while it warmed up may be answered late
        self.assertEqual(row["refusals"], 0)

    def test_bench_may_have_a_goal(self):
        url = self.server.url + "/v2/models/binary"
        self.slipway("bench", url, "--duration", "0.1", "--slo", "p50=60s")
        done = self.slipway("bench", url, "--duration", "0.1", "--slo", "p50=0.001us", code=12)
        self.assertIn("missed", done.stderr)

    def test_a_url_that_is_wrong_teaches(self):
        data = ("--data", BINARY_SET)
        self.assertIn("/v2/models/NAME", self.fails("eval", self.server.url, *data, code=2))
        self.assertIn("absent", self.fails("eval", self.server.url + "/v2/models/absent", *data, code=3))
        self.fails("eval", "ftp://127.0.0.1/v2/models/a", *data, code=5)
        self.fails("bench", self.server.url + "/v2/models/absent", code=3)

    def test_the_server_counts_what_it_answered(self):
        self.slipway("eval", self.server.url + "/v2/models/binary", "--data", BINARY_SET, "--batch", "1")
        row = self.json("ps")["items"][0]
        self.assertGreaterEqual(row["requests"], 20)
        self.assertGreater(row["mean_seconds"], 0)


class NoServer(ProgramTest):
    def test_a_server_that_does_not_run(self):
        url = f"http://127.0.0.1:{free_port()}"
        for verb in (("ps",), ("load", "m"), ("unload", "m")):
            error = self.fails(*verb, "--host", url, code=8)
            self.assertIn("nothing listens at 127.0.0.1", error)
            self.assertIn("slipway serve", error)
        self.fails("bench", url + "/v2/models/m", code=8)
        self.fails("ps", "--host", "http://", code=2)


class Lifetime(ProgramTest):
    def test_sigterm_and_ctrl_c_end_a_server_and_leave_no_file(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            server = Server(self, IRIS)
            self.assertEqual(server.stop(how), 0, server.log())
            self.assertEqual(self.leftovers(), [])


if __name__ == "__main__":
    unittest.main()
