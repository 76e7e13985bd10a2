"""What the whole program refuses that no single room sees."""
import http.client
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from program import DATA, SLIPWAY, ProgramTest
from slipway_server import Server

IRIS = DATA / "nets" / "iris.keras"


def setUpModule():
    global SERVER
    SERVER = Server(IRIS).__enter__()


def tearDownModule():
    SERVER.__exit__()


def ask(method, path, body=None, **headers):
    """One request on a connection of its own: status, headers in lower case, body."""
    connection = http.client.HTTPConnection(SERVER.url, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


class Refusals(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(ask("GET", "/v2/health/live")[0], 200)

    # Bad input H24: a multipart body is no request of ours, whatever its parts are named
    def test_multipart_is_refused_unparsed(self):
        part = 'Content-Disposition: form-data; name="x"; filename*=' + "UTF-8''" + "%41" * 5000 + "\r\n\r\n1\r\n"
        status, _, text = ask("POST", "/v2/models/iris/infer", ("--b\r\n" + part) * 100, Content_Type="multipart/form-data; boundary=b")
        self.assertEqual(status, 415, text)

    # Bad input H25: no origin is allowed, named or null
    def test_preflights_get_no_cors_headers(self):
        for origin in ("https://evil.example", "null"):
            for method, path in (("OPTIONS", "/v2/models/iris/infer"), ("GET", "/v2/models/iris")):
                status, headers, _ = ask(method, path, Origin=origin, Access_Control_Request_Method="POST")
                self.assertLess(status, 500)
                self.assertFalse([name for name in headers if name.startswith("access-control-")], headers)

    # Bad input H26: an upgrade to WebSocket is not offered
    def test_an_upgrade_is_not_taken(self):
        status, headers, _ = ask("GET", "/v2/health/live", Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version="13",
                                 Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
        self.assertNotEqual(status, 101)
        self.assertNotIn("sec-websocket-accept", headers)


class Sources(ProgramTest):
    # Bad input P12: a URL is no source of a model, however it is written
    def test_nothing_is_fetched_by_url(self):
        for url in ("http://127.0.0.1/m.h5", "http://[::1]/m.h5", "http://2130706433/m.h5", "http://0x7f.1/m.h5", "file:///etc/passwd",
                    "http://evil.example\\@good.example/m.h5", "gopher://127.0.0.1/m", "https://user:pass@good.example/m.onnx"):
            for verb in (("import", url, "-o", "m.onnx"), ("push", url)):
                done = subprocess.run([SLIPWAY, *verb], capture_output=True, text=True, timeout=60, cwd=self.folder, env=self.environment)
                self.assertIn(done.returncode, (2, 3), done.stderr)
                self.assertTrue(done.stderr.startswith("error"), done.stderr)


if __name__ == "__main__":
    unittest.main()
