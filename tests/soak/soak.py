"""Keeps clients busy while it kills, ends, stops, reloads, publishes, overloads and takes the disk away; every answer is known.

    soak.py [--seconds 600] [--seed N]

Prints what it did and what became of every request. Exits with 1 if one was lost, wrong, cut short or failed without a reason.
"""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cli"))
from oracle import CUT, NEVER, OK, REFUSED, Oracle, write_model
from program import SLIPWAY, free_port

STORE_BYTES = 8 << 20
KEPT_VERSIONS = 4


class Soak:
    def __init__(self, folder, seed):
        self.folder, self.random, self.port = folder, random.Random(seed), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = dict(os.environ, SLIPWAY_STORE=str(folder / "store"), SLIPWAY_HOST=self.url, TMPDIR=str(folder), NO_COLOR="1")
        self.log = open(folder / "server.log", "a")
        self.process = None
        self.acts = collections.defaultdict(list)  # seconds, by what was done
        self.newest = 0

    def slipway(self, *words):
        return subprocess.run([SLIPWAY, *map(str, words)], capture_output=True, text=True, timeout=120, env=self.environment)

    def must(self, *words):
        done = self.slipway(*words)
        if done.returncode != 0:
            raise AssertionError(f"slipway {' '.join(map(str, words))}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def start(self):
        self.process = subprocess.Popen([SLIPWAY, "serve", "plus", "--port", self.port], env=self.environment, stdout=self.log,
                                        stderr=self.log)
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url + "/v2/health/ready", timeout=5).close()
                return
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError("the server does not start: " + (self.folder / "server.log").read_text()[-2000:])
            time.sleep(0.02)

    def publish(self):
        path = write_model(self.folder / "plus.onnx", 1000 * (self.newest + 1))
        item = json.loads(self.must("push", path, "--name", "plus", "--format", "json"))["item"]
        self.newest += 1
        if int(item["version"]) != self.newest:
            raise AssertionError(f"published {item}, expected version {self.newest}")

    # What is done to the server. Each leaves it serving.

    def reload(self):
        for _ in range(5):
            self.must("load", f"plus:{self.random.randint(max(1, self.newest - KEPT_VERSIONS + 1), self.newest)}")

    def publish_and_load(self):
        self.publish()
        self.must("load", "plus")
        if self.newest > KEPT_VERSIONS:
            self.must("rm", f"plus:{self.newest - KEPT_VERSIONS}")
            self.must("gc", "--minimum-age", "0")

    def fill_the_disk(self):
        filler = self.folder / "store" / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(1 << 16)):
                if file.tell() > 4 * STORE_BYTES:
                    raise AssertionError("the disk of the store has no bound")
        path = write_model(self.folder / "plus.onnx", 1000 * (self.newest + 1))
        if self.slipway("push", path, "--name", "plus").returncode == 0:
            raise AssertionError("a publish on a full disk said that it succeeded")
        filler.unlink()
        self.publish()

    def load_what_is_not_there(self):
        if self.slipway("load", f"plus:{self.newest + 100}").returncode != 3:
            raise AssertionError("a version that does not exist was loaded")

    def overload(self):
        crowd = Oracle(self.port, "plus", clients=48, may_refuse=True)
        time.sleep(2)
        crowd.stop()
        self.oracle.counts.update(crowd.counts)
        self.oracle.notes += crowd.notes

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        self.process.send_signal(signal.SIGCONT)

    def end_and_start(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise AssertionError(f"the server ended with {self.process.returncode}")
        self.start()

    def kill_and_start(self):
        self.oracle.may_cut = True
        self.process.kill()
        self.process.wait()
        killed = time.monotonic()
        self.start()
        self.oracle.wait_for_connections(since=killed)
        self.oracle.may_cut = False
        self.must("verify", "plus")

    ACTS = (reload, publish_and_load, fill_the_disk, load_what_is_not_there, overload, pause, end_and_start, kill_and_start)

    def run(self, seconds):
        for _ in range(2):
            self.publish()
        self.start()
        self.oracle = Oracle(self.port, "plus", clients=4, may_refuse=True)
        self.oracle.wait_for(50)
        before, until = self.resident(), time.monotonic() + seconds
        first_round = list(self.ACTS)
        while time.monotonic() < until or first_round:
            act = first_round.pop(0) if first_round else self.random.choice(self.ACTS)
            began = time.monotonic()
            act(self)
            self.acts[act.__name__].append(time.monotonic() - began)
            self.oracle.wait_for(20)
        self.oracle.stop()
        after = self.resident()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return before, after

    def resident(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def report(self, before, after):
        print(f"{'what was done':<26}{'times':>6}{'longest':>10}")
        for name, times in sorted(self.acts.items()):
            print(f"{name.replace('_', ' '):<26}{len(times):>6}{max(times):>8.2f} s")
        print(f"\n{'requests':<26}{sum(self.oracle.counts.values()):>6}")
        for kind in (OK, REFUSED, CUT, *NEVER):
            print(f"  {kind:<24}{self.oracle.counts[kind]:>6}")
        print(f"slowest right answer {self.oracle.slowest:.2f} s; resident memory {before:.0f} MiB at first, {after:.0f} MiB at the end")
        for note in self.oracle.notes[:10]:
            print("  " + note)


def with_a_disk_of_its_own():
    """In a mount namespace the store gets a small file system; the process goes on in there."""
    if os.environ.get("SLIPWAY_SOAK") != "mounted":
        os.environ["SLIPWAY_SOAK"] = "mounted"
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    can_mount = subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
    if can_mount:
        with_a_disk_of_its_own()
    with tempfile.TemporaryDirectory(prefix="slipway-soak-") as name:
        folder = pathlib.Path(name)
        (folder / "store").mkdir()
        if can_mount:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={STORE_BYTES}", "tmpfs", str(folder / "store")], check=True)
        else:
            Soak.ACTS = tuple(act for act in Soak.ACTS if act is not Soak.fill_the_disk)
        soak = Soak(folder, options.seed)
        print(f"seed {options.seed}, {options.seconds:g} s, {'a disk of 8 MiB' if can_mount else 'no full disk: mounting is not allowed here'}",
              flush=True)
        try:
            soak.report(*soak.run(options.seconds))
        finally:
            if soak.process is not None and soak.process.poll() is None:
                soak.process.kill()
                soak.process.wait()
            if can_mount:
                subprocess.run(["umount", "-l", str(folder / "store")])
        return 1 if any(soak.oracle.counts[kind] for kind in NEVER) else 0


if __name__ == "__main__":
    sys.exit(main())
