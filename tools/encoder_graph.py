"""ONNX graphs of speech encoders, node by node: what the tools that export them share."""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array

Weights = dict[str, NDArray[Any]]

OPSET = 17
IR_VERSION = 8

RUNTIMES = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""

LARGEST = 63
"""Of a quantised weight. Two products of a byte and this fit into 16 bits; where a processor adds such pairs before it
widens them (x86 without VNNI), larger ones would be cut off."""

FAINT = 0.2
"""The least that a frame's peak is taken to be. GELU's lowest value is -0.17, so a divided frame is from -1 to 1."""

END = np.iinfo(np.int64).max
"""To slice to."""

EPSILON = 1e-5
"""Added to a variance before its root is taken."""


class Graph:
    """Nodes and constants, as they are added.

    Args:
        quantise: multiply matrices as integers: weights in 7 bits by output channel, activations in 8 bits as they
            come.
    """

    def __init__(self, quantise: bool) -> None:
        self.quantise = quantise
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._named: set[str] = set()

    def model(self, name: str, shape: list[Any], layers: list[str], length: str, width: int, *, frames: bool) -> Any:
        """The ONNX model, checked.

        Args:
            name: of the input, float32.
            shape: of the input.
            layers: to give, by name.
            length: what the layers' frames are called.
            width: of the layers.
            frames: give the layers, not their statistics.
        """
        outputs: dict[str, list[Any]] = {layer: ["clips", length, width] for layer in layers}
        if not frames:
            self._statistics(layers, "statistics")
            outputs = {"statistics": ["clips", len(layers), 2, width]}
        made = make_graph(
            self._nodes,
            "encoder",
            [make_tensor_value_info(name, TensorProto.FLOAT, shape)],
            [make_tensor_value_info(output, TensorProto.FLOAT, size) for output, size in outputs.items()],
            self._constants,
        )
        imports = [make_opsetid("", OPSET), make_opsetid(RUNTIMES, 1)]
        model = make_model(made, opset_imports=imports, ir_version=IR_VERSION)
        checker.check_model(model)
        return model

    def node(self, operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> None:
        self._nodes.append(make_node(operator, inputs, list(outputs), **attributes))

    def constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self._named:
            self._named.add(name)
            self._constants.append(from_array(np.asarray(value, order="C"), name))
        return name

    def integer(self, value: int) -> str:
        """A constant of one integer, shape (1,)."""
        return self.constant(f"integer/{value}", np.array([value], dtype=np.int64))

    def halves(self, name: str, value: NDArray[Any]) -> str:
        """A constant stored as float16."""
        self.constant(f"{name}/half", value.astype(np.float16))
        self.node("Cast", [f"{name}/half"], name, to=TensorProto.FLOAT)
        return name

    def _statistics(self, layers: list[str], target: str) -> None:
        """Mean and standard deviation of each layer over time, shape (clips, layers, 2, width)."""
        for layer in layers:
            self.node("ReduceMean", [layer], f"{layer}/mean", axes=[1], keepdims=1)
            self.node("Sub", [layer, f"{layer}/mean"], f"{layer}/deviation")
            self.node("Mul", [f"{layer}/deviation", f"{layer}/deviation"], f"{layer}/squares")
            self.node("ReduceMean", [f"{layer}/squares"], f"{layer}/variance", axes=[1], keepdims=1)
            self.node("Sqrt", [f"{layer}/variance"], f"{layer}/std")
            self.node("Concat", [f"{layer}/mean", f"{layer}/std"], f"{layer}/both", axis=1)
            self.node("Unsqueeze", [f"{layer}/both", self.integer(1)], f"{layer}/statistics")
        self.node("Concat", [f"{layer}/statistics" for layer in layers], target, axis=1)

    def angles(self, frames: str, name: str, scales: NDArray[Any]) -> None:
        """Each frame's number times each of the scales: ``angles``, shape (frames, scales).

        Args:
            frames: shape (clips, frames, width).
            name: of the constant that keeps the scales.
            scales: radians a frame.
        """
        self.constant(name, scales.astype(np.float32)[None])
        self.node("Shape", [frames], "length", start=1, end=2)
        for number, value in (("zero", 0), ("one_more", 1)):
            self.constant(number, np.array(value, dtype=np.int64))
        self.node("Squeeze", ["length"], "count")
        self.node("Range", ["zero", "count", "one_more"], "numbers")
        self.node("Cast", ["numbers"], "times", to=TensorProto.FLOAT)
        self.node("Unsqueeze", ["times", self.integer(1)], "rows")
        self.node("Mul", ["rows", name], "angles")

    def gelu(self, source: str, target: str) -> None:
        """In the form that ONNX Runtime takes for what it is, and computes in one step."""
        for name, value in (("half", 0.5), ("one", 1.0), ("root", np.sqrt(2))):
            self.constant(name, np.array(value, dtype=np.float32))
        self.node("Div", [source, "root"], f"{target}/scaled")
        self.node("Erf", [f"{target}/scaled"], f"{target}/erf")
        self.node("Add", [f"{target}/erf", "one"], f"{target}/gate")
        self.node("Mul", [source, f"{target}/gate"], f"{target}/gated")
        self.node("Mul", [f"{target}/gated", "half"], target)

    def normalise(self, source: str, target: str, *parts: str) -> None:
        """Layer normalisation by constants: the scale and, where there is one, the bias."""
        self.node("LayerNormalization", [source, *parts], target, axis=-1, epsilon=EPSILON)

    def linear(self, name: str, source: str, target: str, matrix: NDArray[Any], bias: NDArray[Any] | None) -> None:
        """A matrix, shape (in, out), and a bias."""
        product = target if bias is None else f"{target}/product"
        if bias is not None:
            self.constant(f"{name}/bias", bias)
        if not self.quantise:
            self.constant(f"{name}/weight", matrix)
            self.node("MatMul", [source, f"{name}/weight"], product)
        else:
            steps, scale = _quantised(matrix)
            self.constant(f"{name}/weight", steps)
            self.constant(f"{name}/scale", scale)
            integers, step, zero = self.integers(source)
            self.constant(f"{name}/zero", np.zeros(matrix.shape[1], dtype=np.int8))
            self.node("MatMulInteger", [integers, f"{name}/weight", zero, f"{name}/zero"], f"{target}/integers")
            self.node("Cast", [f"{target}/integers"], f"{target}/numbers", to=TensorProto.FLOAT)
            self.node("Mul", [step, f"{name}/scale"], f"{target}/scale")
            self.node("Mul", [f"{target}/numbers", f"{target}/scale"], product)
        if bias is not None:
            self.node("Add", [product, f"{name}/bias"], target)

    def integers(self, source: str) -> list[str]:
        """Names of activations as bytes, of their scale and of their zero."""
        names = [f"{source}/int8", f"{source}/scale", f"{source}/zero"]
        if names[0] not in self._named:
            self._named.add(names[0])
            self.node("DynamicQuantizeLinear", [source], *names)
        return names

    def move(self, operator: str, sources: list[str], target: str, *others: str, **attributes: Any) -> None:
        """A node that moves activations without a change: as bytes, if matrices are quantised.

        Args:
            operator: the node's.
            sources: activations; if there are several, all of them parts of one, so that they have one scale.
            target: what they are moved to.
            others: inputs that are no activations.
            attributes: the node's.
        """
        if not self.quantise:
            self.node(operator, [*sources, *others], target, **attributes)
            return
        found = [self.integers(source) for source in sources]
        self._named.add(f"{target}/int8")
        self.node(operator, [*(integers for integers, _, _ in found), *others], f"{target}/int8", **attributes)
        for part, value in zip(("scale", "zero"), found[0][1:], strict=True):
            self.node("Identity", [value], f"{target}/{part}")

    def convolved_by_peaks(
        self, name: str, source: str, target: str, kernel: NDArray[Any], bias: NDArray[Any], stride: int
    ) -> None:
        """A convolution, each place of its kernel by itself, of frames that are divided by their peaks.

        Some frames are a hundred times as loud as most; as bytes, they would drown the others. A graph can have one.

        Args:
            name: of the constants.
            source: what GELU gave, (clips, frames, in).
            target: (clips, frames, out).
            kernel: shape (out, in, size).
            bias: shape (out,).
            stride: in frames.
        """
        self.constant("faint", np.array(FAINT, dtype=np.float32))
        self.node("ReduceMax", [source], f"{source}/peak", axes=[2], keepdims=1)
        self.node("Max", [f"{source}/peak", "faint"], "peak")
        self.node("Div", [source, "peak"], "level")
        parts = []
        for place, matrix in enumerate(places(kernel)):
            part, bounds = f"{target}/{place}", self.bounds(kernel.shape[2], stride, place)
            self.move("Slice", ["level"], f"level/{place}", *bounds)
            self.node("Slice", ["peak", *bounds], f"peak/{place}")
            self.linear(f"{name}/{place}", f"level/{place}", f"{part}/level", matrix, None)
            self.node("Mul", [f"{part}/level", f"peak/{place}"], part)
            parts.append(part)
        self.node("Sum", parts, f"{target}/product")
        self.constant(f"{target}/bias", bias)
        self.node("Add", [f"{target}/product", f"{target}/bias"], target)

    def bounds(self, size: int, stride: int, place: int) -> list[str]:
        """Where to slice for the frames that a place of a convolution's kernel covers: first, last, axis and step."""
        numbers = (place, END if place + 1 == size else place + 1 - size, 1, stride)
        return [self.integer(number) for number in numbers]

    def attention(self, parts: list[str], target: str, heads: int) -> None:
        """Of queries, keys and values, each (clips, frames, width)."""
        self.node("MultiHeadAttention", parts, target, domain=RUNTIMES, num_heads=heads)


def places(kernel: NDArray[Any]) -> NDArray[Any]:
    """A convolution's weights, shape (out, in, size), as a matrix for each place, shape (size, in, out)."""
    return kernel.transpose(2, 1, 0)


def _quantised(matrix: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights as integers, and the scale of each column: of all that cut off up to half of its range, the nearest."""
    whole = np.maximum(abs(matrix).max(axis=0), 1e-12) / LARGEST
    found, least = whole, np.full(matrix.shape[1], np.inf)
    for scale in whole * np.linspace(0.5, 1, 26)[:, None]:
        errors = np.square(_steps(matrix, scale) * scale - matrix).sum(axis=0)
        found, least = np.where(errors < least, scale, found), np.minimum(errors, least)
    return _steps(matrix, found), found.astype(np.float32)


def _steps(matrix: NDArray[Any], scale: NDArray[Any]) -> NDArray[np.int8]:
    return np.clip(np.round(matrix / scale), -LARGEST, LARGEST).astype(np.int8)


def arguments(about: str | None) -> argparse.ArgumentParser:
    """What both tools are asked."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path, help="the .onnx file; compressed if it ends in .gz")
    parser.add_argument("--layers", type=int, help="the last to give; what is above is cut off; all if not given")
    parser.add_argument("--first", type=int, default=0, help="of the layers to give, 0 being the convolutions' output")
    parser.add_argument("--float", action="store_true", help="do not quantise")
    parser.add_argument("--frames", action="store_true", help="give the layers' frames, not their statistics")
    return parser


def layers_wanted(given: argparse.Namespace, layers: int) -> range:
    """Which layers to give, in their order.

    Args:
        given: from :func:`arguments`.
        layers: that the encoder has.
    """
    last = layers if given.layers is None else given.layers
    if not 0 <= given.first <= last <= layers or not last:
        raise SystemExit(
            f"error: --layers must be from 1 to {layers} and --first from 0 to it, not {last} and {given.first}"
        )
    return range(given.first, last + 1)


def write(model: Any, out: Path) -> None:
    """Write a model, compressed if its name ends in ``.gz``, and say how large it is and its checksum."""
    data = model.SerializeToString()
    if out.suffix == ".gz":
        packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)  # gzip's header, without time and name
        data = packer.compress(data) + packer.flush()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(data)
    print(f"{out}  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


def safetensors(path: Path) -> Weights:
    """The tensors of a .safetensors file, float32: a JSON header, then raw bytes."""
    data = path.read_bytes()
    begin = 8 + struct.unpack_from("<Q", data)[0]
    types = {"F32": np.float32, "F16": np.float16}
    tensors: Weights = {}
    for name, about in json.loads(data[8:begin]).items():
        if name != "__metadata__":
            first, end = about["data_offsets"]
            kind = types[about["dtype"]]
            tensors[name] = np.frombuffer(data[begin + first : begin + end], kind).reshape(about["shape"])
    return tensors
