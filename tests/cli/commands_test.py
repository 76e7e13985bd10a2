"""The verbs, their exit codes and what they teach."""
import json
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from program import DATA, SLIPWAY, ProgramTest

MNIST = DATA / "mnist" / "mnist_k3.h5"
IRIS = DATA / "nets" / "iris.keras"


class Teaching(ProgramTest):
    def test_no_command_prints_the_overview(self):
        self.assertIn("slipway serve", self.slipway().stdout)

    def test_every_command_has_help_with_an_example(self):
        overview = self.slipway("help").stdout
        verbs = [line.split()[0] for line in overview.splitlines() if line.startswith("  ") and not line.startswith("  slipway")]
        self.assertGreater(len(verbs), 20)
        for verb in ("serve", "run", "import", "inspect", "verify", "compare", "push", "ls", "show", "history", "rm", "tag", "gc",
                     "ps", "status", "top", "logs", "dashboards", "load", "unload", "bench", "eval", "doctor", "version", "help", "explain-error", "completion"):
            self.assertIn(verb, verbs)
            self.assertIn(f"slipway {verb}", self.slipway(verb, "--help").stdout)

    def test_topics(self):
        for topic in ("formats", "signature", "store", "server", "exit-codes", "env", "errors"):
            self.slipway("help", topic)

    def test_a_mistyped_command_is_guessed(self):
        self.assertIn("did you mean import?", self.fails("imprt", code=2))

    def test_a_mistyped_flag_is_guessed(self):
        self.assertIn("did you mean --format?", self.fails("ls", "--fromat", "json", code=2))

    def test_a_wrong_choice_is_refused(self):
        self.assertIn("table|wide|json|name", self.fails("ls", "--format", "xml", code=2))

    def test_a_missing_argument_is_named(self):
        self.assertIn("MODEL", self.fails("inspect", code=2))

    def test_errors_are_explained(self):
        self.assertIn("SLIPWAY-E2104", self.slipway("explain-error", "2104").stdout)
        self.fails("explain-error", "9999", code=3)
        errors = [line.split()[0] for line in self.slipway("help", "errors").stdout.splitlines() if "SLIPWAY-E" in line]
        for error in errors:
            explanation = self.json("explain-error", error)["item"]["explanation"]
            self.assertGreater(len(explanation), 40, error)

    def test_completion(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("slipway", self.slipway("completion", shell).stdout)
        script = self.slipway("completion", "bash").stdout
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        self.fails("completion", "csh", code=2)

    def test_version_and_doctor(self):
        self.assertRegex(self.slipway("version").stdout, r"slipway \d+\.\d+\.\d+\nonnxruntime \d+\.")
        checks = {row["check"]: row["result"] for row in self.json("doctor")["items"]}
        self.assertEqual(checks["engine"], "pass")
        self.assertEqual(checks["importer"], "pass")

    def test_nothing_is_kept_about_its_use_or_told_to_anybody(self):
        home = self.folder / "home"
        home.mkdir()
        self.environment.update(HOME=str(home))
        self.slipway("version")
        self.assertEqual([path.name for path in self.folder.rglob("*")], ["home"])

    # Fault E13: output into a closed pipe
    def test_output_into_a_closed_pipe_is_no_error(self):
        done = subprocess.run(f"{SLIPWAY} help errors | head -1", shell=True, capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.stderr, "")


class ModelWork(ProgramTest):
    def test_import_and_run(self):
        self.slipway("import", MNIST, "-o", "mnist.onnx", "--check", DATA / "mnist" / "mnist.npz")
        self.slipway("run", "mnist.onnx", "-i", f"image=@{DATA}/mnist/mnist.npz:in_0", "-o", "out.npz")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir() if path.name != "store"), ["mnist.onnx", "out.npz"])
        self.slipway("compare", "mnist.onnx", MNIST, "-i", f"@{DATA}/mnist/mnist.npz")

    def test_run_prints_json(self):
        done = self.slipway("run", IRIS, "-i", f"@{DATA}/nets/iris.npz")
        outputs = json.loads(done.stdout)
        self.assertEqual(len(next(iter(outputs.values()))), 150)

    def test_run_reads_json_from_standard_input(self):
        name = self.json("inspect", IRIS)["item"]["signature"]["inputs"][0]["name"]
        done = self.slipway("run", IRIS, "--json", "@-", input=json.dumps({name: [[5.1, 3.5, 1.4, 0.2]]}))
        self.assertAlmostEqual(sum(next(iter(json.loads(done.stdout).values()))[0]), 1, places=4)

    def test_wrong_inputs_are_named(self):
        self.assertIn("did you mean image?", self.fails("run", MNIST, "-i", "imgae=[1]", code=2))
        self.assertIn("missing", self.fails("run", MNIST, code=2))
        error = self.fails("run", MNIST, "-i", "image=[[1,2],[3,4]]", code=2)
        self.assertIn("expected shape [N,28,28,1], got [2,2]", error)
        self.assertIn("ragged", self.fails("run", MNIST, "-i", "image=[[1,2],[3]]", code=2))

    def test_a_failing_check_ends_the_import(self):
        self.fails("import", MNIST, "-o", "mnist.onnx", "--check", DATA / "fashion" / "fashion.npz", code=6)
        self.assertFalse((self.folder / "mnist.onnx").exists())

    def test_missing_and_foreign_files(self):
        self.fails("import", "nothing.h5", code=3)
        self.fails("inspect", "nothing.onnx", code=3)
        (self.folder / "words.onnx").write_text("this is not a model")
        self.fails("import", "words.onnx", code=5)
        (self.folder / "cut.h5").write_bytes(MNIST.read_bytes()[:20000])
        self.fails("import", "cut.h5", code=4)

    def test_a_doubtful_loss_is_warned_of(self):
        self.assertIn("warning", self.slipway("import", DATA / "tutorials" / "cifar_tutorial_wrong_loss.h5").stderr)
        self.assertNotIn("loss", self.slipway("import", DATA / "tutorials" / "cifar_tutorial.h5").stderr)

    def test_eval_prints_an_interval(self):
        item = self.json("eval", DATA / "tutorials" / "mlp_binary.keras", "--data", DATA / "tutorials" / "mlp_binary.npz")["item"]
        self.assertAlmostEqual(item["value"], 0.95, places=6)
        self.assertLess(item["interval95"][0], 0.95)
        self.assertGreater(item["interval95"][1], 0.95)
        self.slipway("eval", DATA / "tutorials" / "mlp_binary.keras", "--data", DATA / "tutorials" / "mlp_binary.npz", "--at-least", "0.99", code=6)

    def test_verify_and_inspect(self):
        self.assertIn("engine", self.slipway("verify", MNIST).stdout)
        self.assertIn("Conv", self.slipway("inspect", MNIST, "--ops").stdout)
        self.assertIn("image f32[N,28,28,1]", self.slipway("inspect", MNIST, "--signature").stdout)

    def test_bench_in_this_process(self):
        rows = self.json("bench", IRIS, "--concurrency", "1,2", "--duration", "0.1", "--batch", "4", "--threads", "2")["items"]
        self.assertEqual([row["concurrency"] for row in rows], [1, 2])
        for row in rows:
            self.assertGreater(row["answers"], 0)
            self.assertEqual(row["rows_per_request"], 4)
        self.slipway("bench", IRIS, "--duration", "0.1", "--slo", "p50=0.001us", code=12)
        self.assertIn("--concurrency", self.fails("bench", IRIS, "--concurrency", "0", code=2))
        self.assertIn("p99=20ms", self.fails("bench", IRIS, "--slo", "p99", code=2))
        self.assertIn("URL", self.fails("bench", IRIS, "--rate", "10", code=2))

    def test_eval_says_what_a_set_lacks(self):
        self.assertIn("--data", self.fails("eval", IRIS, code=2))
        self.fails("eval", IRIS, "--data", "absent.npz", code=3)
        self.assertIn("no labels", self.fails("eval", IRIS, "--data", DATA / "nets" / "iris.npz", code=3))


