"""Every command and program in the documents runs as it is printed."""
import os
import pathlib
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(os.environ["SLIPWAY_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["SLIPWAY_BINARY_DIR"])
DOCUMENTED_PORT = "8080"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class Reader:
    """Does what a document says, from top to bottom, in a folder where `examples/` is. A `slipway serve` goes on until the next one."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.server = None
        (folder / "examples").symlink_to(ROOT / "examples")
        self.environment = dict(os.environ, SLIPWAY_STORE=str(folder / "store"), SLIPWAY_PORT=self.port, NO_COLOR="1",
                                SLIPWAY_HOST=f"http://127.0.0.1:{self.port}",
                                PATH=f"{BUILD}:{os.environ['PATH']}", TMPDIR=str(folder))

    def follow(self, document):
        for language, text in BLOCK.findall(document.read_text()):
            text = text.replace(DOCUMENTED_PORT, self.port).replace("build/release/slipway", "slipway")
            if language == "python":
                self.run([sys.executable, "-c", text])
            else:
                for command in text.replace("\\\n", " ").splitlines():
                    self.follow_command(command)

    def follow_command(self, command):
        words = shlex.split(command, comments=True)
        if not words:
            return
        if words[0] == "make":
            # Continuous integration makes these; a test inside `make test` cannot.
            assert command.split("#")[0].strip() in (ROOT / ".ci" / "run").read_text(), f"{command}: not in .ci/run"
        elif words[:2] == ["slipway", "serve"]:
            self.serve(words)
        else:
            self.run(["bash", "-c", command])

    def run(self, command):
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"

    def serve(self, command):
        self.stop()
        self.log = open(self.folder / "log", "w+")
        self.server = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log)
        ready = f"{'https' if '--tls-cert' in command else 'http'}://127.0.0.1:{self.port}/v2/health/ready"
        anybody = ssl._create_unverified_context()
        for _ in range(600):
            try:
                with urllib.request.urlopen(ready, timeout=10, context=anybody) as answer:
                    assert answer.status == 200
                    return
            except OSError:
                assert self.server.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
        raise AssertionError("the server was not ready in time: " + (self.folder / "log").read_text())

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(30)
            self.log.close()
            self.server = None


class Documents(unittest.TestCase):
    def follow(self, name):
        with tempfile.TemporaryDirectory(prefix="slipway-test-") as folder:
            reader = Reader(pathlib.Path(folder))
            try:
                reader.follow(ROOT / name)
            finally:
                reader.stop()

    def test_the_readme(self):
        self.follow("README.md")

    def test_the_chinese_readme(self):
        self.follow("README.zh-CN.md")

    def test_the_page_on_serving(self):
        self.follow("docs/serving.md")

    def test_the_page_on_batching(self):
        self.follow("docs/batching.md")

    def test_the_page_on_moving_from_other_servers(self):
        self.follow("docs/migrate.md")

    def test_both_readmes_print_the_same_commands(self):
        def commands(name):
            return re.sub(r" *#.*", "", "".join(text for _, text in BLOCK.findall((ROOT / name).read_text())))
        self.assertEqual(commands("README.md"), commands("README.zh-CN.md"))

    def test_links_between_documents_lead_somewhere(self):
        listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        for name in listed:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / name).read_text()):
                self.assertTrue(((ROOT / name).parent / target).exists(), f"{name} links to {target}")


if __name__ == "__main__":
    unittest.main()
