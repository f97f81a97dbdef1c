"""A Moonshine encoder as ONNX: sound of any length in, statistics of the wanted layers over time out.

    python tools/export_moonshine.py WEIGHTS OUT.onnx [--first N] [--layers N] [--attended] [--float] [--frames]

WEIGHTS is ``encoder_model.ort`` (as Moonshine AI publishes it; in the package ``moonshine-cpp``) or a Hugging Face
folder with ``model.safetensors``. The graph has one input, ``sound``: float32, shape (clips, samples), at 16 kHz, and
one output, ``statistics``: float32, shape (clips, layers, 2, width): of each layer from ``--first`` to ``--layers``,
the convolutions' output being number 0, the mean and the standard deviation over time, 41.7 frames a second. The last
of all layers is normalised, as Moonshine's own output is. With ``--frames`` the layers themselves are given:
``layer_0`` and so on, shape (clips, frames, width).

Layers above ``--layers`` are cut off, and with ``--attended`` the last one after its attention, which has a third of
its weights. Unless ``--float`` is given, matrices and the second convolution are kept and multiplied as integers:
weights in 7 bits by output channel, activations in 8 bits as they come. The third convolution is kept in 8 bits and
multiplied as floats, the first is float16. Jeffries et al. (2024), arXiv:2410.15608.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from encoder_graph import EPSILON, Graph, Weights, arguments, safetensors, write
from numpy.typing import NDArray
from onnx.helper import tensor_dtype_to_np_dtype

HEADS = 8

ROTATED = 32
"""Of a head's units, those whose phase tells the position."""

TIMESCALE = 10_000
"""Of the slowest rotation, to the fastest."""

CONVOLUTIONS = {1: (127, 64), 2: (7, 3), 3: (3, 2)}
"""By number: how many samples or frames each covers, and its stride."""


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--first", type=int, default=0, help="of the layers to give")
    parser.add_argument("--attended", action="store_true", help="of the last of them only its attention")
    given = parser.parse_args()
    weights = read(given.weights)
    layers = sum(name.endswith("mlp.fc1.bias") for name in weights)
    wanted = given.layers or layers
    if not 0 <= given.first <= wanted <= layers:
        raise SystemExit(f"error: --first and --layers must be from 0 to {layers}, not {given.first} and {wanted}")
    build = _Moonshine(not given.float, weights)
    outputs = build.layers(range(given.first, wanted + 1), layers, attended=given.attended)
    shape = ["clips", "samples"]
    write(build.model("sound", shape, outputs, "frames", build.width, frames=given.frames), given.out)


def read(source: Path) -> Weights:
    """A Moonshine encoder's tensors as float32, named as Hugging Face names them, without ``model.encoder.``."""
    if source.is_dir():
        found = safetensors(source / "model.safetensors")
        return {
            name.removeprefix("model.").removeprefix("encoder."): value.astype(np.float32)
            for name, value in found.items()
            if "encoder." in name
        }
    return _from_ort(source)


