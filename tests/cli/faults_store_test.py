"""A store through faults, beside a server of it: without disk, without inodes, locked, damaged, removed, written by many; a folder that comes and goes."""
import json
import resource
import sqlite3
import subprocess
import time
import unittest
import urllib.error

from faults import CAN_MOUNT, FaultTest
from oracle import REFUSED, Oracle, write_model
from program import SLIPWAY, Server, free_port


class Disk(FaultTest):
    def with_mounts(self, script):
        """What a script says that may mount and succeeds."""
        done = subprocess.run(["unshare", "-m", "bash", "-c", script], env=dict(self.environment, SLIPWAY=SLIPWAY), cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        return said

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
            "$SLIPWAY" serve plus:1 --port {(port := free_port())} --audit-log full/audit.log & server=$!
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
        said = self.with_mounts(script)
        self.assertRegex(said, r"push: [1-9]\b")
        self.assertIn("1001", said)
        self.assertIn('"act":"load"', said)

    # Fault A11: a store that cannot be written is served
    @unittest.skipUnless(CAN_MOUNT, "mounting is not allowed here")
    def test_a_read_only_store_is_served(self):
        Server(self, "plus:1").stop()  # the first start writes the admin key
        script = f"""
            mount --bind store store && mount -o remount,ro,bind store store || exit 99
            "$SLIPWAY" serve plus --port {(port := free_port())} & server=$!
            trap 'kill $server' EXIT
            for _ in $(seq 300); do curl -sf localhost:{port}/v2/health/ready && break; kill -0 $server || exit 1; sleep 0.1; done
            curl -s -d '{{"inputs":[{{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}}]}}' localhost:{port}/v2/models/plus/infer
            "$SLIPWAY" load plus:1 --host http://localhost:{port}
            "$SLIPWAY" push plus2.onnx --name more
            echo "push: $?"
            """
        said = self.with_mounts(script)
        self.assertIn("2001", said)
        self.assertIn("plus:1 is ready", said)
        self.assertRegex(said, r"push: [1-9]\b")

    # Fault A11: nor is one whose file system has no inodes left; with some it takes again what it is given
    @unittest.skipUnless(CAN_MOUNT, "mounting is not allowed here")
    def test_a_file_system_without_inodes_is_survived(self):
        script = f"""
            mkdir full && mount -t tmpfs -o nr_inodes=200 tmpfs full && cp -r store full/store || exit 99
            export SLIPWAY_STORE=$PWD/full/store
            "$SLIPWAY" serve plus:1 --port {(port := free_port())} --audit-log full/audit.log & server=$!
            trap 'kill -9 $server' EXIT
            for _ in $(seq 300); do curl -sf localhost:{port}/v2/health/ready && break; kill -0 $server || exit 1; sleep 0.1; done
            mkdir full/filler; (i=0; while : > full/filler/$((i++)); do :; done) 2> refused
            "$SLIPWAY" push plus2.onnx --name more
            echo "push: $?"
            "$SLIPWAY" load plus:2 --host http://localhost:{port}
            curl -s -d '{{"inputs":[{{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}}]}}' localhost:{port}/v2/models/plus/infer
            rm -r full/filler
            "$SLIPWAY" push plus2.onnx --name more && "$SLIPWAY" verify more && "$SLIPWAY" load more --host http://localhost:{port} || exit 1
            trap - EXIT; kill $server; wait $server
            """
        said = self.with_mounts(script)
        self.assertRegex(said, r"push: [1-9]\b")
        self.assertIn("SLIPWAY-E3001", said)
        self.assertIn("no inodes", said)
        self.assertIn("2001", said)
        self.assertIn("more is ready", said)

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


class Shared(FaultTest):
    """A store that many processes write at once."""

    def push_process(self, path, name):
        process = subprocess.Popen([SLIPWAY, "push", path, "--name", name, "--format", "json"], env=self.environment, cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return process

    def publish_at_once(self, contents, name):
        """The version that became of each, of all at the same time."""
        paths = [write_model(self.folder / f"{name}{content}.onnx", content) for content in contents]
        versions = []
        for push in [self.push_process(path, name) for path in paths]:
            said, complained = push.communicate(timeout=120)
            self.assertEqual(push.returncode, 0, complained)
            versions.append(json.loads(said)["item"]["version"])
        return versions

    # Fault A7: by as many commands, and the same content by ten
    def test_fifty_publish_one_name_at_once(self):
        self.assertEqual(sorted(self.publish_at_once(range(50), "many")), list(range(1, 51)))
        self.assertEqual([item["version"] for item in self.json("ls", "many")["items"]], list(range(1, 51)))
        self.slipway("verify", "many:50")
        self.assertEqual(self.publish_at_once([0] * 10, "one"), [1] * 10)

    # Fault A8: of what is served, of what loads at that moment, and of what is loaded next
    def test_what_is_removed_of_the_store_serves_on(self):
        server = Server(self, "plus:1")
        oracle = Oracle(server.port, "plus")
        self.slipway("rm", "plus", "--all")
        self.slipway("gc", "--minimum-age", "0")
        oracle.wait_for(50)
        with self.assertRaises(urllib.error.HTTPError):
            self.load(server, "2")
        for version in range(3, 9):
            self.publish(version)
            loading = subprocess.Popen([SLIPWAY, "load", f"plus:{version}", "--host", server.url], env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.slipway("rm", f"plus:{version}")
            self.slipway("gc", "--minimum-age", "0")
            loading.wait(60)
            oracle.wait_for(20)
        self.publish(9)
        self.load(server, "9")
        self.assertEqual(self.ask(server), 9001)
        oracle.stop()
        self.never(oracle)
        self.assertEqual(oracle.counts[REFUSED], 0)
        self.slipway("verify", "plus:9")

    # Fault B1: a write waits for it, and says who is to be waited for; reading, serving and loading wait for nobody
    def test_a_catalogue_that_another_process_holds_stops_writes_alone(self):
        server = Server(self, "plus:1")
        oracle = Oracle(server.port, "plus")
        other = sqlite3.connect(self.folder / "store" / "catalogue.db", isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        path = write_model(self.folder / "more.onnx", 0)
        refused = self.push_process(path, "more")
        self.load(server, "2")
        self.assertEqual(self.ask(server), 2001)
        self.assertEqual(len(self.json("ls", "plus")["items"]), 2)
        said = refused.communicate(timeout=60)[1]
        self.assertEqual(refused.returncode, 10, said)
        self.assertIn("SLIPWAY-E3005", said)
        self.assertIn("fuser", said)
        waiting = self.push_process(path, "more")
        time.sleep(1)
        other.execute("ROLLBACK")
        said = waiting.communicate(timeout=60)[1]
        self.assertEqual(waiting.returncode, 0, said)
        oracle.wait_for(20)
        oracle.stop()
        self.never(oracle)


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


if __name__ == "__main__":
    unittest.main()
