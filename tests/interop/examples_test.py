"""The clients in examples/clients, as a newcomer runs them."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "examples" / "clients"
GO = ROOT / "third_party" / "go" / "bin" / "go"


def setUpModule():
    global SERVER
    SERVER = Server(ROOT / "examples" / "mnist" / "mnist.h5").__enter__()


def tearDownModule():
    SERVER.__exit__()


class ExamplesTest(unittest.TestCase):
    def run_in(self, folder, *command, environment=None):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=150)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def check(self, printed):
        self.assertRegex(printed, r"^digit 1, \d+(\.\d)?% sure\n$")

    def test_python(self):
        for program in ("classify_rest.py", "classify_grpc.py"):
            with self.subTest(program):
                self.check(self.run_in(CLIENTS / "python", sys.executable, program, SERVER.url))

    def test_curl(self):
        self.check(self.run_in(CLIENTS / "curl", "./classify", f"http://{SERVER.url}"))

    def test_go(self):
        if not GO.exists() and not os.environ.get("CI"):
            self.skipTest("Go is not installed: run tools/bootstrap --test")
        with tempfile.TemporaryDirectory(prefix="slipway-go-") as folder:
            program = shutil.copytree(CLIENTS / "go", pathlib.Path(folder, "go"))
            environment = dict(os.environ, GOBIN=folder, GOFLAGS="-mod=readonly -modcacherw", GOTOOLCHAIN="local",
                               PATH=f"{folder}:{GO.parent}:{os.environ['PATH']}")
            self.run_in(program, GO, "install", "google.golang.org/protobuf/cmd/protoc-gen-go",
                        "google.golang.org/grpc/cmd/protoc-gen-go-grpc", environment=environment)
            self.run_in(program, "./generate", ROOT / "api" / "proto", environment=environment)
            self.check(self.run_in(program, GO, "run", ".", SERVER.url, environment=environment))


if __name__ == "__main__":
    unittest.main()
