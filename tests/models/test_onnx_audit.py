from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from speech_emotion.errors import BundleError
from speech_emotion.models.onnx_audit import MOST_FIELDS, audit


def add_node(domain: str, operator: str, **attributes: object) -> Callable[[onnx.ModelProto], object]:
    def spoil(proto: onnx.ModelProto) -> None:
        proto.graph.node.append(helper.make_node(operator, ["values"], ["other"], domain=domain, **attributes))

    return spoil


def external(tensor: onnx.TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def external_in_an_attribute(proto: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(3, dtype=np.float32), "hidden")
    external(tensor)
    proto.graph.node.append(helper.make_node("Constant", [], ["other"], value=tensor))


def local_function(proto: onnx.ModelProto) -> None:
    function = helper.make_function("mine", "F", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], [])
    proto.functions.append(function)


def sparse(proto: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(1, dtype=np.float32), "s")
    indices = numpy_helper.from_array(np.zeros(1, dtype=np.int64), "i")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))


def sub_graph(proto: onnx.ModelProto) -> None:
    inner = helper.make_graph([], "inner", [], [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])])
    proto.graph.node.append(helper.make_node("Identity", ["values"], ["other"], body=inner))


def sub_graphs(proto: onnx.ModelProto) -> None:
    inner = helper.make_graph([], "inner", [], [])
    attribute = proto.graph.node[0].attribute.add(name="bodies", type=onnx.AttributeProto.GRAPHS)
    attribute.graphs.append(inner)


def columns(proto: onnx.ModelProto, *shape: object, kind: int = TensorProto.FLOAT, name: str = "values") -> None:
    proto.graph.input[0].CopyFrom(helper.make_tensor_value_info(name, kind, shape))


def second_input(proto: onnx.ModelProto) -> None:
    proto.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [None, 4]))


HOSTILE: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "a custom operator": (add_node("com.evil", "Run"), "domain 'com.evil'"),
    "a custom domain": (
        lambda p: p.opset_import.append(helper.make_opsetid("com.microsoft", 1)),
        "'com.microsoft'",
    ),
    "python as an operator": (add_node("ai.onnx.contrib", "PyOp"), "ai.onnx.contrib"),
    "an operator that no classifier needs": (add_node("", "Loop"), "operator 'Loop'"),
    "an operator of ONNX in ML's domain": (add_node("ai.onnx.ml", "MatMul"), "operator 'MatMul'"),
    "a sub-graph": (sub_graph, "a sub-graph"),
    "sub-graphs": (sub_graphs, "sub-graphs"),
    "external data": (lambda p: external(p.graph.initializer[0]), "external data"),
    "external data in an attribute": (external_in_an_attribute, "external data"),
    "a location without data": (
        lambda p: setattr(p.graph.initializer[0], "data_location", TensorProto.EXTERNAL),
        "external data",
    ),
    "a local function": (local_function, "local functions"),
    "a sparse tensor": (sparse, "sparse tensors"),
    "training steps": (lambda p: p.training_info.add(), "training steps"),
    "five columns": (lambda p: columns(p, None, 5), "shape (any, 4)"),
    "a fixed number of rows": (lambda p: columns(p, 1, 4), "shape (any, 4)"),
    "three axes": (lambda p: columns(p, None, 4, 1), "shape (any, 4)"),
    "any number of columns": (lambda p: columns(p, None, "n"), "shape (any, 4)"),
    "double precision": (lambda p: columns(p, None, 4, kind=TensorProto.DOUBLE), "float32 'values'"),
    "another name": (lambda p: columns(p, None, 4, name="x"), "float32 'values'"),
    "two inputs": (second_input, "its input must be"),
    "no input": (lambda p: p.graph.ClearField("input"), "its input must be"),
    "no output": (lambda p: p.graph.ClearField("output"), "its output must be"),
    "no graph": (lambda p: p.ClearField("graph"), "its input must be"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_more_than_a_classifier_is_refused(linear: onnx.ModelProto, case: str) -> None:
    spoil, word = HOSTILE[case]
    audit(linear.SerializeToString(), 4, 3)
    spoil(linear)
    with pytest.raises(BundleError) as error:
        audit(linear.SerializeToString(), 4, 3)
    assert word in str(error.value)
    assert str(error.value).isprintable()


def test_the_number_of_classes_must_be_the_manifests(linear: onnx.ModelProto) -> None:
    with pytest.raises(BundleError, match="'probabilities'"):
        audit(linear.SerializeToString(), 4, 8)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04N.",
        pickle.dumps({"a": 1}),
        b"PK\x03\x04",
        b"\xff" * 30,
        b"\x0a",
        b"\x3a\xff\xff\xff\xff\x7f",
    ],
)
def test_what_is_no_onnx_file_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        audit(data, 4, 3)


