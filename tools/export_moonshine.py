"""A Moonshine encoder as ONNX: sound of any length in, statistics of the wanted layers over time out.

    python tools/export_moonshine.py WEIGHTS OUT.onnx [--first N] [--layers N] [--attended] [--float] [--frames]

WEIGHTS is ``encoder_model.ort`` (as Moonshine AI publishes it; in the package ``moonshine-cpp``) or a Hugging Face
folder with ``model.safetensors``. The graph has one input, ``sound``: float32, shape (clips, samples), at 16 kHz, and
one output, ``statistics``: float32, shape (clips, layers, 2, width): of each layer from ``--first`` to ``--layers``,
the convolutions' output being number 0, the mean and the standard deviation over time, 41.7 frames a second. The last
of all layers is normalised, as Moonshine's own output is. With ``--frames`` the layers themselves are given:
``layer_0`` and so on, shape (clips, frames, width).

Layers above ``--layers`` are cut off, and with ``--attended`` the last one after its attention, which has a third of
its weights. Unless ``--float`` is given, matrices and the last two convolutions are kept and multiplied as integers:
weights in 7 bits by output channel, activations in 8 bits as they come. The first convolution is float16.
Jeffries et al. (2024), arXiv:2410.15608.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from encoder_graph import END, EPSILON, RUNTIMES, Graph, Weights, arguments, layers_wanted, places, safetensors, write
from numpy.typing import NDArray
from onnx.helper import tensor_dtype_to_np_dtype

HEADS = 8

ROTATED = 32
"""Of a head's units, those whose phase tells the position."""

TIMESCALE = 10_000
"""Of the slowest rotation, to the fastest."""


class Convolution(NamedTuple):
    """How many samples or frames a kernel covers, and how far it moves."""

    size: int
    stride: int


