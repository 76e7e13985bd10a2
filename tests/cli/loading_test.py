"""Models that are kept compiled, and the memory that models may have."""
import json
import pathlib
import time
import unittest
import urllib.request

from program import DATA, ProgramTest, Server, is_sanitized

CIFAR = DATA / "tutorials" / "cifar_tutorial.h5"
FASHION = DATA / "fashion" / "fashion.h5"  # more than a MiB of weights


class LoadingTest(ProgramTest):
    def answer(self, server, name="fashion"):
        model, spec = name, json.loads(server.get(f"/v2/models/{name}"))["inputs"][0]
        shape, name = [1, *spec["shape"][1:]], spec["name"]
        count = 1
        for size in shape:
            count *= size
        body = {"inputs": [{"name": name, "shape": shape, "datatype": "FP32", "data": [(i % 13) / 13 for i in range(count)]}]}
        request = urllib.request.Request(f"{server.url}/v2/models/{model}/infer", json.dumps(body).encode())
        return json.load(urllib.request.urlopen(request, timeout=30))["outputs"][0]["data"]

    def held(self, *models):
        """What they take in memory, as a server shows it that has room for all."""
        server = Server(self, *models)
        held = server.metric("slipway_memory_held_bytes ")
        server.stop()
        return int(held)

    def entries(self):
        return sorted(pathlib.Path(self.environment["SLIPWAY_STORE"]).glob("cache/compiled/*"))

    def test_a_model_is_compiled_once_and_answers_the_same_ever_after(self):
        self.slipway("push", FASHION, "--name", "fashion")
        answers, outcomes = [], []
        for options in (("--compile-cache", "0"), (), ()):
            server = Server(self, "fashion", *options)
            answers.append(self.answer(server))
            outcomes.append([int(server.metric(f'slipway_compile_cache_total{{outcome="{what}"}}')) for what in ("compiled", "built", "found")])
            server.stop()
        self.assertEqual(outcomes, [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])
        self.assertEqual(len(self.entries()), 1)

    def test_a_damaged_one_is_built_anew(self):
        self.slipway("push", FASHION, "--name", "fashion")
        server = Server(self, "fashion")
        answer = self.answer(server)
        server.stop()
        for file in self.entries()[0].iterdir():
            if file.name not in ("entry.json", "notes.json"):
                file.write_bytes(file.read_bytes()[:-1] + b"X")
        server = Server(self, "fashion")
        self.assertEqual(self.answer(server), answer)
        self.assertEqual(server.metric('slipway_compile_cache_total{outcome="damaged"}'), 1)
        self.assertIn("built anew", server.log())
        server.stop()

    # Fault A5: of a model that was compiled before; what serves is whole, and what is not is said.
    def test_a_damaged_package_serves_as_it_was_compiled_and_says_so(self):
        self.slipway("push", FASHION, "--name", "fashion")
        server = Server(self, "fashion")
        answer = self.answer(server)
        server.stop()
        largest = max(pathlib.Path(self.environment["SLIPWAY_STORE"]).glob("blobs/sha256/*"), key=lambda path: path.stat().st_size)
        largest.chmod(0o600)
        largest.write_bytes(largest.read_bytes()[:-1] + b"X")
        server = Server(self, "fashion")
        self.assertEqual(self.answer(server), answer)
        deadline = time.monotonic() + 60
        while "publish it again" not in server.log():
            self.assertLess(time.monotonic(), deadline, server.log())
            time.sleep(0.05)
        reasons = [item["reason"] for item in self.json("ps", "--host", server.url)["items"]]
        self.assertIn("its files are damaged", reasons[0])
        server.stop()
        self.assertIn("SLIPWAY-E3002", self.slipway("verify", "fashion", code=4).stderr)
        refused = self.slipway("serve", "fashion", "--port", "0", "--compile-cache", "0", code=4)
        self.assertIn(largest.name[:12], refused.stderr)

    # Fault C3: said everywhere
    @unittest.skipIf(is_sanitized(), is_sanitized.__doc__)
    def test_a_load_beyond_the_budget_is_refused_and_says_so_everywhere(self):
        self.slipway("push", FASHION, "--name", "fashion")
        self.slipway("push", DATA / "nets" / "iris.h5", "--name", "iris")
        budget = self.held("iris") + FASHION.stat().st_size // 4
        server = Server(self, "iris", "--memory-budget", budget)
        done = self.slipway("load", "fashion", "--host", server.url, code=9)
        self.assertIn("SLIPWAY-E4005", done.stderr)
        self.assertRegex(done.stderr, rf"needs about [\d.]+ MiB, and [\d.]+ ([KM]i)?B are left of the {budget / 2**20:.1f} MiB")
        self.assertIn("needs about", server.log())
        index = json.load(urllib.request.urlopen(urllib.request.Request(f"{server.url}/v2/repository/index", b"{}", {
            "Slipway-Key": (pathlib.Path(self.environment["SLIPWAY_STORE"]) / "admin.key").read_text().strip()}), timeout=30))
        self.assertIn("needs about", next(row for row in index if row["name"] == "fashion")["reason"])
        self.assertGreater(server.metric("slipway_memory_held_bytes"), 0)
        self.assertEqual(server.metric("slipway_memory_budget_bytes"), budget)
        server.stop()

    @unittest.skipIf(is_sanitized(), is_sanitized.__doc__)
    def test_models_that_do_not_fit_together_take_turns(self):
        self.slipway("push", FASHION, "--name", "fashion")
        small = [f"cifar{i}" for i in range(6)]
        for name in small:
            self.slipway("push", CIFAR, "--name", name)
        roomy = Server(self, "fashion", *small)
        expected = {name: self.answer(roomy, name) for name in ("fashion", *small)}
        everything = int(roomy.metric("slipway_memory_held_bytes "))
        roomy.stop()
        # Whichever loads first is charged with what the engine keeps.
        large = self.held("fashion")
        one = (everything - large) // len(small)
        budget = large + one
        server = Server(self, "fashion", *small, "--memory-budget", budget)
        for _ in range(3):
            for name, answer in expected.items():
                self.assertEqual(self.answer(server, name), answer)
                self.assertLessEqual(server.metric("slipway_memory_held_bytes "), budget)
        self.assertGreaterEqual(server.metric('slipway_models_paged_total{direction="in"}'), 3)
        reasons = [item["reason"] for item in self.json("ps", "--all", "--host", server.url)["items"]]
        self.assertTrue(any("left memory" in reason for reason in reasons), reasons)
        server.stop()
        strict = Server(self, "fashion", "--memory-budget", large + one // 2, "--when-full", "refuse")
        self.assertIn("SLIPWAY-E4005", self.slipway("load", "cifar0", "--host", strict.url, code=9).stderr)
        self.assertEqual(self.answer(strict), expected["fashion"])


if __name__ == "__main__":
    unittest.main()
