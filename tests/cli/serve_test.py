"""slipway serve: what it takes, what it prints, how it ends."""
import json
import re
import shutil
import signal
import socket
import subprocess
import threading
import unittest
import urllib.request

from program import DATA, SLIPWAY, ProgramTest

MNIST = DATA / "mnist" / "mnist_k3.h5"
IRIS = DATA / "nets" / "iris.h5"


class ServeTest(ProgramTest):
    def serve(self, *words):
        """Starts a server on a free port and returns it with what it printed up to the curl line."""
        process = subprocess.Popen([SLIPWAY, "serve", *map(str, words), "--port", "0"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, cwd=self.folder, env=self.environment)
        self.addCleanup(self.end, process)
        banner = ""
        for line in process.stdout:
            banner += line
            if "curl " in line:
                return process, banner
        self.fail(banner + process.stderr.read())

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait(30)
        process.stdout.close()
        process.stderr.close()

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 0)
        return process.stderr.read()

    def url(self, banner):
        return re.search(r"http://127\.0\.0\.1:\d+", banner).group()

    def get(self, url):
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)

    def curl(self, banner):
        line = next(line for line in banner.splitlines() if "curl " in line)
        done = subprocess.run(["bash", "-c", line[line.index("curl "):]], capture_output=True, text=True, timeout=30)
        return json.loads(done.stdout)

    def test_a_file_is_served_under_its_name_and_the_curl_line_works(self):
        process, banner = self.serve(MNIST)
        self.assertIn("mnist_k3", banner)
        self.assertIn("f32[N,28,28,1]", banner)
        self.assertEqual(self.curl(banner)["outputs"][0]["shape"], [1, 10])
        self.assertIn("0 requests were dropped", self.stop(process))

    def test_a_small_input_stands_in_the_curl_line(self):
        _, banner = self.serve(IRIS)
        self.assertIn("curl -s -d '{", banner)
        self.assertEqual(self.curl(banner)["model_name"], "iris")

    def test_a_folder_is_served_whole_but_for_what_is_broken(self):
        folder = self.folder / "models"
        folder.mkdir()
        for name, source in (("a.h5", IRIS), ("b.h5", MNIST)):
            shutil.copy(source, folder / name)
        (folder / "c.h5").write_bytes(b"not a model")
        (folder / "notes.txt").write_text("no model either")
        process, banner = self.serve(folder)
        for name in ("a", "b"):
            self.assertEqual(self.get(f"{self.url(banner)}/v2/models/{name}")["name"], name)
        self.assertIn("model c is not loaded", self.stop(process))

    def test_versions_of_the_store_are_served_by_name_number_and_alias(self):
        self.slipway("push", IRIS, "--name", "m", "--alias", "small")
        self.slipway("push", MNIST, "--name", "m")
        for words, versions in ((["m"], ["2"]), (["m:1"], ["1"]), (["m:small"], ["1"]), (["m:1", "m:2"], ["1", "2"]), ([], ["2"])):
            with self.subTest(words):
                process, banner = self.serve(*words)
                self.assertEqual(self.get(self.url(banner) + "/v2/models/m")["versions"], versions)
                self.stop(process)

    def test_a_second_start_takes_what_the_first_measured(self):
        self.slipway("push", IRIS, "--name", "iris")
        process, banner = self.serve("iris")
        self.assertRegex(banner, r"rows of a batch: \d+ \(measured\)")
        self.stop(process)
        self.assertEqual(len(list((self.folder / "store" / "profiles").iterdir())), 1)
        # A machine that stalls while a model is warmed is measured anew.
        banners = [self.serve("iris")[1] for _ in range(3)]
        self.assertTrue(any("(kept from before)" in banner for banner in banners), banners)

    def test_json_for_programs(self):
        process = subprocess.Popen([SLIPWAY, "serve", str(IRIS), "--port", "0", "--format", "json"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, cwd=self.folder, env=self.environment)
        self.addCleanup(self.end, process)
        text = ""
        for line in process.stdout:
            text += line
            if line == "}\n":
                break
        server = json.loads(text)["item"]
        self.assertEqual([model["name"] for model in server["models"]], ["iris"])
        self.assertEqual(self.get(server["url"] + "/v2/models/iris")["name"], "iris")

    def test_what_cannot_be_served_is_said(self):
        self.assertIn("no such file", self.fails("serve", "missing.h5", code=3))
        self.assertIn("no-such-model", self.fails("serve", "no-such-model", code=3))
        self.assertIn("no models", self.fails("serve", self.folder, code=3))
        (self.folder / "iris.h5").symlink_to(IRIS)
        self.assertIn("another source", self.fails("serve", IRIS, self.folder / "iris.h5", "--port", "0", code=2))
        self.assertIn("--insecure", self.fails("serve", IRIS, "--address", "0.0.0.0", code=11))

    # Fault E10: the port
    def test_a_port_that_is_taken_is_said(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            text = self.fails("serve", IRIS, "--port", taken.getsockname()[1], code=9)
        self.assertIn("SLIPWAY-E5001", text)
        self.assertIn("hint:", text)

    # Fault E6: with a client that connects anew each time
    def test_termination_under_load_loses_nothing(self):
        process, banner = self.serve(IRIS)
        url = self.url(banner) + "/v2/models/iris/infer"
        name = self.get(self.url(banner) + "/v2/models/iris")["inputs"][0]["name"]
        body = json.dumps({"inputs": [{"name": name, "shape": [1, 4], "datatype": "FP32", "data": [5, 3, 1, 0]}]}).encode()
        lost = []
        started = threading.Semaphore(0)

        def ask():
            while True:
                try:
                    with urllib.request.urlopen(url, data=body, timeout=30) as answer:
                        answer.read()
                    started.release()
                except urllib.error.URLError as error:
                    if not isinstance(error.reason, ConnectionRefusedError):
                        lost.append(repr(error))
                    return
                except OSError as error:
                    lost.append(repr(error))
                    return

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            started.acquire()
        said = self.stop(process)
        for thread in threads:
            thread.join()
        self.assertEqual(lost, [])
        self.assertIn("0 requests were dropped", said)


if __name__ == "__main__":
    unittest.main()