CONVOLUTIONS = {1: Convolution(127, 64), 2: Convolution(7, 3), 3: Convolution(3, 2)}
"""By number."""


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--attended", action="store_true", help="of the last of them only its attention")
    given = parser.parse_args()
    weights = read(given.weights)
    layers = sum(name.endswith("mlp.fc1.bias") for name in weights)
    wanted = layers_wanted(given, layers)
    build = _Moonshine(not given.float, weights)
    outputs = build.layers(wanted, layers, attended=given.attended)
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
        """Three of them, over the sound itself; after the first the clip is normalised as a whole.

        Each is a product of matrices: its kernel, and the frames that it covers side by side.
        """
        self._sound_side_by_side("windows")
        kernel = self._weights["conv1.weight"][:, 0].T
        filled = np.pad(kernel, ((0, 2 * CONVOLUTIONS[1].stride - len(kernel)), (0, 0)))
        self.node("MatMul", ["windows", self.halves("conv1/weight", filled)], "convolved1")
        self.node("Tanh", ["convolved1"], "bounded")
        kernel = self._weights["conv2.weight"]
        norm = [self._weights[f"groupnorm.{part}"] for part in ("weight", "bias")]
        if self.quantise:
            # loud channels quieter, and their weights larger: no one channel is to set the step of all
            evened = np.sqrt((abs(norm[0]) + abs(norm[1])) / abs(kernel).max(axis=(0, 2)))
            norm, kernel = [part / evened for part in norm], kernel * evened[:, None]
        self._normalised_as_a_whole("bounded", "normal", *norm)
        covered = [f"normal/{place}" for place in range(CONVOLUTIONS[2].size)]
        for place, frames in enumerate(covered):
            self.move("Slice", ["normal"], frames, *self.bounds(*CONVOLUTIONS[2], place))
        self.move("Concat", covered, "wide", axis=2)
        self.linear("convolution2", "wide", "convolved2", np.concatenate(places(kernel)), self._weights["conv2.bias"])
        self.gelu("convolved2", "conv2")
        kernel, bias = (self._weights[f"conv3.{part}"] for part in ("weight", "bias"))
        self.convolved_by_peaks("convolution3", "conv2", "convolved3", kernel, bias, CONVOLUTIONS[3].stride)
        self.gelu("convolved3", "layer_0")

    def _sound_side_by_side(self, target: str) -> None:
        """Two strides of the sound for each frame, which the first kernel covers but for a sample.

        Shape (clips, frames, 2 · stride).
        """
        size, stride = CONVOLUTIONS[1]
        self.constant("missing", np.array([0, 0, 0, 2 * stride - size]))
        self.constant("strides", np.array([0, -1, stride]))
        first, second, last, end = map(self.integer, (0, 1, -1, END))
        self.node("Pad", ["sound", "missing"], "padded")
        self.node("Shape", ["padded"], "samples", start=1)
        self.node("Mod", ["samples", self.integer(stride)], "over")
        self.node("Sub", ["samples", "over"], "used")
        self.node("Slice", ["padded", first, "used", self.integer(1)], "used_sound")
        self.node("Reshape", ["used_sound", "strides"], "blocks")
        self.node("Slice", ["blocks", first, last, self.integer(1)], "blocks/first")
        self.node("Slice", ["blocks", second, end, self.integer(1)], "blocks/second")
        self.node("Concat", ["blocks/first", "blocks/second"], target, axis=2)

    def _normalised_as_a_whole(self, source: str, target: str, weight: NDArray[Any], bias: NDArray[Any]) -> None:
        """By mean and variance over all frames and channels, then each channel's weight and bias."""
        for name, value in (("weight", weight), ("bias", bias), ("epsilon", np.array(EPSILON))):
            self.constant(f"groupnorm/{name}", value.astype(np.float32))
        self.node("ReduceMean", [source], "middle", axes=[1, 2], keepdims=1)
        self.node("Mul", [source, source], "squares")
        self.node("ReduceMean", ["squares"], "power", axes=[1, 2], keepdims=1)
        self.node("Mul", ["middle", "middle"], "offset")
        self.node("Sub", ["power", "offset"], "spread")
        self.node("Add", ["spread", "groupnorm/epsilon"], "variance")
        self.node("Sqrt", ["variance"], "deviation")
        self.node("Div", ["groupnorm/weight", "deviation"], "factor")
        self.node("Mul", ["middle", "factor"], "moved")
        self.node("Sub", ["groupnorm/bias", "moved"], "shift")
        self.node("Mul", [source, "factor"], "weighted")
        self.node("Add", ["weighted", "shift"], target)

    def _rotations(self) -> None:
        """Cosines and sines of each frame's number, shape (frames, half of what is rotated in a head)."""
        half = ROTATED // 2
        self.angles("layer_0", "frequencies", TIMESCALE ** (-np.arange(half) / half))
        self.node("Cos", ["angles"], "cosines")
        self.node("Sin", ["angles"], "sines")

    def _normalised(self, name: str, source: str, target: str) -> None:
        self.normalise(source, target, self.constant(f"{name}/scale", self._weights[f"{name}.weight"]))

    def _attend(self, number: int) -> None:
        """A layer's self-attention over what was normalised, added to what came in."""
        name, source, theirs = f"layer_{number}", f"layer_{number}", f"layers.{number}"
        attention = f"{name}/attention"
        self._normalised(f"{theirs}.input_layernorm", source, f"{attention}/in")
        matrices = [self._weights[f"{theirs}.self_attn.{letter}_proj.weight"] for letter in "qkv"]
        self.linear(f"{theirs}.self_attn.qkv", f"{attention}/in", f"{attention}/all", np.concatenate(matrices).T, None)
        self.constant("turning", np.array([2 * self.width, self.width]))
        still, turned, value = (f"{attention}/{part}" for part in ("still", "turned", "value"))
        self.node("Split", [f"{attention}/all", "turning"], still, value, axis=2)
        # the first units of each head, two by two, turn with time
        self.node(
            "RotaryEmbedding",
            [still, self.integer(0), "cosines", "sines"],
            turned,
            domain=RUNTIMES,
            num_heads=2 * HEADS,
            rotary_embedding_dim=ROTATED,
            interleaved=1,
        )
        query, key = f"{attention}/query", f"{attention}/key"
        self.node("Split", [turned], query, key, axis=2)
        self.attention([query, key, value], f"{attention}/joined", HEADS)
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
