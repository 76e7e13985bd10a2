#!/usr/bin/python3
"""Writes the HDF5 files of this folder (Debian python3-h5py): each is sound HDF5, and each holds one thing that an import must
refuse or a form of the format that the framework-written models do not show.

    ./make_files.py
"""
import json
import os
import pathlib

import h5py
import numpy as np

os.chdir(pathlib.Path(__file__).parent)


def small_model(file, kernel=np.ones((2, 3), "f4"), class_name="Dense", **config):
    """A Sequential of one layer, as Keras 2 saves it."""
    layer = {"class_name": class_name, "config": {"name": "dense", "units": 3, "batch_input_shape": [None, 2], **config}}
    file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "small", "layers": [layer]}})
    file.attrs["keras_version"] = "2.15.0"
    group = file.create_group("model_weights")
    group.attrs["layer_names"] = [b"dense"]
    dense = group.create_group("dense")
    dense.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
    if kernel is not None:
        dense["dense/kernel:0"] = kernel
    dense["dense/bias:0"] = np.zeros(3, "f4")
    return dense


def write(name, add=None, **options):
    with h5py.File(name, "w") as file:
        dense = small_model(file, **options)
        if add:
            add(file, dense)


def split_attributes(file, dense):
    """Above 64,512 bytes Keras splits an attribute into pieces."""
    config = file.attrs.pop("model_config")
    file.attrs["model_config0"], file.attrs["model_config1"] = config[:100], config[100:]
    dense.attrs["weight_names0"], dense.attrs["weight_names1"] = [b"dense/kernel:0"], [b"dense/bias:0"]
    del dense.attrs["weight_names"]


def virtual_dataset(file, dense):
    layout = h5py.VirtualLayout(shape=(2, 3), dtype="f4")
    layout[0] = h5py.VirtualSource("other.h5", "rows", shape=(3,))
    dense.create_virtual_dataset("dense/kernel:0", layout)


def packed(name, data, **options):
    def add(_, dense):
        dense.create_dataset("dense/kernel:0", data=data, **options)
    write(name, add, kernel=None)


write("small.h5")
write("split_attributes.h5", split_attributes)
packed("packed.h5", np.arange(6, dtype="f4").reshape(2, 3), chunks=(1, 2), compression="gzip", shuffle=True, fletcher32=True)
packed("doubles.h5", np.arange(6, dtype=">f8").reshape(2, 3))
packed("halves.h5", np.arange(6, dtype="f2").reshape(2, 3))
write("external_link.h5", lambda file, _: file.__setitem__("other", h5py.ExternalLink("/etc/passwd", "/")))
write("soft_link.h5", lambda file, _: file.__setitem__("loop", h5py.SoftLink("/loop")))
write("cycle.h5", lambda file, _: file["model_weights"].__setitem__("again", file["/"]))
write("virtual.h5", virtual_dataset, kernel=None)
packed("external_storage.h5", None, shape=(2, 3), dtype="f4", external=[("/etc/passwd", 0, 24)])
packed("user_filter.h5", np.ones((2, 3), "f4"), chunks=(2, 3), compression="lzf")
packed("shape_bomb.h5", None, shape=(10**6, 10**6, 10**6), dtype="f4", chunks=(1, 1, 1024))
packed("unstored.h5", None, shape=(10**4, 10**5), dtype="f4")
packed("inflating.h5", np.zeros((2**12, 2**13), "f4"), chunks=(2**11, 2**11), compression=9)
write("other_shape.h5", kernel=np.ones((5, 3), "f4"))
write("lambda.h5", class_name="Lambda", function=["4wEAAAAA", None, None], function_type="lambda")
