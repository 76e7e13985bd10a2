"""TLS as public clients speak it: curl, Python's ssl, and both tritonclients, over HTTP/1.1, HTTP/2 and gRPC on one port."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import gevent.ssl
import numpy as np
import tritonclient.grpc
import tritonclient.http

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from certificates import Authority
from slipway_server import DATA, SLIPWAY, Server

H2SPEC = pathlib.Path(__file__).resolve().parents[2] / "third_party" / "go-tools" / "h2spec"
IRIS = DATA / "nets" / "iris.h5"


def setUpModule():
    global FOLDER, AUTHORITY, CERTIFICATE, KEY, SERVER
    FOLDER = tempfile.TemporaryDirectory(prefix="slipway-test-")
    AUTHORITY = Authority(FOLDER.name)
    CERTIFICATE, KEY = AUTHORITY.issue("server")
    SERVER = Server(IRIS, flags=["--tls-cert", CERTIFICATE, "--tls-key", KEY, "--verbose"]).__enter__()


def tearDownModule():
    SERVER.__exit__()
    FOLDER.cleanup()


def curl(*words):
    """What curl prints, and its exit code."""
    done = subprocess.run(["curl", "-s", *map(str, words)], stdout=subprocess.PIPE, text=True)
    return done.stdout, done.returncode


def trusting(authority=None):
    return ssl.create_default_context(cafile=str((authority or AUTHORITY).file))


class CurlTest(unittest.TestCase):
    def test_chooses_the_protocol_by_alpn(self):
        ready = ["--cacert", AUTHORITY.file, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"https://{SERVER.url}/v2/health/ready"]
        self.assertEqual(curl("--http2", *ready)[0], "2 200")
        self.assertEqual(curl("--http1.1", *ready)[0], "1.1 200")
        self.assertEqual(curl("--no-alpn", *ready)[0], "1.1 200")

    def test_a_large_body_comes_and_goes(self):
        rows = json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]] * 50_000})
        for version in ("--http1.1", "--http2"):
            done = subprocess.run(["curl", "-sf", version, "--cacert", AUTHORITY.file, "-d", "@-", f"https://{SERVER.url}/v1/models/iris:predict"],
                                  input=rows, stdout=subprocess.PIPE, check=True, text=True)
            self.assertEqual(len(json.loads(done.stdout)["predictions"]), 50_000)

    def test_trusts_nobody_by_itself(self):
        self.assertEqual(curl(f"https://{SERVER.url}/")[1], 60)

    # Bad input H16: curl learns why clear text is not answered on the port of TLS
    def test_clear_text_is_told_so(self):
        answer, _ = curl("-w", " %{http_code}", f"http://{SERVER.url}/v2")
        self.assertIn("this port speaks TLS", answer)
        self.assertTrue(answer.endswith(" 400"), answer)

    # Bad input H16: a thousand wrong greetings leave no line in the log
    def test_wrong_greetings_do_not_fill_the_log(self):
        host, port = SERVER.url.split(":")
        log = pathlib.Path(SERVER.log.name)
        before = log.stat().st_size
        for greeting in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello") * 500:
            with socket.create_connection((host, int(port)), timeout=30) as client:
                client.sendall(greeting)
                client.recv(4096)
        self.assertEqual(log.stat().st_size, before)


class WatchingTest(unittest.TestCase):
    def get(self, path):
        return curl("--cacert", AUTHORITY.file, f"https://{SERVER.url}{path}")[0]

    # Fault E3: its end is told before it comes
    def test_metrics_tell_when_the_certificate_ends(self):
        ends = re.search(r"^slipway_tls_certificate_expiry_timestamp_seconds (\S+)", self.get("/metrics"), re.MULTILINE)
        self.assertAlmostEqual(float(ends.group(1)), time.time() + 2 * 86400, delta=600)
        self.assertIn("slipway_tls_handshakes_failed_total", self.get("/metrics"))

    def test_the_configuration_shows_the_bounds_of_handshakes(self):
        self.assertIn("tls_handshake_timeout", self.get("/v2/config"))


class PythonTest(unittest.TestCase):
    def test_http_client_infers_and_ends_in_order(self):
        host, port = SERVER.url.split(":")
        connection = http.client.HTTPSConnection(host, int(port), context=trusting(), timeout=30)
        for _ in range(3):
            connection.request("POST", "/v1/models/iris:predict", json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]]}))
            self.assertEqual(len(json.load(connection.getresponse())["predictions"][0]), 3)
        self.assertEqual(connection.sock.version(), "TLSv1.3")
        connection.close()

    def test_the_end_of_an_answer_is_said(self):
        host, port = SERVER.url.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as raw:
            with trusting().wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False) as tls:
                tls.sendall(b"GET /v2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = b""
                while part := tls.recv(65536):
                    answer += part
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)

    def test_a_client_returns_with_its_ticket(self):
        host, port = SERVER.url.split(":")
        context = trusting()
        session = None
        for reused in (False, True):
            with socket.create_connection((host, int(port)), timeout=30) as raw:
                with context.wrap_socket(raw, server_hostname="localhost", session=session) as tls:
                    tls.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n")
                    tls.recv(65536)
                    self.assertEqual(tls.session_reused, reused)
                    session = tls.session

    def test_tls12_is_refused(self):
        host, port = SERVER.url.split(":")
        context = trusting()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection((host, int(port)), timeout=30) as raw, self.assertRaises(ssl.SSLError):
            context.wrap_socket(raw, server_hostname="localhost")


class Http2Test(unittest.TestCase):
    def test_many_streams_are_all_answered(self):
        command = ["h2load", "-n", "5000", "-c", "4", "-m", "32", f"https://{SERVER.url}/v2/models/iris"]
        output = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertIn("5000 succeeded, 0 failed, 0 errored, 0 timeout", output)
        self.assertIn("Application protocol: h2\n", output)

    def test_passes_h2spec_whole(self):
        host, port = SERVER.url.split(":")
        command = [H2SPEC, "-t", "-k", "-h", host, "-p", port, "-P", "/v2/health/live", "-o", "10"]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
        self.assertRegex(output, r"\b(\d+) tests, \1 passed, 0 skipped, 0 failed")


class TritonTest(unittest.TestCase):
    ROWS = np.array([[5.1, 3.5, 1.4, 0.2]] * 4, np.float32)

    def check(self, module, client, name):
        tensor = module.InferInput(name, list(self.ROWS.shape), "FP32")
        tensor.set_data_from_numpy(self.ROWS)
        answer = client.infer("iris", [tensor])
        output = client.get_model_metadata("iris")
        output = output["outputs"][0]["name"] if isinstance(output, dict) else output.outputs[0].name
        self.assertEqual(answer.as_numpy(output).shape, (4, 3))

    def test_http(self):
        client = tritonclient.http.InferenceServerClient(
            SERVER.url, ssl=True, ssl_context_factory=lambda: gevent.ssl.create_default_context(cafile=str(AUTHORITY.file)))
        self.addCleanup(client.close)
        self.check(tritonclient.http, client, client.get_model_metadata("iris")["inputs"][0]["name"])

    def test_grpc(self):
        client = tritonclient.grpc.InferenceServerClient(SERVER.url, ssl=True, root_certificates=str(AUTHORITY.file))
        self.addCleanup(client.close)
        self.check(tritonclient.grpc, client, client.get_model_metadata("iris").inputs[0].name)


class SlipwayTest(unittest.TestCase):
    def slipway(self, *words):
        return subprocess.run([SLIPWAY, *map(str, words)], capture_output=True, text=True, env=SERVER.environment())

    def test_the_command_line_speaks_https(self):
        url = f"https://{SERVER.url}"
        self.assertIn("iris", self.slipway("ps", "--host", url, "--ca", AUTHORITY.file).stdout)
        bench = self.slipway("bench", url + "/v2/models/iris", "--ca", AUTHORITY.file, "-c", "1,4", "--duration", "0.2", "--format", "json")
        rows = json.loads(bench.stdout)["items"]
        self.assertTrue(all(row["answers"] > 0 and row["failures"] == 0 for row in rows), bench.stdout)

    def test_the_command_line_trusts_nobody_by_itself(self):
        refused = self.slipway("ps", "--host", f"https://{SERVER.url}")
        self.assertEqual(refused.returncode, 7)
        self.assertIn("--ca FILE", refused.stderr)

    def test_what_cannot_be_served_is_said(self):
        other, other_key = AUTHORITY.issue("other")
        for words, code, text in ((["--tls-cert", CERTIFICATE], 2, "belong together"),
                                  (["--tls-client-ca", AUTHORITY.file], 2, "needs --tls-cert"),
                                  (["--tls-cert", CERTIFICATE, "--tls-key", other_key], 11, "does not belong to the certificate"),
                                  (["--tls-cert", other, "--tls-key", "absent.key"], 3, "absent.key"),
                                  (["--tls-cert", other, "--tls-key", other_key, "--tls-min", "1.1"], 2, "1.1")):
            with self.subTest(words):
                done = self.slipway("serve", IRIS, "--port", "0", *words)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stderr)

    def test_the_curl_line_works_with_a_certificate_that_vouches_for_itself(self):
        own = Authority(FOLDER.name, "itself")
        with Server(IRIS, flags=["--tls-cert", own.file, "--tls-key", own.key]) as server:
            line = next(line for line in server.banner.splitlines() if line.startswith("try"))
            self.assertIn(f"--cacert {own.file}", line)
            answer = subprocess.run(["bash", "-c", line[line.index("curl "):]], capture_output=True, text=True)
        self.assertEqual(json.loads(answer.stdout)["model_name"], "iris")


class MutualTest(unittest.TestCase):
    # Bad input S6: curl without a certificate, or with one of another authority, gets no connection
    def test_only_clients_of_the_authority_are_answered(self):
        clients, others = Authority(FOLDER.name, "clients"), Authority(FOLDER.name, "others")
        flags = ["--tls-cert", CERTIFICATE, "--tls-key", KEY, "--tls-client-ca", clients.file]
        with Server(IRIS, flags=flags) as server:
            ready = ["--cacert", AUTHORITY.file, "-w", "%{http_code}", f"https://{server.url}/v2/health/ready"]
            certificate, key = clients.issue("client")
            self.assertIn("200", curl("--cert", certificate, "--key", key, *ready)[0])
            self.assertEqual(curl(*ready)[0], "000")
            stranger, stranger_key = others.issue("stranger")
            self.assertEqual(curl("--cert", stranger, "--key", stranger_key, *ready)[0], "000")
            command = [SLIPWAY, "ps", "--host", f"https://{server.url}", "--ca", AUTHORITY.file]
            shown = subprocess.run([*command, "--cert", certificate, "--cert-key", key], capture_output=True, text=True, env=server.environment())
            self.assertIn("iris", shown.stdout)
            self.assertEqual(subprocess.run(command, capture_output=True, env=server.environment()).returncode, 8)


class ReloadTest(unittest.TestCase):
    # Bad input S9: a new certificate that cannot be used leaves the old one
    # Fault E3: at a signal
    def test_a_new_certificate_is_taken_at_a_signal_and_a_bad_one_is_not(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=FOLDER.name))
        first, second = Authority(folder, "first"), Authority(folder, "second")
        pair = folder / "pair.crt", folder / "pair.key"

        def put(authority):
            for place, source in zip(pair, authority.issue("server")):
                place.with_suffix(".new").write_bytes(source.read_bytes())
                os.chmod(place.with_suffix(".new"), 0o600)
                os.rename(place.with_suffix(".new"), place)

        put(first)
        with Server(IRIS, flags=["--tls-cert", pair[0], "--tls-key", pair[1], "--verbose"]) as server:
            host, port = server.url.split(":")

            def served_by(authority):
                return curl("--cacert", authority.file, f"https://{server.url}/v2/health/live")[1] == 0

            def wait_for(condition):
                for _ in range(600):
                    if condition():
                        return
                    time.sleep(0.05)
                self.fail(pathlib.Path(server.log.name).read_text())

            old = http.client.HTTPSConnection(host, int(port), context=trusting(first), timeout=30)
            old.request("GET", "/v2/health/live")
            old.getresponse().read()
            put(second)
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: served_by(second))
            self.assertFalse(served_by(first))
            old.request("GET", "/v2/health/live")
            self.assertEqual(old.getresponse().status, 200)
            pair[1].write_text("no key")
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "the certificate stays as it was" in pathlib.Path(server.log.name).read_text())
            self.assertTrue(served_by(second))
            put(first)  # without a signal
            wait_for(lambda: served_by(first))


if __name__ == "__main__":
    unittest.main()