class _Moonshine(Graph):
    """What Moonshine's encoders are made of."""

    def __init__(self, quantise: bool, weights: Weights) -> None:
        super().__init__(quantise)
        self._weights = weights
        self.width = weights["conv1.weight"].shape[0]
        self._head = self.width // HEADS

    def layers(self, wanted: range, count: int, *, attended: bool) -> list[str]:
        """The names of the wanted layers, of so many in all, 0 being the convolutions' output.

        Args:
            wanted: in their order.
            count: that the encoder has.
            attended: go no further in the last of them than its attention.
        """
        self._convolutions()
        self._rotations()
        for number in range(wanted[-1]):
            self._attend(number)
            if attended and number + 1 == wanted[-1]:
                return [*(f"layer_{each}" for each in wanted[:-1]), f"layer_{number}/attended"]
            self._think(number, "normless" if number + 1 == count else f"layer_{number + 1}")
        if wanted[-1] == count:
            self._normalised("layer_norm", "normless", f"layer_{count}")
        return [f"layer_{number}" for number in wanted]

    def _convolutions(self) -> None:
        """Three of them, over the sound itself; after the first the clip is normalised as a whole."""
        self.constant("one_channel", np.array([1], dtype=np.int64))
        self.node("Unsqueeze", ["sound", "one_channel"], "channel")
        size, stride = CONVOLUTIONS[1]
        kernel = self.halves("conv1/weight", self._weights["conv1.weight"])
        self.node("Conv", ["channel", kernel], "convolved1", kernel_shape=[size], strides=[stride])
        self.node("Tanh", ["convolved1"], "bounded")
        self.node("ReduceMean", ["bounded"], "middle", axes=[1, 2], keepdims=1)
        self.node("Sub", ["bounded", "middle"], "centred")
        self.node("Mul", ["centred", "centred"], "squared")
        self.node("ReduceMean", ["squared"], "spread", axes=[1, 2], keepdims=1)
        self.constant("epsilon", np.array(EPSILON, dtype=np.float32))
        self.node("Add", ["spread", "epsilon"], "variance")
        self.node("Sqrt", ["variance"], "deviation")
        self.node("Div", ["centred", "deviation"], "whitened")
        kernel = self._weights["conv2.weight"]
        norm = [self._weights[f"groupnorm.{part}"] for part in ("weight", "bias")]
        if self.quantise:
            # loud channels quieter, and their weights larger: no one channel is to set the step of all
            evened = np.sqrt((abs(norm[0]) + abs(norm[1])) / abs(kernel).max(axis=(0, 2)))
            norm, kernel = [part / evened for part in norm], kernel * evened[:, None]
        for part, value in zip(("weight", "bias"), norm, strict=True):
            self.constant(f"groupnorm/{part}", value.reshape(-1, 1))
        self.node("Mul", ["whitened", "groupnorm/weight"], "weighted")
        self.node("Add", ["weighted", "groupnorm/bias"], "normal")
        self.node("Transpose", ["normal"], "normal_rows", perm=[0, 2, 1])
        wide = self._side_by_side(2, "normal_rows", "wide2", integers=self.quantise)
        self.linear("convolution2", wide, "convolved2", _unfolded(kernel), self._weights["conv2.bias"])
        self.gelu("convolved2", "conv2")
        # a few of its inputs are a hundred times as large as most: as bytes they would drown the others
        wide = self._side_by_side(3, "conv2", "wide3")
        matrix, bias = _unfolded(self._weights["conv3.weight"]), self._weights["conv3.bias"]
        self.stored("convolution3", wide, "convolved3", matrix, bias)
        self.gelu("convolved3", "layer_0")

    def _side_by_side(self, number: int, source: str, target: str, *, integers: bool = False) -> str:
        """The frames that each step of a convolution covers side by side: it is a matrix's product then.

        With ``integers`` they are bytes before they are repeated.
        """
        size, stride = CONVOLUTIONS[number]
        wide = target
        if integers:
            source, *known = self.integers(source)
            target = f"{wide}/int8"
        for name, value in (("step", stride), ("time", 1)):
            self.constant(f"{target}/{name}", np.array([value], dtype=np.int64))
        shifted = []
        for place in range(size):
            end = place + 1 - size if place + 1 < size else np.iinfo(np.int64).max
            self.constant(f"{target}/begin_{place}", np.array([place], dtype=np.int64))
            self.constant(f"{target}/end_{place}", np.array([end], dtype=np.int64))
            bounds = [f"{target}/{part}" for part in (f"begin_{place}", f"end_{place}", "time", "step")]
            self.node("Slice", [source, *bounds], f"{target}/shifted_{place}")
            shifted.append(f"{target}/shifted_{place}")
        self.node("Concat", shifted, target, axis=2)
        if integers:
            self.known(wide, *known)
        return wide

    def _rotations(self) -> None:
        """Cosines and sines of each frame's number, shape (frames, half of what is rotated in a head)."""
        half = ROTATED // 2
        frequencies = TIMESCALE ** (-np.arange(half) / half)
        self.angles("layer_0", "frequencies", frequencies, "one_channel")
        self.node("Cos", ["angles"], "cosines")
        self.node("Sin", ["angles"], "sines")
        self.constant("split", np.array([0, 0, 3, HEADS, self._head], dtype=np.int64))
        self.constant("joined", np.array([0, 0, self.width], dtype=np.int64))
        self.constant("scale", np.array(self._head**-0.5, dtype=np.float32))
        self.constant("pieces", np.array([half, half, self._head - 2 * half], dtype=np.int64))

    def _turned(self, source: str, target: str) -> None:
        """Queries or keys whose first units, two by two, turn with time."""
        even, odd, rest = (f"{source}/{piece}" for piece in ("even", "odd", "rest"))
        self.node("Split", [source, "pieces"], even, odd, rest, axis=3)
        for one, other, operator, name in ((even, odd, "Sub", "turned_even"), (odd, even, "Add", "turned_odd")):
            self.node("Mul", [one, "cosines"], f"{source}/{name}/own")
            self.node("Mul", [other, "sines"], f"{source}/{name}/other")
            self.node(operator, [f"{source}/{name}/own", f"{source}/{name}/other"], f"{source}/{name}")
        self.node("Concat", [f"{source}/turned_even", f"{source}/turned_odd", rest], target, axis=3)

    def _normalised(self, name: str, source: str, target: str) -> None:
        self.normalise(source, target, self.constant(f"{name}/scale", self._weights[f"{name}.weight"]))

    def _attend(self, number: int) -> None:
        """A layer's self-attention over what was normalised, added to what came in."""
        name, source, theirs = f"layer_{number}", f"layer_{number}", f"layers.{number}"
        attention = f"{name}/attention"
        self._normalised(f"{theirs}.input_layernorm", source, f"{attention}/in")
        parts = [self._weights[f"{theirs}.self_attn.{letter}_proj.weight"] for letter in "qkv"]
        parts[:2] = [part[self._halved()] for part in parts[:2]]
        self.linear(f"{theirs}.self_attn.qkv", f"{attention}/in", f"{attention}/all", np.concatenate(parts).T, None)
        self.node("Reshape", [f"{attention}/all", "split"], f"{attention}/heads")
        self.node("Transpose", [f"{attention}/heads"], f"{attention}/parts", perm=[2, 0, 3, 1, 4])
        for position, part in enumerate(("query", "key", "value")):
            self.constant(f"number_{position}", np.array(position, dtype=np.int64))
            still = f"{attention}/{part}" if part == "value" else f"{attention}/still_{part}"
            self.node("Gather", [f"{attention}/parts", f"number_{position}"], still, axis=0)
            if part != "value":
                self._turned(still, f"{attention}/{part}")
        self.attention(attention, f"{attention}/joined", "scale")
        out = self._weights[f"{theirs}.self_attn.o_proj.weight"].T
        self.linear(f"{theirs}.self_attn.o_proj", f"{attention}/joined", f"{attention}/out", out, None)
        self.node("Add", [source, f"{attention}/out"], f"{name}/attended")

    def _think(self, number: int, target: str) -> None:
        """A layer's feed-forward network, added to what its attention gave."""
        name, theirs = f"layer_{number}", f"layers.{number}"
        network = f"{name}/network"
        self._normalised(f"{theirs}.post_attention_layernorm", f"{name}/attended", f"{network}/in")
        self._matrix(f"{theirs}.mlp.fc1", f"{network}/in", f"{network}/wide")
        self.gelu(f"{network}/wide", f"{network}/active")
        self._matrix(f"{theirs}.mlp.fc2", f"{network}/active", f"{network}/out")
        self.node("Add", [f"{name}/attended", f"{network}/out"], target)

    def _matrix(self, name: str, source: str, target: str) -> None:
        self.linear(name, source, target, self._weights[f"{name}.weight"].T, self._weights[f"{name}.bias"])

    def _halved(self) -> NDArray[np.int64]:
        """The order of rows in which the units that are turned together, neighbours as published, stand apart."""
        pairs = np.arange(ROTATED).reshape(-1, 2).T.ravel()
        head = np.concatenate([pairs, np.arange(ROTATED, self._head)])
        return (np.arange(HEADS)[:, None] * self._head + head).ravel()


