"""A store on a file system whose machine loses power: what was acknowledged is there afterwards, and the rest is whole or absent."""
import fcntl
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import time
import unittest

from oracle import NEVER, REFUSED, Oracle, write_model
from program import SLIPWAY, ProgramTest, Server

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32), as XFS names it too
NO_LOG_FLUSH = 2  # nothing more reaches the disk, the journal's last transaction included
RUNS = 12
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def run(*words):
    return subprocess.run(list(map(str, words)), env=dict(os.environ, PATH=PATH), capture_output=True, text=True, timeout=60)


class PowerLoss(ProgramTest):
    def setUp(self):
        super().setUp()
        self.disk, self.mounted = self.folder / "disk", self.folder / "mounted"
        self.mounted.mkdir()
        with self.disk.open("wb") as file:
            file.truncate(48 << 20)
        made = run("mkfs.ext4", "-q", "-F", self.disk)
        self.assertEqual(made.returncode, 0, made.stderr)
        if self.mount().returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.environment["SLIPWAY_STORE"] = str(self.mounted / "store")
        self.addCleanup(lambda: run("umount", "-l", self.mounted))

    def mount(self):
        return run("mount", "-o", "loop", self.disk, self.mounted)

    def pull_the_plug(self):
        folder = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def power_comes_back(self):
        for _ in range(100):
            if run("umount", self.mounted).returncode == 0:
                break
            time.sleep(0.05)
        mounted = self.mount()
        self.assertEqual(mounted.returncode, 0, mounted.stderr)

    # Fault A2: power loss at any moment of a publish; an acknowledged version is never lost, the other one is whole or absent
    def test_an_acknowledged_version_outlives_the_power(self):
        choose = random.Random(11)
        begin = time.monotonic()
        self.slipway("push", write_model(self.folder / "1.onnx", 1000), "--name", "plus")
        takes, acknowledged = time.monotonic() - begin, 1
        for number in range(2, RUNS + 1):
            model = write_model(self.folder / f"{number}.onnx", 1000 * number)
            push = subprocess.Popen([SLIPWAY, "push", model, "--name", "plus"], env=self.environment, cwd=self.folder,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            time.sleep(choose.uniform(0, 1.5 * takes))
            # An fsync under way as the journal is aborted may answer 0 for what never reached the disk (ext4_fsync_journal finds its
            # transaction gone): after the plug, the program of a real machine acknowledges nothing either.
            acknowledged += push.poll() == 0
            self.pull_the_plug()
            said = push.communicate(timeout=60)[0]
            self.power_comes_back()
            versions = [item["version"] for item in self.json("ls", "plus")["items"]]
            self.assertGreaterEqual(len(versions), acknowledged, f"run {number} lost a version: {said}")
            for version in versions:
                self.slipway("verify", f"plus:{version}")
            acknowledged = len(versions)
        self.slipway("push", write_model(self.folder / "last.onnx", 77000), "--name", "plus")

    # Fault A2: of a server, what loads and serves; the next one finds its compiled models whole, or builds them anew
    def test_a_server_starts_again_after_the_power(self):
        shutil.copy(self.slipway_data("fashion/fashion.h5"), self.folder)
        self.slipway("push", self.folder / "fashion.h5", "--name", "fashion")
        for _ in range(3):
            server = Server(self, "fashion")
            self.pull_the_plug()
            server.stop(signal.SIGKILL)
            self.power_comes_back()
        server = Server(self, "fashion")
        self.assertEqual(json.loads(server.get("/v2/models/fashion/ready"))["ready"], True)
        self.assertEqual(server.stop(), 0)

    # Fault A4: from a moment on every read and write of the store is an I/O error
    def test_a_disk_that_fails_ends_nothing_that_serves(self):
        for version in (1, 2):
            self.slipway("push", write_model(self.folder / f"{version}.onnx", 1000 * version), "--name", "plus")
        server = Server(self, "plus:1", "--audit-log", self.mounted / "audit.log", "--access-log", self.mounted / "access.log")
        oracle = Oracle(server.port, "plus")
        oracle.wait_for(20)
        key = shutil.copy(self.mounted / "store" / "admin.key", self.folder)
        self.pull_the_plug()
        self.assertIn("Input/output error", self.fails("load", "plus:2", "--host", server.url, "--api-key-file", key, code=1))
        self.assertIn("no admin key: cannot open", self.fails("load", "plus:2", "--host", server.url, code=7))
        self.assertIn("catalogue cannot be opened: Input/output error", self.fails("push", self.folder / "2.onnx", "--name", "more", code=1))
        oracle.wait_for(100)
        oracle.stop()
        self.assertEqual({kind: oracle.counts[kind] for kind in NEVER}, dict.fromkeys(NEVER, 0), oracle.notes[:5])
        self.assertEqual(oracle.counts[REFUSED], 0)
        self.assertEqual(set(oracle.versions), {"1"})
        self.assertGreater(server.metric("slipway_access_log_lost_total"), 0)
        self.assertEqual(server.stop(), 0)
        self.power_comes_back()
        server = Server(self, "plus")
        self.slipway("push", self.folder / "2.onnx", "--name", "more")
        self.slipway("load", "more", "--host", server.url)
        self.assertEqual(server.stop(), 0)

    @staticmethod
    def slipway_data(name):
        return os.path.join(os.environ["SLIPWAY_TESTDATA"], name)


if __name__ == "__main__":
    unittest.main()
