"""Looks at an ONNX file before ONNX Runtime does.

An ONNX file is a protocol buffer (protobuf.dev/programming-guides/encoding): fields, each with a number, a
wire type and a value, some of them messages in turn. Below is the part of ONNX's schema that a classifier
needs; whatever is not in it is refused: operators outside the list, other domains, sub-graphs, local
functions, tensors kept in other files. Nothing is run or built. Time is bounded by :data:`MOST_FIELDS`,
depth by the schema, which is no deeper than a tensor in an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from ..errors import BundleError
from .strict_json import short

INPUT = "values"
OUTPUT = "probabilities"

ML = "ai.onnx.ml"
OPERATORS = {
    "": "Abs Add ArgMax Cast Clip Concat Constant Div Exp Flatten Gather Gemm Identity Less Log LogSoftmax "
    "MatMul Max Min Mul Neg Not Pow ReduceMax ReduceMean ReduceSum Relu Reshape Sigmoid Slice Softmax Sqrt "
    "Squeeze Sub Sum Tanh Transpose Unsqueeze Where",
    ML: "ArrayFeatureExtractor LinearClassifier Normalizer Scaler SVMClassifier TreeEnsembleClassifier",
}
"""By domain: what linear, neural, kernel and tree classifiers are made of. None loops or holds a
sub-graph."""

MOST_FIELDS = 500_000
"""In the whole file, a run of numbers in one attribute counted once."""


MOST_NODES = 200
"""Operators in a row that a classifier may need."""


def audit(data: bytes, columns: int, classes: int) -> None:
    """Refuse an ONNX file that is more, or other, than a classifier.

    Args:
        data: the file.
        columns: how many features a row it must read.
        classes: how many probabilities a row it must give.

    Raises:
        BundleError: if it is not well formed, holds something that is not allowed, or its input is not one
            float32 tensor ``values`` of shape (any, columns), its output not one ``probabilities`` of shape
            (any, classes).
    """
    reader = _Reader(data)
    inputs, outputs = [], []
    for name, value in reader.fields("model", (0, len(data))):
        if name == "opset_import":
            _check_domain(reader, reader.message("opset", value).get("domain"))
        if name == "graph":
            nodes = 0
            for part, span in reader.fields("graph", value):
                if part == "node":
                    nodes += 1
                    if nodes > MOST_NODES:
                        raise _refused(f"it has more than {MOST_NODES} operators")
                    _check_node(reader, span)
                elif part == "initializer":
                    _check_tensor(reader, span)
                elif part == "input":
                    inputs.append(_signature(reader, span))
                elif part == "output":
                    outputs.append(_signature(reader, span))
    for kind, found, wanted in (("input", inputs, (INPUT, columns)), ("output", outputs, (OUTPUT, classes))):
        if found != [wanted]:
            raise _refused(
                f"its {kind} must be float32 '{wanted[0]}' of shape (any, {wanted[1]}), as the manifest says"
            )


Span: TypeAlias = "tuple[int, int]"

SCHEMA = {
    "model": {
        1: "ir_version int",
        2: "producer_name text",
        3: "producer_version text",
        4: "domain text",
        5: "model_version int",
        6: "doc_string text",
        7: "graph message",
        8: "opset_import message *",
    },
    "opset": {1: "domain text", 2: "version int"},
    "graph": {
        1: "node message *",
        2: "name text",
        5: "initializer message *",
        10: "doc_string text",
        11: "input message *",
        12: "output message *",
    },
    "node": {
        1: "input text *",
        2: "output text *",
        3: "name text",
        4: "op_type text",
        5: "attribute message *",
        6: "doc_string text",
        7: "domain text",
    },
    "attribute": {
        1: "name text",
        2: "f float",
        3: "i int",
        4: "s text",
        5: "t message",
        7: "floats float *",
        8: "ints int *",
        9: "strings text *",
        13: "doc_string text",
        20: "type int",
    },
    "tensor": {
        1: "dims int *",
        2: "data_type int",
        4: "float_data float *",
        5: "int32_data int *",
        7: "int64_data int *",
        8: "name text",
        9: "raw_data bytes",
        10: "double_data double *",
        12: "doc_string text",
        14: "data_location int",
    },
    "value": {1: "name text", 2: "type message", 3: "doc_string text"},
    "type": {1: "tensor_type message", 6: "denotation text"},
    "tensor_type": {1: "elem_type int", 2: "shape message"},
    "shape": {1: "dim message *"},
    "dim": {1: "dim_value int", 2: "dim_param text", 3: "denotation text"},
}
"""Message, field number, then the field's name and kind (onnx.proto); ``*`` marks one that may be there
many times."""

FORBIDDEN = {
    ("model", 20): "training steps",
    ("model", 25): "local functions",
    ("graph", 15): "sparse tensors",
    ("attribute", 6): "a sub-graph",
    ("attribute", 11): "sub-graphs",
    ("tensor", 13): "external data: it would read other files",
}

WIRE_TYPES = {"int": (0,), "double": (1,), "text": (2,), "bytes": (2,), "message": (2,), "float": (5,)}

RUN = re.compile(
    rb"(?:\x3d[\x00-\xff]{4}){1,4096}"
    rb"|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f]){1,4096}"
    rb"|(?:\x4a\x0aBRANCH_LEQ|\x4a\x04LEAF){1,4096}"
)
"""Many ``floats``, ``ints``, or the node kinds of a tree, as they lie in an attribute: a forest has
millions."""


class _Reader:
    """The fields of a message, each checked against the schema."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = MOST_FIELDS

    def fields(self, message: str, span: Span) -> Iterator[tuple[str, Span]]:
        """Name and span of each field that is a message or bytes; numbers have the span (value, value)."""
        position, end = span
        seen = set()
        while position < end:
            self.left -= 1
            if self.left < 0:
                raise _refused(f"it has more than {MOST_FIELDS} fields")
            run = RUN.match(self.data, position, end) if message == "attribute" else None
            if run:
                position = run.end()
                continue
            key, position = self._varint(position, end)
            number, wire = key >> 3, key & 7
            name, kind, *many = self._known(message, number)
            if wire not in WIRE_TYPES[kind] and not (many and wire == 2):
                raise _refused(f"it is not well formed ({message}.{name} has wire type {wire})")
            if name in seen and not many:
                raise _refused(f"it is not well formed ({message}.{name} is there twice)")
            seen.add(name)
            value, position = self._value(wire, position, end)
            if kind == "text":
                self.text(value)  # ONNX Runtime chokes, loudly, on a name that is not
            yield name, value

    def message(self, message: str, span: Span) -> dict[str, Span]:
        """The fields of a message by name, of those that are there many times the last."""
        return dict(self.fields(message, span))

    def text(self, span: Span | None) -> str:
        """A string field; empty where it is not there."""
        start, end = span or (0, 0)
        try:
            return self.data[start:end].decode()
        except UnicodeDecodeError:
            raise _refused("it is not well formed (a text is not UTF-8)") from None

    def _known(self, message: str, number: int) -> list[str]:
        if number not in SCHEMA[message]:
            what = FORBIDDEN.get((message, number), f"field {number} of {message}, which no classifier needs")
            raise _refused(f"it has {what}")
        return SCHEMA[message][number].split()

    def _value(self, wire: int, position: int, end: int) -> tuple[Span, int]:
        if wire == 0:
            value, position = self._varint(position, end)
            return (value, value), position
        size = {1: 8, 5: 4}.get(wire)
        if size is None:
            size, position = self._varint(position, end)
        if position + size > end:
            raise _refused("it is not well formed (cut short)")
        return (position, position + size), position + size

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if position >= end:
                raise _refused("it is not well formed (cut short)")
            byte = self.data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position
        raise _refused("it is not well formed (an endless number)")


