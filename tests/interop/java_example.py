"""The client in examples/clients/java, as a newcomer runs it. Needs a JDK, so `make test-interop` runs it and `make test` does not."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]


class JavaExampleTest(unittest.TestCase):
    def test_the_client_makes_its_stubs_and_finds_the_digit(self):
        with Server(ROOT / "examples" / "mnist" / "mnist.h5") as server, tempfile.TemporaryDirectory(prefix="slipway-java-") as folder:
            done = subprocess.run([ROOT / "examples" / "clients" / "java" / "classify", ROOT / "api" / "proto", server.url],
                                  env=dict(os.environ, BUILD=folder), capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"^digit 1, \d+\.\d% sure\n$")


if __name__ == "__main__":
    unittest.main()
