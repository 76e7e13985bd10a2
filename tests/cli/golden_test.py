"""What the original framework computed, `slipway import` and `run` compute, and `slipway serve` answers: to 1e-4, for every whole Keras
network in tests/data."""
import json
import pathlib
import sys
import unittest
import urllib.request

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from program import DATA, ProgramTest, Server

GOLDEN_OF = {"mnist_k3": "mnist", "mnist_k2": "mnist", "mlp_binary_k2": "mlp_binary"}
TYPES = {"FP32": np.float32, "INT32": np.int32, "INT64": np.int64}


def networks():
    """Every network with the file of its golden."""
    files = [path for folder in ("mnist", "fashion", "nets", "tutorials") for path in sorted((DATA / folder).iterdir())]
    return [(path, path.with_name(GOLDEN_OF.get(path.stem, path.stem) + ".npz"))
            for path in files if path.suffix in (".h5", ".keras")]


class Golden(ProgramTest):
    def compare(self, path, golden, outputs):
        """`outputs`: names and arrays, in the order of the model."""
        for i, (name, output) in enumerate(outputs):
            expected = golden[f"out_{i}"]
            error = np.abs(output - expected).max() / max(1, np.abs(expected).max())
            print(f"{path.name:32} {name:24} error {error:.2g}")
            self.assertLessEqual(error, 1e-4)

    def infer(self, url, golden):
        with urllib.request.urlopen(url, timeout=30) as answer:
            specs = json.load(answer)["inputs"]
        arrays = [golden[f"in_{i}"].astype(TYPES[spec["datatype"]]) for i, spec in enumerate(specs)]
        inputs = [{"name": spec["name"], "datatype": spec["datatype"], "shape": array.shape, "data": array.ravel().tolist()}
                  for spec, array in zip(specs, arrays)]
        with urllib.request.urlopen(url + "/infer", json.dumps({"inputs": inputs}).encode(), timeout=60) as answer:
            return [(output["name"], np.array(output["data"]).reshape(output["shape"]))
                    for output in json.load(answer)["outputs"]]

    def test_every_network_equals_its_framework(self):
        checked = 0
        for path, golden_path in networks():
            with self.subTest(path.name):
                self.slipway("import", path, "-o", "model.onnx")
                self.slipway("run", "model.onnx", "-i", f"@{golden_path}", "-o", "out.npz")
                outputs = np.load(self.folder / "out.npz")
                self.compare(path, np.load(golden_path), [(name, outputs[name]) for name in outputs.files])
                checked += 1
        self.assertGreaterEqual(checked, 24)

    def test_every_network_is_served_as_its_framework_computes(self):
        for path, golden_path in networks():
            with self.subTest(path.name):
                server = Server(self, path)
                golden = np.load(golden_path)
                self.compare(path, golden, self.infer(f"{server.url}/v2/models/{path.stem}", golden))
                server.stop()


if __name__ == "__main__":
    unittest.main()
