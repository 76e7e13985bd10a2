"""Runs the built slipway in a folder of its own."""
import functools
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

BUILD = pathlib.Path(os.environ["SLIPWAY_BINARY_DIR"])
DATA = pathlib.Path(os.environ["SLIPWAY_TESTDATA"])
SLIPWAY = str(BUILD / "slipway")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@functools.cache
def is_sanitized():
    """The program's memory is a sanitizer's, which keeps what is freed: what a model takes cannot be told from outside."""
    return "libasan" in subprocess.run(["ldd", SLIPWAY], capture_output=True, text=True).stdout


class Server:
    """A running `slipway serve`, ready; stopped at the end of the test. With TLS where there is a context that trusts it."""

    def __init__(self, test, *words, port=None, tls=None):
        self.port = port or free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.tls = tls
        self.output = open(test.folder / f"server-{self.port}.log", "w+")
        self.process = subprocess.Popen([SLIPWAY, "serve", *map(str, words), "--port", self.port], cwd=test.folder,
                                        env=test.environment, stdout=self.output, stderr=self.output)
        test.addCleanup(self.stop)
        for _ in range(1200):
            try:
                self.get("/v2/health/ready")
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise AssertionError("the server is not ready: " + self.log())

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30, context=self.tls) as answer:
            return answer.read().decode()

    def metric(self, name):
        """The sum of the samples whose line begins so: "slipway_requests_total", 'slipway_requests_total{protocol="v2"'. None: there is none."""
        samples = [float(line.rsplit(" ", 1)[1]) for line in self.get("/metrics").splitlines() if line.startswith(name)]
        return sum(samples) if samples else None

    def log(self):
        return pathlib.Path(self.output.name).read_text()

    def stop(self, how=signal.SIGTERM):
        """The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.output.close()
        return self.process.wait(60)


class ProgramTest(unittest.TestCase):
    """Gives every test a fresh folder with a fresh store."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="slipway-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = dict(os.environ, SLIPWAY_STORE=str(self.folder / "store"), TMPDIR=folder.name, NO_COLOR="1")

    def slipway(self, *words, code=0, **keywords):
        done = subprocess.run([SLIPWAY, *map(str, words)], capture_output=True, text=True, timeout=120, cwd=self.folder,
                              env=self.environment, **keywords)
        self.assertEqual(done.returncode, code, f"slipway {' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}")
        return done

    def fails(self, *words, code):
        """The command fails with this exit code; returns what it says on standard error."""
        done = self.slipway(*words, code=code)
        self.assertTrue(done.stderr.startswith("error"), done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def leftovers(self):
        """What lies in the folder beside the store and the logs of servers."""
        return sorted(path.name for path in self.folder.iterdir() if path.name != "store" and not path.name.startswith("server-"))

    def json(self, *words):
        return json.loads(self.slipway(*words, "--format", "json").stdout)
