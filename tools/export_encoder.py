"""A Whisper encoder as ONNX: log-mel of any length in, statistics of every wanted layer over time out.

    python tools/export_encoder.py WEIGHTS OUT.onnx[.gz] [--first N] [--layers N] [--float] [--frames]

WEIGHTS is CTranslate2's ``model.bin`` (as faster-whisper publishes it) or a Hugging Face folder with
``model.safetensors``. The graph has one input, ``mel``: float32, shape (clips, 80, frames), as Whisper scales it, and
one output, ``statistics``: float32, shape (clips, layers, 2, width): of each layer, the convolutions' output being
number 0, the mean and the standard deviation over time. The last of all layers is normalised, as Whisper's own
output is. With ``--frames`` the layers themselves are given: ``layer_0`` and so on, shape (clips, frames / 2, width).

Layers above ``--layers`` are cut off, and those below ``--first`` not given. Positions are sinusoids, so they are
computed, not stored. The first convolution is kept as float16, as it is published; unless ``--float`` is given, the
second and the matrices are kept and multiplied as integers: weights in 7 bits by output channel, so that no
processor's sums overflow, activations in 8 bits as they come.
Radford et al. (2022), arXiv:2212.04356.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from encoder_graph import Graph, Weights, arguments, layers_wanted, safetensors, write
from onnx import TensorProto

CT2_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
"""CTranslate2's numbers for the types of its variables."""

STRIDE = 2
"""Of the second convolution, in frames."""

HEAD_WIDTH = 64
"""Of each attention head, in every Whisper model."""

TIMESCALE = 10_000
"""Of the slowest of the sinusoids, to the fastest."""


def main() -> None:
    given = arguments(__doc__).parse_args()
    weights = read(given.weights)
    layers = sum(name.endswith("self_attention/linear_0/weight") for name in weights)
    model = graph(weights, layers_wanted(given, layers), layers, quantise=not given.float, frames=given.frames)
    write(model, given.out)


def read(source: Path) -> Weights:
    """A Whisper encoder's variables as float32, named as CTranslate2 names them, without ``encoder/``."""
    if source.is_dir():
        return _from_hugging_face(safetensors(source / "model.safetensors"))
    found = _ct2_variables(source)
    return {
        name.removeprefix("encoder/"): value.astype(np.float32)
        for name, value in found.items()
        if name.startswith("encoder/") and value.ndim
    }


def graph(weights: Weights, wanted: range, layers: int, *, quantise: bool, frames: bool) -> Any:
    """The ONNX model.

    Args:
        weights: from :func:`read`.
        wanted: layers to give, in their order.
        layers: that the encoder has.
        quantise: matrices of the layers as integers.
        frames: give the layers, not their statistics.
    """
    build = _Whisper(quantise, weights)
    build.convolutions("frames")
    width = weights["conv1/bias"].size
    build.positions(width)
    build.node("Add", ["frames", "positions"], "layer_0")
    for number in range(wanted[-1]):
        build.layer(number, last=number + 1 == layers)
    outputs = [f"layer_{number}" for number in wanted]
    if wanted[-1] == layers:
        build.normalised("layer_norm", f"raw_{layers}", outputs[-1])
    return build.model("mel", ["clips", 80, "frames"], outputs, "positions", width, frames=frames)


class _Whisper(Graph):
    """What Whisper's encoders are made of."""

    def __init__(self, quantise: bool, weights: Weights) -> None:
        super().__init__(quantise)
        self._weights = weights
        self._heads = weights["conv1/bias"].size // HEAD_WIDTH

    def convolutions(self, target: str) -> None:
        """Two of them, of three frames each, the second by every other frame: shape (clips, positions, width)."""
        inputs = [self.halves(f"conv1/{part}", self._weights[f"conv1/{part}"]) for part in ("weight", "bias")]
        self.node("Conv", ["mel", *inputs], "convolved1", kernel_shape=[3], pads=[1, 1], strides=[1])
        self.gelu("convolved1", "conv1")
        self.node("Transpose", ["conv1"], "conv1/frames", perm=[0, 2, 1])
        self.constant("around", np.array([0, 1, 0, 0, 1, 0]))
        self.node("Pad", ["conv1/frames", "around"], "conv1/padded")
        kernel, bias = (self._weights[f"conv2/{part}"] for part in ("weight", "bias"))
        self.convolved_by_peaks("conv2", "conv1/padded", "convolved2", kernel, bias, STRIDE)
        self.gelu("convolved2", target)

    def positions(self, width: int) -> None:
        """Sinusoids of each frame's number, sines before cosines, shape (frames, width)."""
        scales = TIMESCALE ** (-np.arange(width // 2) / (width // 2 - 1))
        self.angles("frames", "timescales", scales)
        self.node("Sin", ["angles"], "sines")
        self.node("Cos", ["angles"], "cosines")
        self.node("Concat", ["sines", "cosines"], "waves", axis=1)
        self.node("Cast", ["waves"], "waves/half", to=TensorProto.FLOAT16)  # as precise as they were published
        self.node("Cast", ["waves/half"], "positions", to=TensorProto.FLOAT)

    def normalised(self, name: str, source: str, target: str) -> None:
        parts = [self.constant(f"{name}/{part}", self._weights[f"{name}/{part}"]) for part in ("gamma", "beta")]
        self.normalise(source, target, *parts)

    def matrix(self, name: str, source: str, target: str) -> None:
        """A matrix, which CTranslate2 keeps as (out, in), and a bias."""
        self.linear(name, source, target, self._weights[f"{name}/weight"].T, self._weights[f"{name}/bias"])

    def layer(self, number: int, *, last: bool) -> None:
        """Pre-norm self-attention and a feed-forward network, each added to what came in."""
        name, source = f"layer_{number}", f"layer_{number}"
        attention, network = f"{name}/self_attention", f"{name}/ffn"
        self.normalised(f"{attention}/layer_norm", source, f"{attention}/in")
        self.matrix(f"{attention}/linear_0", f"{attention}/in", f"{attention}/all")
        parts = [f"{attention}/{part}" for part in ("query", "key", "value")]
        self.node("Split", [f"{attention}/all"], *parts, axis=2)
        self.attention(parts, f"{attention}/joined", self._heads)
        self.matrix(f"{attention}/linear_1", f"{attention}/joined", f"{attention}/out")
        self.node("Add", [source, f"{attention}/out"], f"{name}/attended")
        self.normalised(f"{network}/layer_norm", f"{name}/attended", f"{network}/in")
        self.matrix(f"{network}/linear_0", f"{network}/in", f"{network}/wide")
        self.gelu(f"{network}/wide", f"{network}/active")
        self.matrix(f"{network}/linear_1", f"{network}/active", f"{network}/out")
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


if __name__ == "__main__":
    main()
