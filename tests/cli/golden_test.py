"""`slipway import` and `slipway run` equal the original framework's outputs to 1e-4, for every whole Keras network in tests/data."""
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from program import DATA, ProgramTest

GOLDEN_OF = {"mnist_k3": "mnist", "mnist_k2": "mnist", "mlp_binary_k2": "mlp_binary"}


def networks():
    files = [path for folder in ("mnist", "fashion", "nets", "tutorials") for path in sorted((DATA / folder).iterdir())]
    return [path for path in files if path.suffix in (".h5", ".keras")]


class Golden(ProgramTest):
    def test_every_network_equals_its_framework(self):
        checked = 0
        for path in networks():
            with self.subTest(path.name):
                golden_path = path.with_name(GOLDEN_OF.get(path.stem, path.stem) + ".npz")
                golden = np.load(golden_path)
                self.slipway("import", path, "-o", "model.onnx")
                self.slipway("run", "model.onnx", "-i", f"@{golden_path}", "-o", "out.npz")
                outputs = np.load(self.folder / "out.npz")
                for i, name in enumerate(outputs.files):
                    expected = golden[f"out_{i}"]
                    error = np.abs(outputs[name] - expected).max() / max(1, np.abs(expected).max())
                    print(f"{path.name:32} {name:24} error {error:.2g}")
                    self.assertLessEqual(error, 1e-4)
                checked += 1
        self.assertGreaterEqual(checked, 24)


if __name__ == "__main__":
    unittest.main()