class Interrupted(ProgramTest):
    """Ctrl-C at several moments: the exit code says so, and nothing half done is left."""

    def interrupt(self, words, delay, expected):
        process = subprocess.Popen([SLIPWAY, *map(str, words)], cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=60)[1]
        # -2: it came before the program's first line, when there was nothing to clean up; a shell says 130 too.
        self.assertIn(process.returncode, (0, 130, -2), error)
        self.assertEqual([name for name in self.leftovers() if name not in expected], [])
        return process.returncode

    def test_importing(self):
        codes = set()
        for delay in (0.02, 0.05, 0.1, 0.2, 0.4):
            codes.add(self.interrupt(("import", DATA / "fashion" / "fashion.keras", "-o", "out.onnx"), delay, ["out.onnx"]))
        self.assertIn(130, codes)

    def test_publishing(self):
        codes = set()
        for delay in (0.02, 0.05, 0.1, 0.2, 0.4):
            codes.add(self.interrupt(("push", DATA / "fashion" / "fashion.keras", "--name", "fashion"), delay, []))
            self.json("ls")
        self.assertIn(130, codes)
        self.slipway("push", DATA / "fashion" / "fashion.keras", "--name", "fashion")
        self.slipway("verify", "fashion")

    def test_measuring(self):
        self.assertEqual(self.interrupt(("bench", IRIS, "--duration", "60"), 1.0, []), 130)


