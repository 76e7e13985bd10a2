"""Models that run in processes of their own: what ends one of them, and what the others see of it."""
import json
import os
import pathlib
import signal
import struct
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

from program import DATA, ProgramTest, Server

sys.path.insert(0, str(DATA))
from onnx_file import INT64, constant, model, node, tensor

FASHION = DATA / "fashion" / "fashion.h5"
IRIS = DATA / "nets" / "iris.h5"
# The least number over x - BASE. The processor cannot divide it by -1: the engine ends by SIGFPE.
BASE = 123456789
LEAST_DIVIDED = model("test", [node("Sub", ["x", "base"], "by"), node("Div", ["least", "by"], "y")], [tensor("x", INT64, 1)], [tensor("y", INT64, 1)],
                      [constant(name, INT64, [1], struct.pack("<q", value)) for name, value in (("base", BASE), ("least", -(1 << 63)))])
PATIENCE = 60  # seconds; a busy machine is no fault


def processes_of(parent):
    """The workers that a server has, by model."""
    workers = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            status = (path / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if words[0].endswith(b"/slipway-worker") and int(status[1]) == parent:
            workers.setdefault(words[2].decode(), []).append(int(path.name))
    return workers


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class IsolationTest(ProgramTest):
    def serve(self, *words):
        return Server(self, *words, "--isolation", "process")

    def wait_for(self, server, what):
        """What comes of that, once it is something."""
        for _ in range(PATIENCE * 50):
            found = what()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(server.log())

    def worker(self, server, model, but=()):
        """Its process, which is none of those; waits for one."""
        return self.wait_for(server, lambda: [pid for pid in processes_of(server.process.pid).get(model, []) if pid not in but])[0]

    def ask(self, server, name):
        return self.infer(server, name, self.body(json.loads(server.get(f"/v2/models/{name}"))["inputs"][0]))

    @staticmethod
    def body(spec):
        shape, count = [1, *spec["shape"][1:]], 1
        for size in shape:
            count *= size
        data = [(i % 13) / 13 for i in range(count)]
        return json.dumps({"inputs": [{"name": spec["name"], "shape": shape, "datatype": "FP32", "data": data}]}).encode()

    @staticmethod
    def infer(server, name, body):
        request = urllib.request.Request(f"{server.url}/v2/models/{name}/infer", body)
        return json.load(urllib.request.urlopen(request, timeout=PATIENCE))["outputs"][0]["data"]

    def ask_until_answered(self, server, name):
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            try:
                return self.ask(server, name)
            except urllib.error.HTTPError as error:
                self.assertEqual(error.code, 503)
        raise AssertionError(server.log())

    def state(self, server, name):
        key = (self.folder / "store" / "admin.key").read_text().strip()
        request = urllib.request.Request(f"{server.url}/v2/repository/index", b"{}", {"Slipway-Key": key})
        return next(row for row in json.load(urllib.request.urlopen(request, timeout=PATIENCE)) if row["name"] == name)

    def push(self):
        self.slipway("push", FASHION, "--name", "fashion")
        self.slipway("push", IRIS, "--name", "iris")

    def test_answers_are_bit_by_bit_those_of_the_server_itself(self):
        self.push()
        answers = []
        for words in ((), ("--isolation", "process"), ("--isolation", "process"), ("--isolation", "process", "--compile-cache", "0")):
            server = Server(self, *words)
            answers.append([self.ask(server, name) for name in ("fashion", "iris")])
            self.assertEqual(server.metric("slipway_worker_processes "), 2 if words else None)
            server.stop()
        for others in answers[1:]:
            self.assertEqual(others, answers[0])

    # Fault C1: a process that is killed
    # Fault C4: a process that is stopped
    def test_others_see_nothing_of_a_process_that_crashes_or_hangs(self):
        self.push()
        server = self.serve()
        expected = self.ask(server, "iris"), self.ask(server, "fashion")
        body, stop, answers, errors = self.body(json.loads(server.get("/v2/models/iris"))["inputs"][0]), threading.Event(), [], []

        def load():
            while not stop.is_set():
                try:
                    answers.append(self.infer(server, "iris", body))
                except OSError as error:
                    errors.append(error)

        thread = threading.Thread(target=load)
        thread.start()
        try:
            ended = []
            for end in (signal.SIGABRT, signal.SIGKILL, signal.SIGSTOP):
                ended.append(self.worker(server, "fashion:1", but=ended))
                os.kill(ended[-1], end)
                self.assertEqual(self.ask_until_answered(server, "fashion"), expected[1])
        finally:
            stop.set()
            thread.join()
        self.assertEqual(errors, [])
        self.assertGreater(len(answers), 10)
        self.assertTrue(all(answer == expected[0] for answer in answers))
        for reason in ("crash", "killed", "hang"):
            self.assertEqual(server.metric(f'slipway_worker_processes_ended_total{{reason="{reason}"}}'), 1)
        self.assertEqual(server.metric("slipway_worker_restarts_total"), 3)
        self.assertIn("the process of model fashion:1 ended by signal 6", server.log())
        self.assertEqual(server.stop(), 0)

    # Fault C1: again and again
    def test_a_model_whose_process_keeps_ending_is_left_alone_until_it_is_loaded_again(self):
        self.push()
        server = self.serve()
        killed = []
        for _ in range(5):
            killed.append(self.worker(server, "fashion:1", but=killed))
            os.kill(killed[-1], signal.SIGABRT)
        self.wait_for(server, lambda: server.metric("slipway_models_quarantined_total"))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.ask(server, "fashion")
        self.assertEqual(refused.exception.code, 503)
        text = refused.exception.read().decode()
        self.assertIn("5 times in 60 s", text)
        state = self.state(server, "fashion")
        self.assertEqual(state["state"], "FAILED")
        self.assertIn("signal 6 (Aborted)", state["reason"])
        with self.assertRaises(urllib.error.HTTPError):
            server.get("/v2/models/fashion/ready")
        self.assertIn("is not started again", server.log())
        server.get("/v2/health/ready")  # the others serve
        self.ask(server, "iris")
        self.slipway("load", "fashion", "--host", server.url)
        self.ask(server, "fashion")
        self.assertEqual(self.state(server, "fashion")["state"], "READY")

    # Bad input W6: of a real model, over the wire.
    # Fault C2: of a real model, over the wire
    def test_an_input_that_ends_the_process_is_refused_and_others_are_served(self):
        (self.folder / "divide.onnx").write_bytes(LEAST_DIVIDED)
        self.slipway("push", "divide.onnx", "--name", "divide")
        server = self.serve()
        outcomes, answers, failures, stop = [], [], [], threading.Event()

        def divide_by(number):
            tensor = {"name": "x", "shape": [1, 1], "datatype": "INT64", "data": [BASE + number]}
            return self.infer(server, "divide", json.dumps({"inputs": [tensor]}).encode())

        def load():
            while not stop.is_set():
                try:
                    answers.append(divide_by(2))
                except urllib.error.HTTPError as error:
                    failures.append((error.code, error.read().decode()))

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for _ in range(20):
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    divide_by(-1)
                outcomes.append((refused.exception.code, refused.exception.read().decode()))
            served = len(answers)
            self.wait_for(server, lambda: len(answers) > served + 10)
        finally:
            stop.set()
            thread.join()
        failed = sum(code == 503 for code, _ in outcomes)
        self.assertIn(failed, (1, 2), "one request may end two processes: where its run was shared, it is run again alone")
        self.assertEqual([code for code, _ in outcomes], [503] * failed + [422] * (20 - failed))
        self.assertIn("ended the model's process twice", outcomes[-1][1])
        self.assertTrue(all(answer == [-(1 << 62)] for answer in answers))
        self.assertLessEqual({code for code, _ in failures}, {503})
        self.assertLessEqual(sum("signal 8" in text for _, text in failures), 2, "the run that was beside it, each time")
        for name, count in (('worker_processes_ended_total{reason="crash"}', 2), ("worker_restarts_total", 2), ("inputs_refused_total", 20 - failed),
                            ("models_quarantined_total", 0)):
            self.assertEqual(server.metric(f"slipway_{name}"), count, name)
        self.assertEqual(server.log().count("is refused for 600 s"), 1)
        self.assertEqual(self.state(server, "divide")["state"], "READY")

    def test_models_take_turns_in_a_budget(self):
        names = ("fashion", "another")
        for name in names:
            self.slipway("push", FASHION, "--name", name)
        server = self.serve()
        expected = {name: self.ask(server, name) for name in names}
        sizes = [server.metric(f'slipway_model_memory_bytes{{model="{name}",version="1"}}') for name in expected]
        server.stop()
        self.assertGreater(min(sizes), 1 << 20, "a process has memory of its own")
        server = self.serve("--memory-budget", int(0.8 * sum(sizes)))
        for _ in range(3):
            for name, answer in expected.items():
                self.assertEqual(self.ask(server, name), answer)
        self.assertGreaterEqual(server.metric('slipway_models_paged_total{direction="in"}'), 2)
        self.assertEqual(server.metric("slipway_worker_processes "), 1)
        self.assertEqual(server.metric("slipway_worker_restarts_total"), 0)
        self.assertEqual(server.stop(), 0)

    def test_no_process_outlives_the_server(self):
        self.push()
        for how in (signal.SIGTERM, signal.SIGKILL):
            server = self.serve()
            processes = [self.worker(server, "fashion:1"), self.worker(server, "iris:1")]
            server.stop(how)
            self.wait_for(server, lambda: not any(is_alive(process) for process in processes))

    def test_the_configuration_says_what_isolates(self):
        self.push()
        server = self.serve("iris", "--run-limit", "7", "--worker-memory", "1073741824")
        configuration = server.get("/v2/config")
        self.assertIn("a confined process for each model", configuration)
        self.assertIn("7000", configuration)
        self.assertIn("1073741824", configuration)

    def test_flags_of_isolation_need_it(self):
        self.assertIn("--isolation process", self.fails("serve", "--run-limit", "5", code=2))


if __name__ == "__main__":
    unittest.main()
