"""A Whisper encoder as ONNX: log-mel of any length in, statistics of every wanted layer over time out.

    python tools/export_encoder.py WEIGHTS OUT.onnx [--layers N] [--float] [--frames]

WEIGHTS is CTranslate2's ``model.bin`` (as faster-whisper publishes it) or a Hugging Face folder with
``model.safetensors``. The graph has one input, ``mel``: float32, shape (clips, 80, frames), as Whisper scales it, and
one output, ``statistics``: float32, shape (clips, 1 + layers, 2, width): of each layer, the convolutions' output being
the first, the mean and the standard deviation over time. The last of all layers is normalised, as Whisper's own
output is. With ``--frames`` the layers themselves are given: ``layer_0`` and so on, shape (clips, frames / 2, width).

Layers above ``--layers`` are cut off. Positions are sinusoids, so they are computed, not stored. Convolutions are
kept as float16, as they are published; unless ``--float`` is given, the matrices are kept and multiplied as integers:
weights in 7 bits by output channel, so that no processor's sums overflow, activations in 8 bits as they come.
Radford et al. (2022), arXiv:2212.04356.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
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

CT2_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
"""CTranslate2's numbers for the types of its variables."""

HEAD_WIDTH = 64
"""Of each attention head, in every Whisper model."""

LARGEST = 63
"""Of a quantised weight. Two products of a byte and this fit into 16 bits; where a processor adds such pairs before it
widens them (x86 without VNNI), larger ones would be cut off."""

TIMESCALE = 10_000
"""Of the slowest of the sinusoids, to the fastest."""


