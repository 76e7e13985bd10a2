"""slipway ensemble: several classifiers as one, on real digits. The members are linear and learned from 400 digits each, so that their errors
differ and there is something to gain."""
import json
import os
import pathlib
import sys
import unittest
import urllib.request

import numpy as np

from program import DATA, ProgramTest, Server

sys.path.insert(0, str(DATA))
from onnx_file import FLOAT, constant, model, node, tensor

DIGITS = pathlib.Path(os.environ["SLIPWAY_SOURCE_DIR"]) / "third_party" / "mnist"
IRIS = DATA / "nets" / "iris.h5"


def digits(part, begin, end):
    """Images as rows of 784 numbers from 0 to 1, and labels."""
    images = np.fromfile(DIGITS / f"{part}-images-idx3-ubyte", "uint8", offset=16).reshape(-1, 784)[begin:end]
    labels = np.fromfile(DIGITS / f"{part}-labels-idx1-ubyte", "uint8", offset=8)[begin:end]
    return (images / 255).astype("float32"), labels.astype("int64")


def softmax(scores):
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def learn(images, labels):
    """Softmax regression by gradient descent."""
    weights, bias = np.zeros((784, 10)), np.zeros(10)
    for _ in range(60):
        errors = softmax(images @ weights + bias) - np.eye(10)[labels]
        weights -= 0.5 * images.T @ errors / len(labels)
        bias -= 0.5 * errors.mean(0)
    return weights.astype("float32"), bias.astype("float32")


def classifier(weights, bias, ends_in_softmax):
    nodes = [node("MatMul", ["image", "weights"], "products"), node("Add", ["products", "bias"], "sums" if ends_in_softmax else "scores")]
    if ends_in_softmax:
        nodes.append(node("Softmax", ["sums"], "scores"))
    return model("ensemble_test.py", nodes, [tensor("image", FLOAT, 784)], [tensor("scores", FLOAT, 10)],
                 [constant("weights", FLOAT, weights.shape, weights.tobytes()), constant("bias", FLOAT, bias.shape, bias.tobytes())])


class EnsembleTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.images, self.labels = digits("t10k", 0, 2000)
        np.savez(self.folder / "labelled.npz", image=self.images, label=self.labels)
        self.members = []
        for number, name in enumerate("abc"):
            weights, bias = learn(*digits("train", 400 * number, 400 * (number + 1)))
            (self.folder / f"{name}.onnx").write_bytes(classifier(weights, bias, ends_in_softmax=name != "c"))
            self.slipway("push", f"{name}.onnx", "--name", name)
            self.members.append(softmax(self.images @ weights + bias))

    def make(self, how, *more):
        return self.json("ensemble", "a", "b", "c", "--combine", how, "--name", how, *more)["item"]

    def answers(self, name, rows=50):
        np.savez(self.folder / "some.npz", image=self.images[:rows])
        self.slipway("run", name, "-i", "@some.npz", "-o", "out.npz")
        return np.load(self.folder / "out.npz")["scores"]

    def accuracy(self, scores):
        return (scores.argmax(1) == self.labels[:len(scores)]).mean()

    def test_the_mean_is_the_mean_of_the_probabilities(self):
        item = self.make("mean", "--data", "labelled.npz")
        mean = sum(self.members) / 3
        np.testing.assert_allclose(self.answers("mean"), mean[:50], atol=1e-5)
        self.assertAlmostEqual(item["accuracy"], self.accuracy(mean), places=6)
        best = max(self.accuracy(member) for member in self.members)
        self.assertAlmostEqual(item["gain"]["value"], self.accuracy(mean) - best, places=6)
        self.assertGreater(item["gain"]["interval95"][0], 0)

    def test_a_vote_is_the_majoritys(self):
        self.make("vote")
        votes = sum(np.eye(10)[member.argmax(1)] for member in self.members)[:50]
        clear = votes.max(1) >= 2
        self.assertTrue((self.answers("vote").argmax(1) == votes.argmax(1))[clear].all())

    def test_what_is_fitted_is_judged_on_rows_kept_out_of_it(self):
        for how in ("weighted", "stack"):
            item = self.make(how, "--data", "labelled.npz")
            self.assertEqual(item["rows_fitted"] + item["rows_judged"], 2000)
            self.assertTrue(300 < item["rows_judged"] < 500, item["rows_judged"])
            if how == "weighted":
                self.assertAlmostEqual(sum(member["weight"] for member in item["members"]), 1, places=5)
            np.testing.assert_allclose(self.answers(how).sum(1), 1, atol=1e-5)
        self.assertIn("--data", self.fails("ensemble", "a", "b", "--combine", "stack", code=2))

    def test_eval_shows_what_an_ensemble_gains(self):
        self.make("mean")
        item = self.json("eval", "mean", "--data", "labelled.npz", "--batch", "100")["item"]
        ours, best = self.accuracy(sum(self.members)), max(self.accuracy(member) for member in self.members)
        self.assertAlmostEqual(item["value"], ours, places=6)
        self.assertEqual([member["model"] for member in item["gain"]["members"]], ["a:1", "b:1", "c:1"])
        self.assertAlmostEqual(item["gain"]["value"], ours - best, places=6)
        low, high = item["gain"]["interval95"]
        self.assertTrue(0 < low < ours - best < high)
        self.assertIn("paired by row", self.slipway("eval", "mean", "--data", "labelled.npz").stdout)

    def test_an_ensemble_is_served_and_shown(self):
        self.make("mean")
        self.slipway("verify", "mean")
        self.assertIn("step 0", self.slipway("inspect", "mean").stdout)
        self.assertIn("a:1", self.slipway("show", "mean").stdout)
        server = Server(self, "mean")
        self.assertEqual(json.loads(server.get("/v2/models/mean"))["platform"], "ensemble")
        body = {"inputs": [{"name": "image", "shape": [2, 784], "datatype": "FP32", "data": self.images[:2].ravel().tolist()}]}
        request = urllib.request.Request(f"{server.url}/v2/models/mean/infer", data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            scores = np.array(json.load(answer)["outputs"][0]["data"]).reshape(2, 10)
        np.testing.assert_allclose(scores, sum(self.members)[:2] / 3, atol=1e-5)

    def test_networks_from_keras_are_one_and_served(self):
        golden = np.load(DATA / "mnist" / "mnist.npz")
        images, labels = golden["in_0"][:8].astype("float32"), golden["out_0"][:8].argmax(1)
        members = []
        for name in ("mnist_k2", "mnist_k3"):
            self.slipway("push", DATA / "mnist" / f"{name}.h5", "--name", name)
            np.savez(self.folder / "some.npz", image=images)
            self.slipway("run", name, "-i", "@some.npz", "-o", "out.npz")
            members.append(np.load(self.folder / "out.npz")["dense"])
        self.json("ensemble", "mnist_k2", "mnist_k3", "--combine", "mean", "--name", "both")
        server = Server(self, "both")
        body = {"inputs": [{"name": "image", "shape": [8, 28, 28, 1], "datatype": "FP32", "data": images.ravel().tolist()}]}
        request = urllib.request.Request(f"{server.url}/v2/models/both/infer", data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            scores = np.array(json.load(answer)["outputs"][0]["data"]).reshape(8, 10)
        are_probabilities = np.allclose(members[0].sum(1), 1, atol=1e-4)
        parts = members if are_probabilities else [softmax(member) for member in members]
        np.testing.assert_allclose(scores, sum(parts) / 2, atol=1e-5)
        np.testing.assert_array_equal(scores.argmax(1), labels)
        for name in ("mnist_k2", "mnist_k3"):
            self.assertEqual(json.loads(server.get(f"/v2/models/{name}/stats"))["model_stats"][0]["inference_count"], 8)

    def test_what_cannot_be_one_is_refused_by_name(self):
        self.slipway("push", IRIS, "--name", "iris")
        self.assertIn("iris", self.fails("ensemble", "a", "iris", code=2))
        self.assertIn("nobody", self.fails("ensemble", "a", "nobody", code=3))
        self.fails("ensemble", "a", code=2)
        self.fails("ensemble", "a", "b", "--combine", "loudest", code=2)
        np.savez(self.folder / "odd.npz", image=self.images[:9], label=np.full(9, 10))
        self.assertIn("10", self.fails("ensemble", "a", "b", "--data", "odd.npz", code=2))
        self.assertEqual(sorted(row["model"] for row in self.json("ls")["items"]), ["a", "b", "c", "iris"])


if __name__ == "__main__":
    unittest.main()
