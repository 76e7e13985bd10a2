"""Runs the built slipway in a folder of its own."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["SLIPWAY_BINARY_DIR"])
DATA = pathlib.Path(os.environ["SLIPWAY_TESTDATA"])
SLIPWAY = str(BUILD / "slipway")


class ProgramTest(unittest.TestCase):
    """Gives every test a fresh folder with a fresh store."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="slipway-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = dict(os.environ, SLIPWAY_STORE=str(self.folder / "store"), TMPDIR=folder.name, NO_COLOR="1")

    def slipway(self, *words, code=0, **keywords):
        done = subprocess.run([SLIPWAY, *map(str, words)], capture_output=True, text=True, timeout=120, cwd=self.folder,
                              env=self.environment, **keywords)
        self.assertEqual(done.returncode, code, f"slipway {' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}")
        return done

    def fails(self, *words, code):
        """The command fails with this exit code; returns what it says on standard error."""
        done = self.slipway(*words, code=code)
        self.assertTrue(done.stderr.startswith("error"), done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def json(self, *words):
        return json.loads(self.slipway(*words, "--format", "json").stdout)