def main() -> None:
    given = _arguments()
    weights = read(given.weights)
    layers = sum(name.endswith("self_attention/linear_0/weight") for name in weights)
    if not 0 < (wanted := given.layers or layers) <= layers:
        raise SystemExit(f"error: --layers must be from 1 to {layers}, not {wanted}")
    data = graph(weights, wanted, layers, quantise=not given.float, frames=given.frames).SerializeToString()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(data)
    print(f"{given.out}  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


def read(source: Path) -> Weights:
    """A Whisper encoder's variables as float32, named as CTranslate2 names them, without ``encoder/``."""
    if source.is_dir():
        return _from_hugging_face(_safetensors(source / "model.safetensors"))
    found = _ct2_variables(source)
    return {
        name.removeprefix("encoder/"): value.astype(np.float32)
        for name, value in found.items()
        if name.startswith("encoder/") and value.ndim
    }


def graph(weights: Weights, wanted: int, layers: int, *, quantise: bool, frames: bool) -> Any:
    """The ONNX model.

    Args:
        weights: from :func:`read`.
        wanted: layers to keep.
        layers: that the encoder has.
        quantise: matrices of the layers as integers.
        frames: give the layers, not their statistics.
    """
    build = _Builder(quantise)
    width = weights["conv1/bias"].size
    heads = width // HEAD_WIDTH
    for number, stride in ((1, 1), (2, 2)):
        inputs = ["mel" if number == 1 else "conv1", *build.weights(f"conv{number}", weights)]
        build.node("Conv", inputs, f"convolved{number}", kernel_shape=[3], pads=[1, 1], strides=[stride])
        build.gelu(f"convolved{number}", f"conv{number}")
    build.node("Transpose", ["conv2"], "frames", perm=[0, 2, 1])
    build.positions(width)
    build.node("Add", ["frames", "positions"], "layer_0")
    build.constant("split", np.array([0, 0, 3, heads, HEAD_WIDTH], dtype=np.int64))
    build.constant("joined", np.array([0, 0, width], dtype=np.int64))
    build.constant("scale", np.array(HEAD_WIDTH**-0.5, dtype=np.float32))
    for number in range(wanted):
        build.layer(number, weights, last=number + 1 == layers)
    outputs = [f"layer_{number}" for number in range(wanted + 1)]
    shape: list[Any] = ["clips", "positions", width]
    if wanted == layers:
        build.normalise("layer_norm", f"raw_{layers}", outputs[-1], weights)
    if not frames:
        build.statistics(outputs, "statistics")
        outputs, shape = ["statistics"], ["clips", wanted + 1, 2, width]
    made = make_graph(
        build.nodes,
        "encoder",
        [make_tensor_value_info("mel", TensorProto.FLOAT, ["clips", 80, "frames"])],
        [make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs],
        build.constants,
    )
    model = make_model(made, opset_imports=[make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    return model


class _Builder:
    """Nodes and constants, as they are added."""

    def __init__(self, quantise: bool) -> None:
        self.quantise = quantise
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._named: set[str] = set()

    def node(self, operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> None:
        self.nodes.append(make_node(operator, inputs, list(outputs), **attributes))

    def constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self._named:
            self._named.add(name)
            self.constants.append(from_array(np.asarray(value, order="C"), name))
        return name

    def halves(self, name: str, value: NDArray[Any]) -> str:
        """A constant stored as float16, which the weights are published as, and so without loss."""
        self.constant(f"{name}/half", value.astype(np.float16))
        self.node("Cast", [f"{name}/half"], name, to=TensorProto.FLOAT)
        return name

    def weights(self, name: str, weights: Weights) -> list[str]:
        return [self.halves(f"{name}/{part}", weights[f"{name}/{part}"]) for part in ("weight", "bias")]

    def positions(self, width: int) -> None:
        """Sinusoids of each frame's number, sines before cosines, shape (frames, width)."""
        scales = TIMESCALE ** (-np.arange(width // 2) / (width // 2 - 1))
        self.constant("timescales", scales.astype(np.float32)[None])
        self.node("Shape", ["frames"], "length", start=1, end=2)
        for name, value in (("zero", 0), ("one_more", 1)):
            self.constant(name, np.array(value, dtype=np.int64))
        self.node("Squeeze", ["length"], "count")
        self.node("Range", ["zero", "count", "one_more"], "numbers")
        self.node("Cast", ["numbers"], "times", to=TensorProto.FLOAT)
        self.constant("column", np.array([1], dtype=np.int64))
        self.node("Unsqueeze", ["times", "column"], "rows")
        self.node("Mul", ["rows", "timescales"], "angles")
        self.node("Sin", ["angles"], "sines")
        self.node("Cos", ["angles"], "cosines")
        self.node("Concat", ["sines", "cosines"], "waves", axis=1)
        self.node("Cast", ["waves"], "waves/half", to=TensorProto.FLOAT16)  # as precise as they were published
        self.node("Cast", ["waves/half"], "positions", to=TensorProto.FLOAT)

    def statistics(self, layers: list[str], target: str) -> None:
        """Mean and standard deviation of each layer over time, shape (clips, layers, 2, width)."""
        self.constant("pair", np.array([1], dtype=np.int64))
        for layer in layers:
            self.node("ReduceMean", [layer], f"{layer}/mean", axes=[1], keepdims=1)
            self.node("Sub", [layer, f"{layer}/mean"], f"{layer}/deviation")
            self.node("Mul", [f"{layer}/deviation", f"{layer}/deviation"], f"{layer}/squares")
            self.node("ReduceMean", [f"{layer}/squares"], f"{layer}/variance", axes=[1], keepdims=1)
            self.node("Sqrt", [f"{layer}/variance"], f"{layer}/std")
            self.node("Concat", [f"{layer}/mean", f"{layer}/std"], f"{layer}/both", axis=1)
            self.node("Unsqueeze", [f"{layer}/both", "pair"], f"{layer}/statistics")
        self.node("Concat", [f"{layer}/statistics" for layer in layers], target, axis=1)

    def gelu(self, source: str, target: str) -> None:
        for name, value in (("half", 0.5), ("one", 1.0), ("root_half", np.sqrt(0.5))):
            self.constant(name, np.array(value, dtype=np.float32))
        self.node("Mul", [source, "root_half"], f"{target}/scaled")
        self.node("Erf", [f"{target}/scaled"], f"{target}/erf")
        self.node("Add", [f"{target}/erf", "one"], f"{target}/gate")
        self.node("Mul", [source, f"{target}/gate"], f"{target}/gated")
        self.node("Mul", [f"{target}/gated", "half"], target)

    def normalise(self, name: str, source: str, target: str, weights: Weights) -> None:
        parts = [self.constant(f"{name}/{part}", weights[f"{name}/{part}"]) for part in ("gamma", "beta")]
        self.node("LayerNormalization", [source, *parts], target, axis=-1, epsilon=1e-5)

    def linear(self, name: str, source: str, target: str, weights: Weights) -> None:
        """A matrix and a bias; CTranslate2 keeps the matrix as (out, in)."""
        matrix, bias = weights[f"{name}/weight"].T, weights[f"{name}/bias"]
        self.constant(f"{name}/bias", bias)
        if not self.quantise:
            self.constant(f"{name}/weight", matrix)
            self.node("MatMul", [source, f"{name}/weight"], f"{target}/product")
        else:
            scale = np.maximum(abs(matrix).max(axis=0), 1e-12) / LARGEST
            self.constant(f"{name}/weight", np.round(matrix / scale).astype(np.int8))
            self.constant(f"{name}/scale", scale.astype(np.float32))
            names = [f"{source}/int8", f"{source}/scale", f"{source}/zero"]
            if names[0] not in self._named:
                self._named.add(names[0])
                self.node("DynamicQuantizeLinear", [source], *names)
            self.constant(f"{name}/zero", np.zeros(matrix.shape[1], dtype=np.int8))
            self.node("MatMulInteger", [names[0], f"{name}/weight", names[2], f"{name}/zero"], f"{target}/integers")
            self.node("Cast", [f"{target}/integers"], f"{target}/numbers", to=TensorProto.FLOAT)
            self.node("Mul", [names[1], f"{name}/scale"], f"{target}/scale")
            self.node("Mul", [f"{target}/numbers", f"{target}/scale"], f"{target}/product")
        self.node("Add", [f"{target}/product", f"{name}/bias"], target)

    def layer(self, number: int, weights: Weights, *, last: bool) -> None:
        """Pre-norm self-attention and a feed-forward network, each added to what came in."""
        name, source = f"layer_{number}", f"layer_{number}"
        attention, network = f"{name}/self_attention", f"{name}/ffn"
        self.normalise(f"{attention}/layer_norm", source, f"{attention}/in", weights)
        self.linear(f"{attention}/linear_0", f"{attention}/in", f"{attention}/all", weights)
        self.node("Reshape", [f"{attention}/all", "split"], f"{attention}/heads")
        self.node("Transpose", [f"{attention}/heads"], f"{attention}/parts", perm=[2, 0, 3, 1, 4])
        for position, part in enumerate(("query", "key", "value")):
            self.constant(f"number_{position}", np.array(position, dtype=np.int64))
            self.node("Gather", [f"{attention}/parts", f"number_{position}"], f"{attention}/{part}", axis=0)
        self.node("Mul", [f"{attention}/query", "scale"], f"{attention}/scaled")
        self.node("Transpose", [f"{attention}/key"], f"{attention}/turned", perm=[0, 1, 3, 2])
        self.node("MatMul", [f"{attention}/scaled", f"{attention}/turned"], f"{attention}/scores")
        self.node("Softmax", [f"{attention}/scores"], f"{attention}/weights", axis=-1)
        self.node("MatMul", [f"{attention}/weights", f"{attention}/value"], f"{attention}/mixed")
        self.node("Transpose", [f"{attention}/mixed"], f"{attention}/rows", perm=[0, 2, 1, 3])
        self.node("Reshape", [f"{attention}/rows", "joined"], f"{attention}/joined")
        self.linear(f"{attention}/linear_1", f"{attention}/joined", f"{attention}/out", weights)
        self.node("Add", [source, f"{attention}/out"], f"{name}/attended")
        self.normalise(f"{network}/layer_norm", f"{name}/attended", f"{network}/in", weights)
        self.linear(f"{network}/linear_0", f"{network}/in", f"{network}/wide", weights)
        self.gelu(f"{network}/wide", f"{network}/active")
        self.linear(f"{network}/linear_1", f"{network}/active", f"{network}/out", weights)
        target = f"raw_{number + 1}" if last else f"layer_{number + 1}"
        self.node("Add", [f"{name}/attended", f"{network}/out"], target)


def _ct2_variables(path: Path) -> Weights:
    """The variables of a CTranslate2 model (its binary format, version 4 and later)."""
    data = path.read_bytes()
    place = 0

    def number(kind: str) -> int:
        nonlocal place
        value: int = struct.unpack_from(f"<{kind}", data, place)[0]
        place += struct.calcsize(f"<{kind}")
        return value

    def text() -> str:
        nonlocal place
        length = number("H")
        value = data[place : place + length - 1].decode()  # the last byte is a zero
        place += length
        return value

    if number("I") < 4 or text() != "WhisperSpec":
        raise SystemExit(f"error: {path} is no Whisper model of CTranslate2's binary format 4 or later")
    number("I")  # the revision of the specification
    variables: Weights = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        dtype = np.dtype(CT2_TYPES[number("B")])
        size = number("I")
        variables[name] = np.frombuffer(data, dtype, size // dtype.itemsize, place).reshape(shape)
        place += size
    return variables


def _safetensors(path: Path) -> Weights:
    """The tensors of a .safetensors file: a JSON header, then raw bytes."""
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


def _from_hugging_face(tensors: Weights) -> Weights:
    """Hugging Face's names as CTranslate2's; queries, keys and values as one matrix."""
    tensors = {name.removeprefix("model.").removeprefix("encoder."): value for name, value in tensors.items()}
    found: Weights = {}
    for theirs, ours in (("conv1", "conv1"), ("conv2", "conv2")):
        found |= {f"{ours}/{part}": tensors[f"{theirs}.{part}"] for part in ("weight", "bias")}
    found |= _norm(tensors, "layer_norm", "layer_norm")
    number = 0
    while f"layers.{number}.fc1.weight" in tensors:
        theirs, ours = f"layers.{number}", f"layer_{number}"
        found |= _norm(tensors, f"{theirs}.self_attn_layer_norm", f"{ours}/self_attention/layer_norm")
        found |= _norm(tensors, f"{theirs}.final_layer_norm", f"{ours}/ffn/layer_norm")
        query, key, value = (f"{theirs}.self_attn.{letter}_proj" for letter in "qkv")
        bias = tensors[f"{query}.bias"]  # Whisper's keys have none
        found[f"{ours}/self_attention/linear_0/weight"] = np.concatenate(
            [tensors[f"{part}.weight"] for part in (query, key, value)]
        )
        found[f"{ours}/self_attention/linear_0/bias"] = np.concatenate(
            [bias, np.zeros_like(bias), tensors[f"{value}.bias"]]
        )
        for other, own in (
            ("self_attn.out_proj", "self_attention/linear_1"),
            ("fc1", "ffn/linear_0"),
            ("fc2", "ffn/linear_1"),
        ):
            found |= {f"{ours}/{own}/{part}": tensors[f"{theirs}.{other}.{part}"] for part in ("weight", "bias")}
        number += 1
    return {name: value.astype(np.float32) for name, value in found.items()}


def _norm(tensors: Weights, theirs: str, ours: str) -> Weights:
    return {f"{ours}/gamma": tensors[f"{theirs}.weight"], f"{ours}/beta": tensors[f"{theirs}.bias"]}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, help="how many to keep; all if not given")
    parser.add_argument("--float", action="store_true", help="do not quantise")
    parser.add_argument("--frames", action="store_true", help="give the layers' frames, not their statistics")
    return parser.parse_args()


if __name__ == "__main__":
    main()