def test_a_second_operator_name_cannot_hide_behind_the_first(linear: onnx.ModelProto) -> None:
    """Readers of protocol buffers take the last of two; an audit that took the first would be blind."""
    hidden = linear.SerializeToString()
    node = helper.make_node("Relu", ["values"], ["other"]).SerializeToString() + b"\x22\x04Loop"
    graph = linear.graph.SerializeToString() + b"\x0a" + bytes([len(node)]) + node
    linear.ClearField("graph")
    hidden = linear.SerializeToString() + b"\x3a" + bytes([len(graph) & 0x7F | 0x80, len(graph) >> 7]) + graph
    assert onnx.load_from_string(hidden).graph.node[-1].op_type == "Loop"
    with pytest.raises(BundleError, match="there twice"):
        audit(hidden, 4, 3)


def test_a_second_graph_cannot_hide_behind_the_first(linear: onnx.ModelProto) -> None:
    """Readers of protocol buffers merge the two."""
    data = linear.SerializeToString()
    with pytest.raises(BundleError, match="there twice"):
        audit(data + b"\x3a\x00", 4, 3)


def test_the_work_is_bounded_whatever_the_file_holds(linear: onnx.ModelProto) -> None:
    with pytest.raises(BundleError, match="fields"):
        audit(linear.SerializeToString() + b"\x42\x00" * (MOST_FIELDS + 1), 4, 3)


def test_a_forest_of_a_million_numbers_is_within_the_bound(linear: onnx.ModelProto) -> None:
    count = 200_000
    linear.graph.node.append(
        helper.make_node(
            "TreeEnsembleClassifier",
            ["values"],
            ["a", "b"],
            domain="ai.onnx.ml",
            nodes_values=[0.5] * count,
            nodes_featureids=list(range(count)),
            nodes_truenodeids=[-1] * count,
            nodes_modes=["BRANCH_LEQ", "LEAF"] * (count // 2),
        )
    )
    audit(linear.SerializeToString(), 4, 3)


def _bytes() -> bytes:
    weights = numpy_helper.from_array(np.eye(4, 3, dtype=np.float32), "weights")
    nodes = [
        helper.make_node("Scaler", ["values"], ["scaled"], domain="ai.onnx.ml", offset=[0.0] * 4, scale=[1.0] * 4),
        helper.make_node("MatMul", ["scaled", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3])],
        [weights],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    data: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return data


SOUND = _bytes()
EDIT = st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 3), st.binary(max_size=4))


@settings(max_examples=500)
@given(edits=st.lists(EDIT, min_size=1, max_size=6))
def test_any_damage_is_accepted_or_refused_in_one_line(edits: list[tuple[int, int, bytes]]) -> None:
    data = bytearray(SOUND)
    for place, removed, added in edits:
        data[place : place + removed] = added
    try:
        audit(bytes(data), 4, 3)
    except BundleError as error:
        assert str(error).isprintable()  # noqa: PT017 - some of them are fine


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(BundleError) as error:
        audit(data, 4, 3)
    assert str(error.value).isprintable()
