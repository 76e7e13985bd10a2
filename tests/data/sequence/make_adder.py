"""Writes adder.onnx: adds up the inputs of a sequence, and gives back what the server says of it.

OUTPUT = INPUT + TOTAL_IN, and the same as TOTAL_OUT; MARKS = [START, READY, END]; WHOSE = ID. Needs nothing but Python.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from onnx_file import FLOAT, UINT64, integer, model, node, tensor

MODEL = model(
    "make_adder.py",
    nodes=[node("Add", ["INPUT", "TOTAL_IN"], "OUTPUT"), node("Identity", ["OUTPUT"], "TOTAL_OUT"),
           node("Concat", ["START", "READY", "END"], "MARKS", integer("axis", 1)), node("Identity", ["ID"], "WHOSE")],
    inputs=[*(tensor(name, FLOAT, 1) for name in ("INPUT", "START", "READY", "END")), tensor("ID", UINT64, 1), tensor("TOTAL_IN", FLOAT, 1)],
    outputs=[tensor("OUTPUT", FLOAT, 1), tensor("MARKS", FLOAT, 3), tensor("WHOSE", UINT64, 1), tensor("TOTAL_OUT", FLOAT, 1)])

pathlib.Path(__file__).with_name("adder.onnx").write_bytes(MODEL)
