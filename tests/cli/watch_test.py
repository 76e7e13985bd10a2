"""What a running server tells those who watch it: access log, traces, metrics, status, top, dashboards."""
import json
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from collector import Collector
from program import DATA, SLIPWAY, ProgramTest, Server

PROMTOOL = pathlib.Path(__file__).resolve().parents[2] / "third_party" / "promtool" / "promtool"
BINARY = DATA / "tutorials" / "mlp_binary.keras"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


class Watched(ProgramTest):
    def serve(self, *words):
        self.slipway("push", BINARY, "--name", "binary")
        self.server = Server(self, "binary", *words)
        self.environment["SLIPWAY_HOST"] = self.server.url
        signature = json.loads(self.server.get("/v2/models/binary"))["inputs"][0]
        width = signature["shape"][1]
        self.body = json.dumps({"id": "r-1", "inputs": [{"name": signature["name"], "datatype": "FP32", "shape": [1, width],
                                                         "data": [0.5] * width}]}).encode()

    def infer(self, headers=None):
        request = urllib.request.Request(f"{self.server.url}/v2/models/binary/infer", self.body, headers or {})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def test_every_request_has_a_line_and_renaming_the_log_begins_a_new_one(self):
        log = self.folder / "access.log"
        self.serve("--access-log", log)
        self.infer({"traceparent": f"00-{TRACE}-{SPAN}-01"})
        self.wait_for(lambda: "infer" in log.read_text())
        log.rename(self.folder / "access.log.old")
        self.server.process.send_signal(signal.SIGUSR1)
        self.infer({"X-Request-Id": "mine\"}"})
        self.assertEqual(self.server.stop(), 0)
        lines = [json.loads(line) for line in (self.folder / "access.log.old").read_text().splitlines()]
        first = next(line for line in lines if line["route"] == "infer")
        self.assertEqual((first["model"], first["version"], first["code"], first["request_id"], first["trace_id"]),
                         ("binary", 1, 200, "r-1", TRACE))
        self.assertGreater(first["compute_seconds"], 0)
        self.assertEqual(json.loads(log.read_text().splitlines()[0])["request_id"], "mine\"}")

    def wait_for(self, condition):
        deadline = time.monotonic() + 30
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertTrue(condition())

    def test_a_collector_gets_the_spans_of_sampled_requests(self):
        collector = Collector(self)
        self.serve("--otlp-endpoint", collector.url, "--trace-sample", "0")
        self.infer()
        self.infer({"traceparent": f"00-{TRACE}-{SPAN}-00"})
        self.infer({"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "rojo=1"})
        self.assertTrue(collector.arrived.wait(30))
        self.assertEqual(self.server.stop(), 0)
        roots = [span for span in collector.spans if span["kind"] == 2]
        self.assertEqual([(span["traceId"], span["parentSpanId"], span["traceState"], span["name"]) for span in roots],
                         [(TRACE, SPAN, "rojo=1", "v2 infer")])
        stages = {span["name"]: span for span in collector.spans if span["kind"] == 1}
        self.assertIn("compute", stages)
        for span in stages.values():
            self.assertEqual(span["parentSpanId"], roots[0]["spanId"])
            self.assertLessEqual(int(roots[0]["startTimeUnixNano"]), int(span["startTimeUnixNano"]))
            self.assertLessEqual(int(span["endTimeUnixNano"]), int(roots[0]["endTimeUnixNano"]))

    # Fault E12: a collector that is not there
    def test_without_a_collector_requests_are_answered_and_the_server_ends(self):
        self.serve("--otlp-endpoint", "http://127.0.0.1:1", "--trace-sample", "1")
        for _ in range(20):
            self.infer()
        began = time.monotonic()
        self.assertEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - began, 20)

    def test_metrics_have_the_names_that_were_asked_for(self):
        self.serve("--metrics-names", "triton", "--metrics-names", "tfserving")
        self.infer()
        page = self.server.get("/metrics")
        self.assertIn('nv_inference_request_success{model="binary",version="1"} 1\n', page)
        self.assertIn(':tensorflow:serving:request_count{model_name="binary",version="1",status="OK"} 1\n', page)
        self.assertRegex(page, r'slipway_encode_seconds_count{model="binary",version="1"} 1\n')
        self.check_page(page)

    def check_page(self, page):
        """As the text format wants it: families together, buckets ascending up to +Inf, and promtool where it is installed."""
        family, seen = None, set()
        for line in page.splitlines():
            if line.startswith("# TYPE "):
                family = line.split()[2]
                self.assertNotIn(family, seen)
                seen.add(family)
            elif not line.startswith("#"):
                match = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*})? (\S+)', line)
                self.assertIsNotNone(match, line)
                self.assertIn(match[1], {family, family + "_bucket", family + "_sum", family + "_count"})
                float(match[2])
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=page, capture_output=True, text=True, timeout=60)
        self.assertNotIn("error", done.stderr)

    def test_status_says_how_a_server_is(self):
        self.serve()
        self.infer()
        item = self.json("status")["item"]
        self.assertEqual((item["ready"], item["models"], item["models_ready"]), (True, 1, 1))
        self.assertGreaterEqual(item["requests"], 1)
        self.assertIn("1 of 1 ready", self.slipway("status").stdout)
        pages = self.slipway("status", "--watch", "--interval", "0.1", "--count", "3").stdout
        self.assertEqual(pages.count("1 of 1 ready"), 3)
        self.assertNotIn("\x1b", pages)

    def test_top_shows_what_a_model_does_until_it_is_interrupted(self):
        self.serve()
        self.infer()
        row = self.json("top", "--count", "1")["items"][0]
        self.assertEqual((row["model"], row["version"], row["state"]), ("binary", "1", "READY"))
        self.assertGreater(row["per_second"], 0)
        self.assertGreater(row["p99_seconds"], 0)
        top = subprocess.Popen([SLIPWAY, "top", "--interval", "0.1"], env=self.environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4):
            self.assertNotIn("\x1b", top.stdout.readline())
        top.send_signal(signal.SIGINT)
        top.stdout.read()
        top.stdout.close()
        self.assertEqual(top.wait(30), 0)

    def test_logs_tell_what_was_loaded_and_follow_what_comes(self):
        self.serve()
        lines = self.slipway("logs").stdout
        self.assertRegex(lines, r" info    .*binary:1.* is ready")
        follower = subprocess.Popen([SLIPWAY, "logs", "-n", "1", "--follow", "--interval", "0.1", "--format", "json"],
                                    env=self.environment, stdout=subprocess.PIPE, text=True)
        self.assertIn("is ready", json.loads(follower.stdout.readline())["msg"])
        self.slipway("unload", "binary")
        self.assertIn("binary:1 is unloaded", json.loads(follower.stdout.readline())["msg"])
        follower.send_signal(signal.SIGINT)
        follower.stdout.read()
        follower.stdout.close()
        self.assertEqual(follower.wait(30), 0)
        self.assertIn("number", self.fails("logs", "--lines", "many", code=2))

    def test_a_server_that_is_not_there_is_named(self):
        self.environment["SLIPWAY_HOST"] = "http://127.0.0.1:1"
        for verb in ("status", "top", "logs"):
            self.assertIn("127.0.0.1:1", self.fails(verb, code=8))

    def test_dashboards_are_printed_for_their_programs(self):
        dashboard = json.loads(self.slipway("dashboards", "grafana").stdout)
        self.assertGreater(len(dashboard["panels"]), 15)
        rules = self.slipway("dashboards", "prometheus").stdout
        self.assertIn("- alert: SlipwayServerErrors", rules)
        self.assertIn("grafana or prometheus", self.fails("dashboards", "nothing", code=2))
        (self.folder / "rules.yml").write_text(rules)
        done = subprocess.run([PROMTOOL, "check", "rules", "rules.yml"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
