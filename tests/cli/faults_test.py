"""A server and its store through faults: killed, without disk, without descriptors, with what it loads gone or broken, under load."""
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from oracle import CUT, NEVER, OK, REFUSED, Oracle, write_model
from program import BUILD, SLIPWAY, ProgramTest, Server

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

    def metric(self, server, name):
        return sum(float(line.rsplit(" ", 1)[1]) for line in server.get("/metrics").splitlines() if line.startswith(name))

    def never(self, oracle):
        self.assertEqual({kind: oracle.counts[kind] for kind in NEVER}, dict.fromkeys(NEVER, 0), oracle.notes[:5])


class UnderLoad(FaultTest):
    # Fault D4: reloads under load fail no request, and no answer mixes versions
    def test_a_thousand_reloads_fail_no_request(self):
        server = Server(self, "plus:1")
        oracle = Oracle(server.port, "plus")
        for i in range(1000):
            self.load(server, "1" if i % 2 else "2")
        oracle.wait_for(10)
        oracle.stop()
        self.never(oracle)
        self.assertEqual(oracle.counts[REFUSED], 0)
        self.assertEqual(set(oracle.versions), {"1", "2"})

    # Fault E6: SIGTERM under load loses no request, on connections that are kept
    def test_termination_under_load_loses_no_request(self):
        for _ in range(5):
            server = Server(self, "plus:1")
            oracle = Oracle(server.port, "plus", clients=8)
            oracle.wait_for(100)
            self.assertEqual(server.stop(), 0)
            oracle.wait_for(1, REFUSED)
            oracle.stop()
            self.never(oracle)
            self.assertIn("0 requests were dropped", server.log())

    # Fault E7: SIGKILL under load cuts what is in flight and nothing else
    # Fault A1: and while it loads; the store opens clean, and nothing is to be repaired
    def test_after_a_kill_at_any_moment_the_next_server_serves(self):
        choose = random.Random(7)
        for _ in range(5):
            server = Server(self, "plus:1")
            oracle = Oracle(server.port, "plus")
            oracle.wait_for(20)
            oracle.may_cut = True
            loading = subprocess.Popen([SLIPWAY, "load", "plus:2", "--host", server.url], env=self.environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(choose.uniform(0, 0.2))
            server.stop(signal.SIGKILL)
            loading.wait(60)
            oracle.wait_for(1, CUT)
            oracle.stop()
            self.never(oracle)
            self.assertEqual(self.slipway("verify", "plus:1").returncode, 0)
        server = Server(self, "plus")
        self.assertEqual(self.ask(server), 2001)

    # Fault E1: a wall clock that jumps, forward and back, changes no deadline and loses no request
    def test_a_clock_that_jumps_disturbs_nobody(self):
        clock = self.folder / "clock"
        clock.write_bytes(struct.pack("q", 0))
        self.environment.update(LD_PRELOAD=str(BUILD / "tests" / "libmoved_clock.so"), MOVED_CLOCK=str(clock),
                                ASAN_OPTIONS="verify_asan_link_order=0")
        log = self.folder / "access.log"
        server = Server(self, "plus:1", "--access-log", log)
        oracle = Oracle(server.port, "plus")
        oracle.wait_for(20)
        for seconds in (3600, -3600, 10 * 366 * 86400, 0):
            with clock.open("r+b") as file:
                file.write(struct.pack("q", seconds))
            self.load(server, "2")
            self.load(server, "1")
            oracle.wait_for(100)
        oracle.stop()
        self.never(oracle)
        self.assertEqual(oracle.counts[REFUSED], 0)
        self.assertEqual(server.stop(), 0)
        years = {json.loads(line)["time"][:4] for line in log.read_text().splitlines()}
        self.assertEqual(len(years), 2, "the clock did not jump")

    # Fault E9: what stopped for a while goes on, and answers what waited
    def test_a_server_that_was_stopped_goes_on(self):
        server = Server(self, "plus:1")
        oracle = Oracle(server.port, "plus")
        oracle.wait_for(20)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        server.process.send_signal(signal.SIGCONT)
        oracle.wait_for(100)
        oracle.stop()
        self.never(oracle)


class Disk(FaultTest):
    # Fault A3: a disk that is full fails a publish by name, and neither the store nor what is served
    def test_a_full_disk_fails_the_publish_alone(self):
        server = Server(self, "plus:1")
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        done = subprocess.run([SLIPWAY, "push", self.folder / "plus2.onnx", "--name", "more"], env=self.environment, capture_output=True,
                              text=True, timeout=60, preexec_fn=limit)
        self.assertIn(done.returncode, range(1, 12), done.stderr)
        self.assertTrue(done.stderr.startswith("error"), done.stderr)
        self.assertNotIn("more", self.slipway("ls").stdout)
        self.assertEqual(self.ask(server), 1001)
        self.publish(3)
        self.load(server, "3")
        self.assertEqual(self.ask(server), 3001)

    # Fault A3: the same on a file system that is full, with the server's audit log on it
    @unittest.skipUnless(CAN_MOUNT, "mounting is not allowed here")
    def test_a_full_file_system_is_survived(self):
        script = f"""
            set -e
            mkdir full && mount -t tmpfs -o size=2m tmpfs full && cp -r store full/store
            export SLIPWAY_STORE=$PWD/full/store
            "$SLIPWAY" serve plus:1 --port {(port := self.free_port())} --audit-log full/audit.log & server=$!
            trap 'kill -9 $server' EXIT
            for _ in $(seq 300); do curl -sf localhost:{port}/v2/health/ready && break; sleep 0.1; done
            head -c 10000000 /dev/zero > full/filler || true
            code=0; "$SLIPWAY" push plus2.onnx --name more || code=$?
            echo "push: $code"
            "$SLIPWAY" unload nothing --host http://localhost:{port} || true
            curl -s -d '{{"inputs":[{{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}}]}}' localhost:{port}/v2/models/plus/infer; echo
            rm full/filler
            "$SLIPWAY" push plus2.onnx --name more && "$SLIPWAY" verify more
            "$SLIPWAY" load more --host http://localhost:{port}
            tail -n 1 full/audit.log
            trap - EXIT; kill $server; wait $server
            """
        done = subprocess.run(["unshare", "-m", "bash", "-c", script], env=dict(self.environment, SLIPWAY=SLIPWAY), cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        self.assertRegex(said, r"push: [1-9]\b")
        self.assertIn("1001", said)
        self.assertIn('"act":"load"', said)

    # Fault A11: a store that cannot be written is served
    @unittest.skipUnless(CAN_MOUNT, "mounting is not allowed here")
    def test_a_read_only_store_is_served(self):
        Server(self, "plus:1").stop()  # the first start writes the admin key
        script = f"""
            mount --bind store store && mount -o remount,ro,bind store store || exit 99
            "$SLIPWAY" serve plus --port {(port := self.free_port())} & server=$!
            trap 'kill $server' EXIT
            for _ in $(seq 300); do curl -sf localhost:{port}/v2/health/ready && break; kill -0 $server || exit 1; sleep 0.1; done
            curl -s -d '{{"inputs":[{{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}}]}}' localhost:{port}/v2/models/plus/infer
            "$SLIPWAY" load plus:1 --host http://localhost:{port}
            "$SLIPWAY" push plus2.onnx --name more
            echo "push: $?"
            """
        done = subprocess.run(["unshare", "-m", "bash", "-c", script], env=dict(self.environment, SLIPWAY=SLIPWAY), cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        self.assertIn("2001", said)
        self.assertIn("plus:1 is ready", said)
        self.assertRegex(said, r"push: [1-9]\b")

    # Fault A5: a bit that flipped at rest is found when it is loaded, and never served
    def test_a_corrupt_object_is_not_loaded(self):
        server = Server(self, "plus:1")
        for path in (self.folder / "store").rglob("*"):
            if path.is_file() and b"oracle.py" in (content := path.read_bytes()) and b"\x00\x00\xfaD" in content:  # 2000.0
                path.chmod(0o600)
                path.write_bytes(content.replace(b"\x00\x00\xfaD", b"\x00\x00\xfaE"))
        with self.assertRaises(urllib.error.HTTPError):
            self.load(server, "2")
        self.assertEqual(self.ask(server), 1001)
        server.get("/v2/health/live")
        self.fails("verify", "plus:2", code=4)

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]


class Folders(FaultTest):
    def folder_server(self):
        write_model(self.folder / "models" / "plus" / "1" / "model.onnx", 1000)
        return Server(self, self.folder / "models", "--watch", "0.1")

    # Fault A10: a repository that vanished unloads nothing, and is followed again when it is back
    def test_a_repository_that_vanished_unloads_nothing(self):
        server = self.folder_server()
        oracle = Oracle(server.port, "plus")
        (self.folder / "models").rename(self.folder / "away")
        self.until(lambda: "models" in server.log() and "warning" in server.log().lower(), server)
        oracle.wait_for(50)
        (self.folder / "away").rename(self.folder / "models")
        write_model(self.folder / "models" / "plus" / "2" / "model.onnx", 2000)
        self.until(lambda: self.ask(server) == 2001, server)
        oracle.stop()
        self.never(oracle)

    # Fault A6: a model that is still being copied is not tried
    def test_a_half_copied_model_is_not_loaded_until_it_is_whole(self):
        server = self.folder_server()
        whole = write_model(self.folder / "whole.onnx", 2000).read_bytes()
        target = self.folder / "models" / "plus" / "2" / "model.onnx"
        target.parent.mkdir()
        with open(target, "wb", buffering=0) as file:
            for i in range(len(whole)):
                file.write(whole[i:i + 1])
                if i % 8 == 0:
                    time.sleep(0.05)
                    self.assertEqual(self.ask(server), 1001)
        self.until(lambda: self.ask(server) == 2001, server)
        self.assertNotIn("not loaded", server.log())

    def until(self, condition, server):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, server.log())
            time.sleep(0.05)


class Bounds(FaultTest):
    # Fault D6: without descriptors the accept waits without spinning, what is connected goes on, and new ones come in afterwards
    def test_without_descriptors_who_is_connected_goes_on(self):
        server = Server(self, "plus:1")
        oracle = Oracle(server.port, "plus", clients=2)
        oracle.wait_for(20)
        in_use = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (in_use, hard))
        waiting = [socket.create_connection(("127.0.0.1", int(server.port))) for _ in range(20)]
        oracle.wait_for(50)
        oracle.stop()
        self.never(oracle)
        before = self.cpu_ticks(server)
        time.sleep(1)
        self.assertLess(self.cpu_ticks(server) - before, 0.2 * os.sysconf("SC_CLK_TCK"), "it spins")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        for one in waiting:
            one.settimeout(30)
            one.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertTrue(one.recv(4096).startswith(b"HTTP/1.1 200"))
            one.close()

    @staticmethod
    def cpu_ticks(server):
        fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    # Fault E12: whoever does not read the log is not waited for
    def test_a_log_that_nobody_reads_stops_nothing(self):
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(write_end, True)
        port = Disk.free_port()
        process = subprocess.Popen([SLIPWAY, "serve", "plus:1", "--port", str(port), "--verbose"], env=self.environment, cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=write_end)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        os.close(write_end)
        oracle = Oracle(port, "plus", clients=2, may_refuse=True)  # until it is ready
        oracle.wait_for(50)
        oracle.stop()
        self.never(oracle)


if __name__ == "__main__":
    unittest.main()
