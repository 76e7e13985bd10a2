"""Starts the built slipway on a free port for a test and stops it again."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile

BUILD = pathlib.Path(os.environ["SLIPWAY_BINARY_DIR"])
DATA = pathlib.Path(os.environ["SLIPWAY_TESTDATA"])
SLIPWAY = str(BUILD / "slipway")


class Server:
    """`with Server("model.h5", ...) as server:` serves until the block ends; server.url is "127.0.0.1:PORT"."""

    def __init__(self, *sources, flags=(), store=None):
        self.folder = tempfile.TemporaryDirectory(prefix="slipway-test-")
        self.store = store or self.folder.name + "/store"
        self.sources = [str(source) for source in sources]
        self.flags = list(map(str, flags))

    def environment(self):
        return dict(os.environ, SLIPWAY_STORE=self.store, NO_COLOR="1")

    def __enter__(self):
        self.log = open(self.folder.name + "/log", "w+")
        self.process = subprocess.Popen(
            [SLIPWAY, "serve", *self.sources, "--port", "0", *self.flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.environment())
        self.banner = ""
        for line in self.process.stdout:
            self.banner += line
            if match := re.search(r"curl .*https?://(127\.0\.0\.1:\d+)", line):
                self.url = match.group(1)
                return self
        self.log.seek(0)
        raise RuntimeError("the server did not start:\n" + self.banner + self.log.read())

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()

    def admin_headers(self):
        key = pathlib.Path(self.store, "admin.key").read_text().strip()
        return {"Authorization": "Bearer " + key}