def _unfolded(kernel: NDArray[Any]) -> NDArray[Any]:
    """A convolution's weights, shape (out, in, size), as the matrix of frames side by side, shape (size · in, out)."""
    return kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0])


def _from_ort(path: Path) -> Weights:
    """The weights in a model of ONNX Runtime's own format, 8-bit integers with a scale and an offset each."""
    sys.path.insert(0, str(Path(onnxruntime.__file__).parent / "tools" / "ort_format_model"))
    from ort_flatbuffers_py.fbs.InferenceSession import InferenceSession

    made = InferenceSession.GetRootAsInferenceSession(bytearray(path.read_bytes()), 0).Model().Graph()
    constants = {}
    for place in range(made.InitializersLength()):
        tensor = made.Initializers(place)
        shape = [tensor.Dims(axis) for axis in range(tensor.DimsLength())]
        raw = tensor.RawDataAsNumpy().tobytes() if tensor.RawDataLength() else b""
        kind = tensor_dtype_to_np_dtype(tensor.DataType())
        constants[tensor.Name().decode()] = np.frombuffer(raw, kind).reshape(shape)

    def whole(name: str) -> NDArray[Any]:
        name = name.removesuffix("_add_tensor")
        if f"{name}_quantized" not in constants:
            return constants[name]
        steps = constants[f"{name}_quantized"].astype(np.float32)
        return steps * constants[f"{name}_scale"] + constants[f"{name}_zero_point"]

    plain = re.compile(r"(layers\..*|layer_norm|conv\d)\.(weight|bias)")
    weights = {name: value for name, value in constants.items() if plain.fullmatch(name)}
    weights |= {f"conv{number}.weight": whole(f"conv{number}.weight") for number in CONVOLUTIONS}
    for place in range(made.NodesLength()):
        node = made.Nodes(place)
        inputs = [node.Inputs(each).decode() for each in range(node.InputsLength())]
        output = node.Outputs(0).decode()
        if product := re.fullmatch(r"/layers\.(\d+)/(self_attn|mlp)/(\w+)/MatMul_output_0", output):
            number, part, matrix = product.groups()
            matrix = "o_proj" if matrix == "dense" else matrix
            weights[f"layers.{number}.{part}.{matrix}.weight"] = whole(inputs[1]).T
        if output in ("/groupnorm/Mul_output_0", "/groupnorm/Add_output_0"):
            part = "weight" if "Mul" in output else "bias"
            weights[f"groupnorm.{part}"] = next(constants[name].ravel() for name in inputs if name in constants)
    return weights


if __name__ == "__main__":
    main()