def _check_domain(reader: _Reader, span: Span | None) -> str:
    domain = reader.text(span)
    if domain not in OPERATORS:
        raise _refused(f"it uses operators of the domain {short(domain)}; allowed: ONNX's own and {ML}")
    return domain


def _check_node(reader: _Reader, span: Span) -> None:
    node: dict[str, Span] = {}
    for name, value in reader.fields("node", span):
        node[name] = value
        if name == "attribute":
            tensor = reader.message("attribute", value).get("t")
            if tensor:
                _check_tensor(reader, tensor)
    domain = _check_domain(reader, node.get("domain"))
    operator = reader.text(node.get("op_type"))
    if operator not in OPERATORS[domain].split():
        raise _refused(f"it uses the operator {short(operator)}, which no classifier needs")


def _check_tensor(reader: _Reader, span: Span) -> None:
    if reader.message("tensor", span).get("data_location", (0, 0)) != (0, 0):
        raise _refused(f"it has {FORBIDDEN['tensor', 13]}")


def _signature(reader: _Reader, span: Span) -> tuple[str, int]:
    """Name and columns of an input or output; -1 columns where it is not a float32 tensor of shape (any,
    columns)."""
    value = reader.message("value", span)
    name = reader.text(value.get("name"))
    tensor = reader.message("type", value.get("type", (0, 0))).get("tensor_type", (0, 0))
    described = reader.message("tensor_type", tensor)
    dims = [reader.message("dim", dim) for _, dim in reader.fields("shape", described.get("shape", (0, 0)))]
    sizes = [dim["dim_value"][0] if "dim_value" in dim else None for dim in dims]
    if described.get("elem_type") != (1, 1) or len(sizes) != 2 or sizes[0] is not None or sizes[1] is None:
        return name, -1
    return name, sizes[1]


def _refused(why: str) -> BundleError:
    return BundleError(f"classifier.onnx is refused: {why}")