class Formats(ProgramTest):
    """Every verb that prints a result prints it as JSON in one envelope."""

    def test_json_everywhere(self):
        x = json.dumps(np.load(DATA / "nets" / "iris.npz")["in_0"][:2].tolist())
        np.savez(self.folder / "set.npz", in_0=np.load(DATA / "nets" / "iris.npz")["in_0"], label=np.zeros(150, "int64"))
        name = self.json("inspect", IRIS)["item"]["signature"]["inputs"][0]["name"]
        commands = [("push", IRIS, "--name", "iris", "--dry-run"), ("push", IRIS, "--name", "iris"), ("ls",), ("ls", "iris"),
                    ("show", "iris"), ("tag", "iris:1", "prod"), ("tag", "iris:1", "prod", "--remove"), ("history", "iris"),
                    ("import", IRIS), ("inspect", "iris"), ("verify", "iris"), ("compare", "iris", IRIS),
                    ("run", "iris", "-i", f"{name}={x}"), ("run", "iris", "-i", f"{name}={x}", "-o", "out.json"),
                    ("eval", "iris", "--data", "set.npz"), ("bench", "iris", "--duration", "0.05"), ("rm", "iris:1", "--dry-run"),
                    ("rm", "iris", "--all"), ("gc", "--dry-run"), ("gc", "--minimum-age", "0"), ("doctor",), ("version",), ("help",),
                    ("help", "formats"), ("explain-error", "2104"), ("completion", "bash")]
        for words in commands:
            with self.subTest(words[0]):
                envelope = self.json(*words)
                self.assertEqual(envelope["apiVersion"], "slipway/v1")
                self.assertRegex(envelope["kind"], "^[A-Z][A-Za-z]+$")
                self.assertEqual(("item" in envelope) + ("items" in envelope), 1)

    def test_quiet_prints_names_alone(self):
        self.assertEqual(self.slipway("push", IRIS, "--name", "iris", "-q").stdout, "iris:1\n")
        for words in (("ls",), ("show", "iris")):
            done = self.slipway(*words, "-q")
            self.assertEqual((done.stdout, done.stderr), ("iris:1\n", ""))

    def test_headers_may_be_left_out(self):
        self.slipway("push", IRIS, "--name", "iris")
        self.assertEqual(len(self.slipway("ls", "--no-headers").stdout.splitlines()), 1)

    def test_nothing_but_text_where_no_terminal_is(self):
        for words in (("import", MNIST), ("doctor",), ("push", MNIST)):
            done = self.slipway(*words)
            self.assertNotIn("\x1b", done.stdout + done.stderr)
            self.assertNotIn("\r", done.stdout + done.stderr)

    # Bad input S10: a full disk on output is an error, a path with spaces, a newline and a dash is not
    def test_odd_paths_and_full_disks(self):
        odd = self.folder / "-odd name\n.onnx"
        self.slipway("import", IRIS, "-o", odd)
        self.slipway("verify", "--", odd.name)
        done = subprocess.run(f"{SLIPWAY} help errors >/dev/full", shell=True, capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertTrue(done.stderr.startswith("error"), done.stderr)


class Store(ProgramTest):
    def push(self, *flags):
        return self.json("push", MNIST, "--name", "mnist", *flags)["item"]

    def test_publish_list_tag_remove(self):
        first = self.push()
        self.assertEqual((first["model"], first["version"]), ("mnist", 1))
        self.assertEqual(self.push()["version"], 1, "the same content is the same version")
        self.json("push", IRIS, "--name", "mnist")
        rows = self.json("ls")["items"]
        self.assertEqual([(row["model"], row["version"]) for row in rows], [("mnist", 1), ("mnist", 2)])
        self.slipway("tag", "mnist:1", "prod")
        self.assertEqual(self.json("show", "mnist:prod")["item"]["version"], 1)
        self.assertEqual(self.slipway("ls", "-q").stdout.split(), ["mnist:1", "mnist:2"])
        self.fails("rm", "mnist", code=2)
        self.slipway("rm", "mnist:2")
        self.assertEqual([row["version"] for row in self.json("ls")["items"]], [1])
        self.assertEqual(self.json("gc", "--minimum-age", "0")["item"]["kept_blobs"] > 0, True)
        self.slipway("verify", "mnist:prod")
        words = [row["what"] for row in self.json("history", "mnist")["items"]]
        self.assertEqual(words[0], "published")
        self.assertIn("removed", words)

    def test_a_published_model_runs(self):
        self.push()
        self.slipway("run", "mnist", "-i", f"@{DATA}/mnist/mnist.npz", "-o", "out.npy")
        self.slipway("compare", "mnist:1", MNIST)

    def test_unknown_models_are_guessed(self):
        self.push()
        self.assertIn("mnist", self.fails("show", "mnits", code=3))
        self.fails("show", "mnist:7", code=3)
        self.fails("show", "-1bad", code=2)

    # Fault A5: by verify
    def test_damage_is_found(self):
        self.push()
        blobs = sorted((self.folder / "store" / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
        victim = blobs[-1]
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.chmod(0o644)
        victim.write_bytes(content)
        self.assertIn("SLIPWAY-E3002", self.fails("verify", "mnist", code=4))


if __name__ == "__main__":
    unittest.main()
