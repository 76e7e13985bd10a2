#!/usr/bin/python3
"""Writes the benchmark models as Keras 3 .h5 files: real topologies with random weights. They time, they do not judge accuracy.

    bench/make_models.py FOLDER     resnet50.h5 (25.6 M parameters), mobilenetv2.h5 (3.5 M), pool224.h5 (a 602 kB input, almost no work),
                               iris.h5 (an MLP 4-16-3), mlp.h5 (784-128-64-10),
                               wide.h5 (784-4096-2048-10: 46 MB of weights to read for each run)

Needs Debian's python3-h5py. Files that exist are kept.
"""
import json
import pathlib
import sys

import h5py
import numpy as np


class Functional:
    """Collects layers as a functional Keras model's config and their weights."""

    def __init__(self, name, shape):
        self.name, self.layers, self.weights = name, [], []
        self.random = np.random.default_rng(1)
        self.channels = {}
        self.count = {}
        config = {"batch_shape": [None, *shape], "dtype": "float32", "sparse": False, "name": "image"}
        self.layers.append({"class_name": "InputLayer", "module": "keras.layers", "config": config, "registered_name": None,
                            "name": "image", "inbound_nodes": []})
        self.channels["image"] = shape[-1]
        self.last = "image"

    def add(self, class_name, config, weights=(), inputs=None, channels=None):
        inputs = inputs or [self.last]
        stem = class_name.lower()
        number = self.count[stem] = self.count.get(stem, 0) + 1
        name = f"{stem}_{number}"
        tensors = [{"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": "float32", "keras_history": [source, 0, 0]}} for source in inputs]
        arguments = [tensors] if len(tensors) > 1 else tensors
        self.layers.append({"class_name": class_name, "module": "keras.layers", "registered_name": None, "name": name,
                            "config": {"name": name, "trainable": True, "dtype": "float32", **config},
                            "inbound_nodes": [{"args": arguments, "kwargs": {}}]})
        if weights:
            self.weights.append((name, weights))
        self.channels[name] = channels or self.channels[inputs[0]]
        self.last = name
        return name

    def normal(self, *shape):
        fan_in = int(np.prod(shape[:-1])) or 1
        return (self.random.standard_normal(shape) * (2 / fan_in) ** 0.5).astype("float32")

    def conv(self, filters, kernel, strides=1, source=None, bias=False, padding="same"):
        source = source or self.last
        config = {"filters": filters, "kernel_size": [kernel, kernel], "strides": [strides, strides], "padding": padding, "data_format": "channels_last",
                  "dilation_rate": [1, 1], "groups": 1, "activation": "linear", "use_bias": bias}
        weights = [("kernel", self.normal(kernel, kernel, self.channels[source], filters))]
        if bias:
            weights.append(("bias", np.zeros(filters, "float32")))
        return self.add("Conv2D", config, weights, [source], filters)

    def depthwise(self, strides):
        channels = self.channels[self.last]
        config = {"kernel_size": [3, 3], "strides": [strides, strides], "padding": "same", "depth_multiplier": 1, "data_format": "channels_last",
                  "dilation_rate": [1, 1], "activation": "linear", "use_bias": False}
        return self.add("DepthwiseConv2D", config, [("kernel", self.normal(3, 3, channels, 1))])

    def norm(self):
        n = self.channels[self.last]
        weights = [("gamma", 1 + 0.1 * self.random.standard_normal(n).astype("float32")), ("beta", 0.1 * self.random.standard_normal(n).astype("float32")),
                   ("moving_mean", np.zeros(n, "float32")), ("moving_variance", np.ones(n, "float32"))]
        return self.add("BatchNormalization", {"axis": -1, "momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True}, weights)

    def relu(self, most=None):
        return self.add("ReLU", {"max_value": most, "negative_slope": 0.0, "threshold": 0.0})

    def dense(self, units, activation):
        n = self.channels[self.last]
        return self.add("Dense", {"units": units, "activation": activation, "use_bias": True},
                        [("kernel", self.normal(n, units)), ("bias", np.zeros(units, "float32"))], channels=units)

    def write(self, path):
        config = {"name": self.name, "trainable": True, "layers": self.layers, "input_layers": [["image", 0, 0]], "output_layers": [[self.last, 0, 0]]}
        partial = path.with_suffix(".partial")
        with h5py.File(partial, "w") as file:
            file.attrs["keras_version"] = "3.15.1"
            file.attrs["backend"] = "tensorflow"
            file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
            group = file.create_group("model_weights")
            group.attrs["layer_names"] = [layer["name"].encode() for layer in self.layers]
            group.attrs["backend"] = b"tensorflow"
            group.attrs["keras_version"] = b"3.15.1"
            by_name = dict(self.weights)
            for layer in self.layers:
                name = layer["name"]
                subgroup = group.create_group(name)
                weights = by_name.get(name, [])
                subgroup.attrs["weight_names"] = [f"{name}/{weight}".encode() for weight, _ in weights]
                for weight, value in weights:
                    subgroup.create_dataset(f"{name}/{weight}", data=value)
        partial.rename(path)


def resnet50():
    net = Functional("resnet50", (224, 224, 3))
    net.conv(64, 7, 2)
    net.norm()
    net.relu()
    net.add("MaxPooling2D", {"pool_size": [3, 3], "strides": [2, 2], "padding": "same", "data_format": "channels_last"})
    for stage, (filters, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            strides = 2 if stage > 0 and block == 0 else 1
            source = net.last
            if block == 0:
                net.conv(4 * filters, 1, strides, source)
                shortcut = net.norm()
            else:
                shortcut = source
            net.conv(filters, 1, strides, source)
            net.norm()
            net.relu()
            net.conv(filters, 3)
            net.norm()
            net.relu()
            net.conv(4 * filters, 1)
            branch = net.norm()
            net.add("Add", {}, inputs=[shortcut, branch])
            net.relu()
    net.add("GlobalAveragePooling2D", {"data_format": "channels_last", "keepdims": False})
    net.dense(1000, "softmax")
    return net


def mobilenetv2():
    net = Functional("mobilenetv2", (224, 224, 3))
    net.conv(32, 3, 2)
    net.norm()
    net.relu(6.0)
    for expand, filters, repeats, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for repeat in range(repeats):
            strides = first if repeat == 0 else 1
            source = net.last
            if expand > 1:
                net.conv(net.channels[source] * expand, 1)
                net.norm()
                net.relu(6.0)
            net.depthwise(strides)
            net.norm()
            net.relu(6.0)
            net.conv(filters, 1)
            branch = net.norm()
            if strides == 1 and net.channels[source] == filters:
                net.add("Add", {}, inputs=[source, branch])
    net.conv(1280, 1)
    net.norm()
    net.relu(6.0)
    net.add("GlobalAveragePooling2D", {"data_format": "channels_last", "keepdims": False})
    net.dense(1000, "softmax")
    return net


def pool224():
    net = Functional("pool224", (224, 224, 3))
    net.add("GlobalMaxPooling2D", {"data_format": "channels_last", "keepdims": False})
    return net


def iris():
    net = Functional("iris", (4,))
    net.dense(16, "relu")
    net.dense(3, "softmax")
    return net


def mlp():
    net = Functional("mlp", (784,))
    net.dense(128, "relu")
    net.dense(64, "relu")
    net.dense(10, "softmax")
    return net


def wide():
    net = Functional("wide", (784,))
    net.dense(4096, "relu")
    net.dense(2048, "relu")
    net.dense(10, "softmax")
    return net


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for make in (resnet50, mobilenetv2, pool224, iris, mlp, wide):
        path = folder / (make.__name__ + ".h5")
        if not path.exists():
            make().write(path)
        print(path, path.stat().st_size)


main()
