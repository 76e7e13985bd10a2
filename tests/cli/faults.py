"""What the tests of faults have in common: a store with a model whose answers tell their version, and a server of it."""
import json
import subprocess
import time
import urllib.request

from oracle import NEVER, write_model
from program import ProgramTest

CAN_MOUNT = subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


class FaultTest(ProgramTest):
    def setUp(self):
        super().setUp()
        for version in (1, 2):
            self.publish(version)

    def publish(self, version, name="plus", **keywords):
        return self.slipway("push", write_model(self.folder / f"{name}{version}.onnx", 1000 * version), "--name", name, **keywords)

    def post(self, server, path, body=b"{}"):
        key = (self.folder / "store" / "admin.key").read_text().strip()
        request = urllib.request.Request(server.url + path, data=body, headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def load(self, server, version, name="plus"):
        self.post(server, f"/v2/repository/models/{name}/load", json.dumps({"parameters": {"version": version}}).encode())

    def ask(self, server, x=1, model="plus"):
        body = json.dumps({"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [x]}]}).encode()
        with urllib.request.urlopen(f"{server.url}/v2/models/{model}/infer", data=body, timeout=30) as answer:
            return json.load(answer)["outputs"][0]["data"][0]

    def never(self, oracle):
        self.assertEqual({kind: oracle.counts[kind] for kind in NEVER}, dict.fromkeys(NEVER, 0), oracle.notes[:5])

    def until(self, condition, server):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, server.log())
            time.sleep(0.05)
