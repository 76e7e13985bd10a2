"""A server under a service manager: what it tells it, and the sockets it is passed."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from program import DATA, SLIPWAY, ProgramTest

IRIS = DATA / "nets" / "iris.keras"
# As a service manager starts a service: the descriptors from 3 on are its sockets, and it says so to this process alone.
PASS = 'i=3; for fd in $FDS; do eval "exec $i<&$fd"; i=$((i+1)); done; export LISTEN_PID=$$; exec "$@"'


class Notified:
    """The datagram socket of a service manager."""

    def __init__(self, test):
        self.path = str(test.folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(30)
        test.addCleanup(self.socket.close)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def until(self, key):
        """All messages up to the first one with `key`, which is the last of them."""
        messages = [self.next()]
        while key not in messages[-1]:
            messages.append(self.next())
        return messages


class ServiceTest(ProgramTest):
    def serve(self, *words, sockets=(), **variables):
        environment = dict(self.environment, **variables)
        command = [SLIPWAY, "serve", *map(str, words)]
        if sockets:
            environment |= {"FDS": " ".join(str(one.fileno()) for _, one in sockets), "LISTEN_FDS": str(len(sockets)),
                            "LISTEN_FDNAMES": ":".join(name for name, _ in sockets)}
            command = ["bash", "-c", PASS, "bash", *command]
        output = open(self.folder / "server-output.log", "w")
        self.addCleanup(output.close)
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=output, stderr=output,
                                   pass_fds=[one.fileno() for _, one in sockets])
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def log(self):
        return (self.folder / "server-output.log").read_text()

    def listening(self, address="127.0.0.1"):
        made = socket.socket()
        made.bind((address, 0))
        made.listen(1024)
        self.addCleanup(made.close)
        return made

    def get(self, port, path, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()


class Told(ServiceTest):
    def test_the_manager_hears_of_loading_readiness_reloads_and_the_end(self):
        manager = Notified(self)
        process = self.serve(IRIS, "--port", "0", NOTIFY_SOCKET=manager.path)
        *before, ready = manager.until("READY")
        self.assertTrue(all("EXTEND_TIMEOUT_USEC" in message for message in before), before)
        self.assertEqual(before[0]["STATUS"], "loading: 0 of 1 models")
        self.assertEqual(ready["STATUS"], "1 model ready")

        since = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        process.send_signal(signal.SIGHUP)
        *_, reloading = manager.until("RELOADING")
        self.assertGreaterEqual(int(reloading["MONOTONIC_USEC"]), since)
        self.assertEqual(manager.next()["READY"], "1")

        process.send_signal(signal.SIGTERM)
        *_, stopping = manager.until("STOPPING")
        self.assertGreater(int(stopping["EXTEND_TIMEOUT_USEC"]), 20_000_000)
        self.assertEqual(process.wait(60), 0, self.log())

    def test_the_watchdog_is_fed_until_the_end(self):
        manager = Notified(self)
        process = self.serve(IRIS, "--port", "0", NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="200000")
        manager.until("READY")
        for _ in range(10):
            manager.until("WATCHDOG")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0, self.log())

    def test_a_server_that_cannot_load_is_never_ready(self):
        manager = Notified(self)
        (self.folder / "broken.onnx").write_bytes(b"not a model")
        process = self.serve("broken.onnx", "--port", "0", NOTIFY_SOCKET=manager.path)
        self.assertNotEqual(process.wait(60), 0)
        manager.socket.setblocking(False)
        with self.assertRaises(BlockingIOError):
            manager.until("READY")


class Passed(ServiceTest):
    def test_requests_wait_in_the_socket_until_the_server_is_there(self):
        main = self.listening()
        early = socket.create_connection(main.getsockname())
        self.addCleanup(early.close)
        early.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.serve(IRIS, sockets=[("main", main)])
        early.settimeout(60)
        self.assertTrue(early.recv(4096).startswith(b"HTTP/1.1 200"))

    def test_the_socket_named_admin_takes_administration_and_the_others_the_rest(self):
        manager = Notified(self)
        sockets = {name: self.listening() for name in ("main", "other", "admin")}
        self.serve(IRIS, sockets=list(sockets.items()), NOTIFY_SOCKET=manager.path)
        manager.until("READY")
        ports = {name: one.getsockname()[1] for name, one in sockets.items()}
        for name in ("main", "other"):
            self.assertIn("iris", self.get(ports[name], "/v2/models/iris"))
            with self.assertRaises(urllib.error.HTTPError):
                self.get(ports[name], "/v2/config")
        key = (self.folder / "store" / "admin.key").read_text().strip()
        self.assertIn("limits", self.get(ports["admin"], "/v2/config", Authorization=f"Bearer {key}"))

    def test_a_socket_of_this_machine_is_served_and_the_curl_line_works(self):
        local = socket.socket(socket.AF_UNIX)
        self.addCleanup(local.close)
        path = self.folder / "server-socket"
        local.bind(str(path))
        local.listen(16)
        manager = Notified(self)
        process = self.serve(IRIS, sockets=[("main", local)], NOTIFY_SOCKET=manager.path)
        manager.until("READY")
        line = next(line for line in self.log().split("\n") if line.startswith("try"))[3:].strip()
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
        self.assertIn("outputs", json.loads(done.stdout))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        self.assertTrue(path.exists())  # it is the manager's

    def test_an_address_that_others_reach_asks_for_protection_here_too(self):
        process = self.serve(IRIS, sockets=[("main", self.listening("0.0.0.0"))])
        self.assertEqual(process.wait(60), 11, self.log())
        self.assertIn("--insecure", self.log())

    def test_what_is_no_listening_socket_is_refused(self):
        with open(os.devnull) as file:
            process = self.serve(IRIS, sockets=[("main", file)])
            self.assertEqual(process.wait(60), 2, self.log())
        self.assertIn("does not listen", self.log())

    # Fault E6: and the next server takes over the socket
    def test_a_restart_under_load_loses_no_request(self):
        main = self.listening()
        port = main.getsockname()[1]
        failures = []
        answered = threading.Semaphore(0)
        is_over = threading.Event()

        def ask():
            while not is_over.is_set():
                try:
                    self.get(port, "/v2/models/iris")
                    answered.release()
                except OSError as error:
                    failures.append(repr(error))

        self.slipway("push", IRIS, "--name", "iris")
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for _ in range(3):
            process = self.serve("iris", "--drain-delay", "0", sockets=[("main", main)])
            if not threads[0].is_alive():
                for thread in threads:
                    thread.start()
            for _ in range(200):
                self.assertTrue(answered.acquire(timeout=60), self.log())
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0, self.log())
        process = self.serve("iris", sockets=[("main", main)])
        is_over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
