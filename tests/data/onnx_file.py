"""Writes small ONNX files with nothing but Python: the protobuf messages of a model, field by field."""

FLOAT, INT64, UINT64 = 1, 7, 13
INT_ATTRIBUTE = 2


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


def tensor(name, kind, *rest):
    """An input or output of shape [N, *rest]."""
    shape = field(1, field(2, "N")) + b"".join(field(1, field(1, size)) for size in rest)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def constant(name, kind, shape, raw):
    """A weight; `raw`: its elements, little-endian."""
    return b"".join(field(1, size) for size in shape) + field(2, kind) + field(8, name) + field(9, raw)


def integer(name, value):
    """An attribute."""
    return field(5, field(1, name) + field(3, value) + field(20, INT_ATTRIBUTE))


def node(kind, inputs, output, attribute=b""):
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, output) + field(4, kind) + attribute


def model(producer, nodes, inputs, outputs, constants=(), opset=13):
    graph = b"".join([field(1, one) for one in nodes] + [field(2, "graph")] + [field(5, one) for one in constants] +
                     [field(11, one) for one in inputs] + [field(12, one) for one in outputs])
    return field(1, 8) + field(2, producer) + field(7, graph) + field(8, field(1, "") + field(2, opset))
