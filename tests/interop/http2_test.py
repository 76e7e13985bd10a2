"""HTTP/2 in clear text as public programs speak it: curl, h2load, and h2spec, which tries the whole of RFC 9113 and RFC 7541."""
import json
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

H2SPEC = pathlib.Path(__file__).resolve().parents[2] / "third_party" / "go-tools" / "h2spec"


def setUpModule():
    global SERVER
    SERVER = Server(DATA / "nets" / "iris.h5").__enter__()


def tearDownModule():
    SERVER.__exit__()


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, text=True).stdout


def curl(*arguments):
    """What `curl ARGUMENTS` prints, by HTTP/2 without an upgrade."""
    return run("curl", "-sf", "--http2-prior-knowledge", *arguments)


class CurlTest(unittest.TestCase):
    def test_speaks_http2_and_http11_on_one_port(self):
        version = ["-o", "/dev/null", "-w", "%{http_version}", f"http://{SERVER.url}/v2/health/ready"]
        self.assertEqual(curl(*version), "2")
        self.assertEqual(run("curl", "-sf", *version), "1.1")

    def test_infers(self):
        url = f"http://{SERVER.url}/v1/models/iris"
        rows = [[5.1, 3.5, 1.4, 0.2]] * 3
        over_http2 = json.loads(curl("-d", json.dumps({"instances": rows}), url + ":predict"))
        over_http11 = json.loads(run("curl", "-sf", "-d", json.dumps({"instances": rows}), url + ":predict"))
        self.assertEqual(over_http2, over_http11)

    def test_sends_a_large_body(self):
        rows = json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]] * 50_000})
        command = ["curl", "-sf", "--http2-prior-knowledge", "-d", "@-", f"http://{SERVER.url}/v1/models/iris:predict"]
        output = subprocess.run(command, input=rows, stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertEqual(len(json.loads(output)["predictions"]), 50_000)

    def test_gets_an_error_that_says_why(self):
        output = run("curl", "-s", "--http2-prior-knowledge", "-w", "\n%{http_code}", "-d", "{", f"http://{SERVER.url}/v1/models/iris:predict")
        body, status = output.rsplit("\n", 1)
        self.assertEqual(status, "400")
        self.assertIn("error", json.loads(body))


class H2loadTest(unittest.TestCase):
    def test_many_streams_are_all_answered(self):
        output = run("h2load", "-n", "5000", "-c", "4", "-m", "32", f"http://{SERVER.url}/v2/models/iris")
        self.assertRegex(output, r"requests: 5000 total, 5000 started, 5000 done, 5000 succeeded, 0 failed, 0 errored, 0 timeout")
        self.assertIn("Application protocol: h2c", output)


class H2specTest(unittest.TestCase):
    def test_passes_whole(self):
        host, port = SERVER.url.split(":")
        result = subprocess.run([H2SPEC, "-h", host, "-p", port, "-P", "/v2/health/live", "-o", "10"], stdout=subprocess.PIPE, text=True)
        passed = re.search(r"(\d+) tests, (\d+) passed, 0 skipped, 0 failed", result.stdout)
        self.assertIsNotNone(passed, result.stdout[-4000:])
        self.assertEqual(passed.group(1), passed.group(2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
