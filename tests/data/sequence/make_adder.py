"""Writes adder.onnx: adds up the inputs of a sequence, and gives back what the server says of it.

OUTPUT = INPUT + TOTAL_IN, and the same as TOTAL_OUT; MARKS = [START, READY, END]; WHOSE = ID. Needs nothing but Python.
"""
import pathlib

FLOAT, UINT64, INT_ATTRIBUTE = 1, 13, 2


def varint(number):
    text = b""
    while number > 0x7F:
        text += bytes([number & 0x7F | 0x80])
        number >>= 7
    return text + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, kind, columns):
    shape = field(1, field(2, "N")) + field(1, field(1, columns))
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def node(kind, inputs, output, attribute=b""):
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, output) + field(4, kind) + attribute


AXIS_1 = field(5, field(1, "axis") + field(3, 1) + field(20, INT_ATTRIBUTE))
GRAPH = b"".join(
    [field(1, node("Add", ["INPUT", "TOTAL_IN"], "OUTPUT")),
     field(1, node("Identity", ["OUTPUT"], "TOTAL_OUT")),
     field(1, node("Concat", ["START", "READY", "END"], "MARKS", AXIS_1)),
     field(1, node("Identity", ["ID"], "WHOSE")),
     field(2, "adder")] +
    [field(11, tensor(name, FLOAT, 1)) for name in ("INPUT", "START", "READY", "END")] +
    [field(11, tensor("ID", UINT64, 1)), field(11, tensor("TOTAL_IN", FLOAT, 1)),
     field(12, tensor("OUTPUT", FLOAT, 1)), field(12, tensor("MARKS", FLOAT, 3)), field(12, tensor("WHOSE", UINT64, 1)),
     field(12, tensor("TOTAL_OUT", FLOAT, 1))])
MODEL = field(1, 8) + field(2, "make_adder.py") + field(7, GRAPH) + field(8, field(1, "") + field(2, 13))

pathlib.Path(__file__).with_name("adder.onnx").write_bytes(MODEL)
