"""slipway doctor against a running server, and the units that slipway render makes."""
import json
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from oracle import write_model
from program import SLIPWAY, ProgramTest, Server, free_port


class Doctor(ProgramTest):
    def checks(self, *words, code=0):
        report = json.loads(self.slipway("doctor", *words, "--format", "json", code=code).stdout)
        return {row["check"]: row for row in report["items"]}

    def test_a_server_that_is_well_passes(self):
        server = Server(self, write_model(self.folder / "plus.onnx", 1))
        checks = self.checks("--host", server.url)
        self.assertEqual({row["result"] for row in checks.values()}, {"pass"}, checks)
        self.assertLessEqual({"ready", "version", "models", "clock", "queues", "connections", "descriptors", "cores", "memory", "store"},
                             set(checks))

    def test_a_model_that_failed_is_told_with_its_reason_and_what_to_do(self):
        write_model(self.folder / "models" / "plus" / "1" / "model.onnx", 1)
        broken = self.folder / "models" / "broken" / "1" / "model.onnx"
        broken.parent.mkdir(parents=True)
        broken.write_bytes(b"not a model")
        server = Server(self, self.folder / "models")
        checks = self.checks("--host", server.url, code=1)
        self.assertEqual(checks["model broken:1"]["result"], "fail")
        self.assertTrue(checks["model broken:1"]["detail"])
        self.assertIn("slipway load broken", checks["model broken:1"]["fix"])
        self.assertEqual(checks["ready"]["result"], "pass")

    def test_without_the_key_it_says_what_it_cannot_see(self):
        server = Server(self, write_model(self.folder / "plus.onnx", 1), "--require-key")
        checks = self.checks("--host", server.url, "--store", self.folder / "other")
        self.assertEqual(checks["models"]["result"], "warn")
        self.assertIn("--api-key-file", checks["models"]["fix"])
        self.assertNotIn("descriptors", checks)

    def test_where_there_is_no_server_it_says_so(self):
        self.assertIn("error", self.fails("doctor", "--host", f"http://127.0.0.1:{free_port()}", code=8))


class Units(ProgramTest):
    def test_units_are_accepted_by_systemd(self):
        model = write_model(self.folder / "my model.onnx", 1)
        self.slipway("render", "systemd", "--socket", "127.0.0.1:8080", "--admin-socket", "/run/slipway-admin.sock", "--user", "root", "-o",
                     "units", "--", model.name, "--drain-timeout", "30")
        units = {path.name: path.read_text() for path in (self.folder / "units").iterdir()}
        self.assertEqual(set(units), {"slipway.service", "slipway.socket", "slipway-admin.socket"})
        self.assertIn(f'ExecStart={SLIPWAY} serve "{model}" --drain-timeout 30\n', units["slipway.service"])
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd-analyze here")
        done = subprocess.run(["systemd-analyze", "verify", *map(str, (self.folder / "units").iterdir())], capture_output=True, text=True,
                              timeout=60)
        ours = [line for line in done.stderr.splitlines() if "slipway" in line]
        self.assertEqual(ours, [])

    def test_they_are_printed_too(self):
        text = self.slipway("render", "systemd", "--", "mnist").stdout
        self.assertIn("# /etc/systemd/system/slipway.service\n", text)
        self.assertIn("serve mnist\n", text)
        self.assertEqual(set(self.json("render", "systemd")["item"]), {"slipway.service"})

    def test_what_no_unit_may_say_is_refused(self):
        self.fails("render", "helm", code=2)
        self.fails("render", "systemd", "--user", "a b", code=2)
        self.fails("render", "systemd", "--socket", "8080\nExecStartPre=/bin/true", code=2)


if __name__ == "__main__":
    unittest.main()
