"""An ensemble as one classifier, and as one ONNX file.

Each member reads its own columns of the same features. Their probabilities, tempered, are summed by weight: in the
file with operators that any classifier may use, so that it passes the same audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import MissingExtraError
from ..evaluation.fitting import fit
from ..models.calibration import SMALLEST, tempered
from ..models.onnx_audit import INPUT, OUTPUT


class Blend(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A weighted sum of what pipelines say.

    Args:
        pipelines: the members.
        columns: those that each reads.
        weights: of each; they sum to 1.
        temperatures: of each.

    Attributes:
        classes_: the labels.
        fitted_: the members, fitted.
    """

    def __init__(
        self,
        pipelines: Sequence[Any] = (),
        columns: Sequence[NDArray[np.intp]] = (),
        weights: Sequence[float] = (),
        temperatures: Sequence[float] = (),
    ) -> None:
        self.pipelines = pipelines
        self.columns = columns
        self.weights = weights
        self.temperatures = temperatures

    def fit(self, X: Any, y: Any, groups: Any = None) -> Blend:
        """Learn from features, shape (n, columns), their labels and, where known, their speakers, shape (n,)."""
        X = np.asarray(X)
        pairs = zip(self.pipelines, self.columns, strict=True)
        return self.joined([fit(each, X[:, where], y, groups) for each, where in pairs])

    def joined(self, fitted: Sequence[Any]) -> Blend:
        """Take members that are fitted already."""
        self.fitted_ = tuple(fitted)
        self.classes_ = self.fitted_[0].classes_
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, shape (n, classes), of features of shape (n, columns)."""
        check_is_fitted(self)
        X = np.asarray(X)
        total = np.zeros((len(X), len(self.classes_)))
        members = zip(self.fitted_, self.columns, self.weights, self.temperatures, strict=True)
        for fitted, where, weight, temperature in members:
            found = np.asarray(fitted.predict_proba(np.ascontiguousarray(X[:, where])), dtype=np.float64)
            total += weight * tempered(found, temperature)
        return total

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row, shape (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]  # type: ignore[no-any-return]


class BlendClassifier:
    """A fitted ensemble as a model's classifier.

    Args:
        blend: fitted on labels that are numbers: positions in the model's emotions, from 0 and without a gap.
        width: how many columns it is given.
        recipe: what is fitted anew to judge the model.
    """

    def __init__(self, blend: Blend, width: int, recipe: Any) -> None:
        self.blend = blend
        self.width = width
        self.recipe = recipe

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Probabilities, shape (n, classes), of features of shape (n, columns)."""
        return self.blend.predict_proba(np.asarray(values, dtype=np.float32))

    def onnx(self) -> bytes:
        """All members as one ONNX file.

        Raises:
            MissingExtraError: if skl2onnx is not installed.
        """
        try:
            from onnx.helper import make_node
            from onnx.numpy_helper import from_array

            from .export import file_of, graph_of
        except ModuleNotFoundError as error:
            raise MissingExtraError("saving a trained model", "train") from error
        blend, nodes, constants, parts = self.blend, [], [], []

        def constant(name: str, values: Any, kind: Any) -> str:
            constants.append(from_array(np.array(values, dtype=kind), name))
            return name

        least, most = constant("least", SMALLEST, np.float32), constant("most", 1.0, np.float32)
        members = zip(blend.fitted_, blend.columns, blend.weights, blend.temperatures, strict=True)
        for number, (fitted, where, weight, temperature) in enumerate(members):
            inner, more = graph_of(fitted)
            member, own = f"member{number}_", f"blend{number}_"
            _rename(inner, more, member)
            constants.extend(more)
            chosen = constant(f"{own}where", where, np.int64)
            sharpness = constant(f"{own}sharpness", 1 / temperature, np.float32)
            share = constant(f"{own}weight", weight, np.float32)
            nodes.append(make_node("Gather", [INPUT, chosen], [f"{member}{INPUT}"], axis=1))
            nodes.extend(inner)
            nodes.append(make_node("Clip", [f"{member}{OUTPUT}", least, most], [f"{own}clipped"]))
            nodes.append(make_node("Log", [f"{own}clipped"], [f"{own}logarithms"]))
            nodes.append(make_node("Mul", [f"{own}logarithms", sharpness], [f"{own}sharpened"]))
            nodes.append(make_node("Softmax", [f"{own}sharpened"], [f"{own}tempered"], axis=1))
            nodes.append(make_node("Mul", [f"{own}tempered", share], [f"{own}part"]))
            parts.append(f"{own}part")
        nodes.append(make_node("Sum", parts, [OUTPUT]))
        return file_of(nodes, constants, self.width, len(blend.classes_))


def _rename(nodes: Sequence[Any], constants: Sequence[Any], prefix: str) -> None:
    """Give all that a member's graph names a name of its own."""
    for each in constants:
        each.name = f"{prefix}{each.name}"
    for node in nodes:
        node.name = ""  # optional, and never the same twice
        for names in (node.input, node.output):
            names[:] = [f"{prefix}{name}" if name else "" for name in names]
