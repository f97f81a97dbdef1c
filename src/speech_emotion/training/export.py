"""From scikit-learn to ONNX.

The file has one input, ``values``: float32, shape (any, columns), and one output, ``probabilities``:
float32, shape (any, classes). Its probabilities are scikit-learn's to 1e-4. The same pipeline always gives
the same bytes.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError
from ..models.onnx_audit import INPUT, ML, OUTPUT

OPSETS = {"": 17, ML: 3}
"""Versions of the operators: old enough for every ONNX Runtime that this package takes."""

IR_VERSION = 8
"""Of the file, which goes with those operators."""


class SklearnClassifier:
    """A fitted pipeline as a model's classifier.

    Args:
        pipeline: fitted on labels that are numbers: positions in the model's emotions, from 0 and without a
            gap.
        recipe: what is fitted anew to judge the model; by default the pipeline.
    """

    def __init__(self, pipeline: Any, recipe: Any = None) -> None:
        self.pipeline = pipeline
        self.recipe = pipeline if recipe is None else recipe

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Probabilities, shape (n, classes), of features of shape (n, columns)."""
        found: NDArray[Any] = self.pipeline.predict_proba(np.asarray(values, dtype=np.float32))
        return found

    def onnx(self) -> bytes:
        """The pipeline as an ONNX file.

        Raises:
            MissingExtraError: if skl2onnx is not installed.
        """
        try:
            import skl2onnx  # noqa: F401
        except ModuleNotFoundError as error:
            raise MissingExtraError("saving a trained model", "train") from error
        nodes, constants = graph_of(self.pipeline)
        return file_of(nodes, constants, self.pipeline.n_features_in_, len(self.pipeline[-1].classes_))


def graph_of(pipeline: Any) -> tuple[list[Any], list[Any]]:
    """The nodes that lead from ``values`` to ``probabilities``, and the constants that they use."""
    from .svm import PairwiseSVC

    nodes, constants = _converted(pipeline)
    if isinstance(pipeline[-1], PairwiseSVC):
        _append_votes(nodes, constants, pipeline[-1])
    return nodes, constants


def _converted(pipeline: Any) -> tuple[list[Any], list[Any]]:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.pipeline import Pipeline

    classifier = _stand_in(pipeline[-1])
    options = {"raw_scores": True} if not hasattr(classifier, "predict_proba") else {}
    steps = [(name, _known_step(step)) for name, step in pipeline.steps[:-1]]
    converted_pipeline = Pipeline([*steps, ("classifier", classifier)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # skl2onnx reads attributes that scikit-learn has deprecated
        converted = convert_sklearn(
            converted_pipeline,
            name="classifier",
            initial_types=[(INPUT, FloatTensorType([None, pipeline.n_features_in_]))],
            options={id(converted_pipeline): {"zipmap": False}, id(classifier): options},
            target_opset=OPSETS,
        )
    wanted = {OUTPUT}
    nodes: list[Any] = []
    for node in reversed(converted.graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            nodes.insert(0, _slim(node))
    return nodes, [constant for constant in converted.graph.initializer if constant.name in wanted]


def _stand_in(classifier: Any) -> Any:
    """The same classifier as one that skl2onnx converts as it should be."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression

    from .linear import LinearClassifier
    from .mlp import MLP
    from .svm import PairwiseSVC

    if isinstance(classifier, PairwiseSVC):
        return classifier.svc_
    if isinstance(classifier, MLP):
        return _network(classifier)
    # skl2onnx does not know ours, and gets scikit-learn's wrong for two classes
    if isinstance(classifier, (LinearClassifier, LinearDiscriminantAnalysis)):
        twin = LogisticRegression()
        for name in ("classes_", "coef_", "intercept_", "n_features_in_"):
            setattr(twin, name, getattr(classifier, name))
        return twin
    return classifier


def _network(ours: Any) -> Any:
    """A multilayer perceptron as scikit-learn's, which has one output for two classes."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import LabelBinarizer

    twin = MLPClassifier(activation=ours.activation)
    coefs, intercepts = list(ours.coefs_), list(ours.intercepts_)
    twin.out_activation_ = "softmax"
    if len(ours.classes_) == 2:
        coefs[-1], intercepts[-1] = coefs[-1][:, 1:] - coefs[-1][:, :1], intercepts[-1][1:] - intercepts[-1][:1]
        twin.out_activation_ = "logistic"
    twin.coefs_, twin.intercepts_, twin.n_layers_ = coefs, intercepts, len(coefs) + 1
    twin.n_outputs_, twin.n_features_in_, twin.classes_ = len(intercepts[-1]), ours.n_features_in_, ours.classes_
    twin._label_binarizer = LabelBinarizer().fit(ours.classes_)
    return twin


def _known_step(step: Any) -> Any:
    """The same step as one that skl2onnx knows."""
    from .components import Components

    if not isinstance(step, Components):
        return step
    from sklearn.decomposition import PCA

    twin = PCA(n_components=step.n_components_)
    for name in ("mean_", "components_", "n_components_", "n_features_in_"):
        setattr(twin, name, getattr(step, name))
    return twin


def _slim(node: Any) -> Any:
    """A forest without the classes that a leaf has not seen: a fraction of the size, the same sums."""
    if node.op_type != "TreeEnsembleClassifier":
        return node
    lists = {attribute.name: attribute for attribute in node.attribute}
    seen = np.flatnonzero(np.array(lists["class_weights"].floats))
    for name, kind in {
        "class_weights": "floats",
        "class_ids": "ints",
        "class_nodeids": "ints",
        "class_treeids": "ints",
    }.items():
        values = getattr(lists[name], kind)
        kept = np.array(values)[seen].tolist()
        del values[:]
        values.extend(kept)
    return node


def _append_votes(nodes: list[Any], constants: list[Any], classifier: Any) -> None:
    """What :class:`~speech_emotion.training.svm.PairwiseSVC` does after the distances."""
    from onnx.helper import make_node
    from onnx.numpy_helper import from_array

    from .svm import SHARPNESS

    votes = classifier.slope_ * classifier.votes_
    if len(votes) == 1:
        # of two classes ONNX gives the distance and its negative
        votes = np.vstack([votes, np.zeros_like(votes)])
    for node in nodes:
        node.output[:] = ["distances" if name == OUTPUT else name for name in node.output]
    constants.append(from_array(np.array(SHARPNESS, dtype=np.float32), "sharpness"))
    constants.append(from_array(votes.astype(np.float32), "votes"))
    nodes.append(make_node("Mul", ["distances", "sharpness"], ["sharpened"]))
    nodes.append(make_node("Tanh", ["sharpened"], ["pairs"]))
    nodes.append(make_node("MatMul", ["pairs", "votes"], ["scores"]))
    nodes.append(make_node("Softmax", ["scores"], [OUTPUT], axis=1))


def file_of(nodes: list[Any], constants: list[Any], columns: int, classes: int) -> bytes:
    """The file of such nodes, with ``values`` of so many columns."""
    from onnx import TensorProto
    from onnx.helper import make_graph, make_model, make_opsetid, make_tensor_value_info

    graph = make_graph(
        nodes,
        "classifier",
        [make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, columns])],
        [make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, classes])],
        constants,
    )
    opsets = [make_opsetid(domain, version) for domain, version in OPSETS.items()]
    data: bytes = make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
    return data
