"""slipway serve FOLDER: the folders of other servers as they are."""
import json
import shutil
import signal
import time
import unittest
import urllib.error
import urllib.request

from program import DATA, ProgramTest, Server

IRIS = DATA / "nets" / "iris.h5"
MNIST = DATA / "mnist" / "mnist_tf2onnx.onnx"


class FoldersTest(ProgramTest):
    def put(self, path, source=None, text=None):
        """A file in the folder `models`, copied or written."""
        whole = self.folder / "models" / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        if source:
            shutil.copy(source, whole)
        else:
            whole.write_text(text)

    def post(self, server, path, body=""):
        key = (self.folder / "store" / "admin.key").read_text().strip()
        request = urllib.request.Request(server.url + path, data=body.encode(), headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def index(self, server):
        rows = json.loads(self.post(server, "/v2/repository/index"))
        return {(row["name"], row.get("version")): (row["state"], row["reason"]) for row in rows}

    def versions(self, server, name):
        return json.loads(server.get(f"/v2/models/{name}"))["versions"]

    # Fault C9: the others are served
    def test_a_triton_repository_is_served_with_what_is_broken_told(self):
        self.put("iris/1/model.h5", IRIS)
        self.put("iris/3/model.h5", IRIS)
        self.put("iris/config.pbtxt", text="""
            name: "iris" max_batch_size: 8 version_policy { all {} }
            dynamic_batching { max_queue_delay_microseconds: 100 }
            instance_group { count: 2 kind: KIND_CPU }""")
        self.put("mnist/1/model.onnx", MNIST)
        self.put("plan/1/model.plan", text="x")
        self.put("broken/1/model.onnx", text="not a model")
        self.put("saved/1/model.savedmodel/saved_model.pb", text="x")
        server = Server(self, "models")
        self.assertEqual(self.versions(server, "iris"), ["1", "3"])
        self.assertEqual(self.versions(server, "mnist"), ["1"])
        index = self.index(server)
        self.assertEqual(index[("iris", "3")], ("READY", ""))
        for name, reason in (("plan", "TensorRT"), ("saved", "SavedModel"), ("broken", "known model format")):
            state, why = index[(name, "1")]
            self.assertEqual(state, "UNAVAILABLE")
            self.assertIn(reason, why)
        config = json.loads(server.get("/v2/models/iris/config"))
        self.assertEqual(config["max_batch_size"], 8)
        log = server.log()
        self.assertIn("models is a Triton repository; models: 5", log)
        self.assertIn("iris: versions 1, 3; serves 1, 3 (all)", log)
        self.assertIn("iris: without effect: instance_group", log)

    def test_files_of_several_folders_are_imported_side_by_side(self):
        names = [f"{folder}{number}" for folder in ("models", "more") for number in range(3)]
        for name in names:
            self.put(f"../{name[:-1]}/{name}/1/model.h5", IRIS)
        server = Server(self, "models", "more")
        for name in names:
            self.assertEqual(self.versions(server, name), ["1"])
        self.assertEqual(server.stop(), 0)

    def test_the_base_path_of_one_model_is_served(self):
        self.put("1/any-name.keras", IRIS.with_suffix(".keras"))
        self.put("0000002/any-name.keras", IRIS.with_suffix(".keras"))
        server = Server(self, "models")
        self.assertEqual(self.versions(server, "models"), ["2"])

    def test_a_store_is_served_by_its_folder(self):
        self.slipway("push", IRIS, "--name", "mine")
        (self.folder / "store").rename(self.folder / "elsewhere")
        server = Server(self, "elsewhere")
        self.assertEqual(self.versions(server, "mine"), ["1"])

    def test_what_was_copied_later_is_loaded_when_asked_for(self):
        self.put("iris/1/model.h5", IRIS)
        server = Server(self, "models")
        self.put("iris/2/model.h5", IRIS)
        self.put("mnist/1/model.onnx", MNIST)
        self.assertEqual(self.index(server)[("mnist", "1")], ("UNAVAILABLE", "not loaded"))
        self.post(server, "/v2/repository/models/iris/load")
        self.post(server, "/v2/repository/models/mnist/load")
        self.assertEqual(self.versions(server, "iris"), ["2"])
        self.assertEqual(self.versions(server, "mnist"), ["1"])

    def test_a_list_of_models_has_policies_and_labels(self):
        for version in (1, 2, 3):
            self.put(f"nets/iris/{version}/any.h5", IRIS)
        self.put("models.config", text="""model_config_list {
            config { name: "flowers" base_path: "/models/nets/iris" model_platform: "tensorflow"
                     model_version_policy { specific { versions: 1 versions: 3 versions: 9 } }
                     version_labels { key: "stable" value: 1 } version_labels { key: "next" value: 2 } }
            config { name: "none" base_path: "/models/none" } }""")
        server = Server(self, "models")
        self.assertEqual(self.versions(server, "flowers"), ["1", "3"])
        self.assertIn('"1"', server.get("/v1/models/flowers/labels/stable"))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            server.get("/v1/models/flowers/labels/next/metadata")
        self.assertEqual(refused.exception.code, 503)  # it may be loaded later
        self.assertIn("is not there", self.index(server)[("none", None)][1])
        self.assertIn("flowers:9 is not there", server.log())

    def test_a_batching_file_of_tensorflow_serving_configures_what_has_no_configuration(self):
        self.put("iris/1/model.h5", IRIS)
        self.put("own/1/model.h5", IRIS)
        self.put("own/config.pbtxt", text="max_batch_size: 3")
        batching = self.folder / "batching.txt"
        batching.write_text("max_batch_size { value: 32 }\nbatch_timeout_micros { value: 700 }\nnum_batch_threads { value: 4 }\n")
        server = Server(self, "models", "--batching-parameters", batching)
        config = json.loads(server.get("/v2/models/iris/config"))
        self.assertEqual(config["max_batch_size"], 32)
        self.assertEqual(config["dynamic_batching"]["max_queue_delay_microseconds"], 700)
        own = json.loads(server.get("/v2/models/own/config"))
        self.assertEqual(own["max_batch_size"], 3)
        self.assertNotIn("dynamic_batching", own)
        self.assertIn("batching.txt: without effect: num_batch_threads", server.log())
        self.assertIn("32 rows, 700 us", server.get("/v2/config"))

    # Bad input S8: a batching file with an unknown field, or a number out of bounds, is no start
    def test_a_batching_file_that_is_wrong_is_no_start(self):
        batching = self.folder / "batching.txt"
        for text, message in (("max_batch_size { value: 8 }\nmax_batchsize: 8", "line 2"),
                              ("batch_timeout_micros { value: 99000000 }", "max_queue_delay_microseconds")):
            batching.write_text(text)
            refusal = self.fails("serve", IRIS, "--batching-parameters", batching, code=2)
            self.assertIn("batching.txt", refusal)
            self.assertIn(message, refusal)
        self.fails("serve", IRIS, "--batching-parameters", self.folder / "nothing.txt", code=3)

    def test_the_list_of_openvinos_server_is_read(self):
        self.put("iris/1/any.h5", IRIS)
        self.put("config.json", text=json.dumps({"model_config_list": [
            {"config": {"name": "flowers", "base_path": "iris", "nireq": 4}}, {"config": {"name": "one", "base_path": "iris/1/any.h5"}}]}))
        server = Server(self, "models/config.json")
        self.assertEqual(self.versions(server, "flowers"), ["1"])
        self.assertEqual(self.versions(server, "one"), ["1"])
        self.assertIn("flowers: without effect: nireq", server.log())

    # Bad input S8: a list that cannot be read is no start
    def test_a_list_that_cannot_be_read_is_no_start(self):
        self.put("models.config", text="model_config_list {\n config { name: 7 } }")
        self.assertIn("line 2", self.fails("serve", "models", code=4))

    def until(self, what, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def test_a_watched_folder_is_followed_forth_and_back(self):
        self.put("iris/1/model.h5", IRIS)
        server = Server(self, "models", "--watch", "0.2")
        self.put("iris/2/model.h5", IRIS)
        self.until("version 2", lambda: self.versions(server, "iris") == ["2"])
        shutil.rmtree(self.folder / "models" / "iris" / "2")
        self.until("back to version 1", lambda: self.versions(server, "iris") == ["1"])
        self.put("broken/1/model.h5", text="not a model")
        self.until("told", lambda: "model broken is not loaded" in server.log())
        server.get("/v2/health/ready")
        shutil.rmtree(self.folder / "models" / "iris")
        self.until("gone", lambda: "model iris is gone" in server.log())
        self.assertEqual(self.versions(server, "iris"), ["1"])

    def test_a_signal_looks_at_the_folder_again(self):
        self.put("iris/1/model.h5", IRIS)
        server = Server(self, "models")
        self.put("mnist/1/model.onnx", MNIST)
        server.process.send_signal(signal.SIGHUP)
        self.until("mnist", lambda: self.index(server)[("mnist", "1")][0] == "READY")

    # Bad input S13: links that leave the folder
    def test_links_that_leave_the_folder_are_not_followed(self):
        self.put("iris/1/model.h5", IRIS)
        self.put("linked/1/notes", text="x")
        (self.folder / "models" / "linked" / "1" / "model.h5").symlink_to(IRIS)
        server = Server(self, "models")
        self.assertIn("leaves the folder", self.index(server)[("linked", "1")][1])

    def test_a_folder_of_which_nothing_can_be_served_is_refused(self):
        self.put("plan/1/model.plan", text="x")
        self.assertIn("nothing in models can be served", self.slipway("serve", "models", "--port", "0", code=5).stderr)
        self.put("plan/1/model.onnx", text="x")
        self.assertIn("error", self.slipway("serve", "models", "--port", "0", code=5).stderr)


if __name__ == "__main__":
    unittest.main()
