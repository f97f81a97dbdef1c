"""A support vector classifier with probabilities.

A support vector machine tells two emotions apart, so each pair of emotions has its own, and they vote. A
vote here is a soft one, ``tanh(3 d)`` of the distance ``d`` from the border (1 is the margin), so that a
recording on a border does not jump from one emotion to another by a rounding error: that is what lets the
exported model give the same numbers. The probabilities are the softmax of the votes, sharpened by a slope
that is found on recordings held out while training.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import euclidean_distances, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted, validate_data

from ..models.calibration import softmax
from .classifier import Classifier

SHARPNESS = 3.0
"""Of a vote: at the margin it is 0.995 of a whole one."""

SLOPES = np.geomspace(0.02, 5, 56)
"""Tried for the softmax; each is 10 % more than the one before."""

FOLDS = 5

ROWS_KEPT = 4000
"""Of so many rows the distances from all to all are kept while the slope is found: 128 MB."""


class PairwiseSVC(Classifier):
    """One support vector machine for each pair of classes, with soft votes and probabilities.

    Args:
        C: the price of a training row on the wrong side; large follows the data closely.
        gamma: of the radial kernel, or scikit-learn's rules ``"scale"`` and ``"auto"``.
        class_weight: None, or ``"balanced"`` to count rare classes more.
        slope: of the softmax; None finds it, which takes five more fits and changes no answer.

    Attributes:
        classes_: the labels, sorted, shape (classes,).
        svc_: the machines.
        votes_: which classes each pair votes for (1) and against (-1), shape (pairs, classes).
        slope_: of the softmax.
    """

    def __init__(
        self,
        C: float = 10.0,
        gamma: float | str = "scale",
        class_weight: str | None = None,
        slope: float | None = None,
    ) -> None:
        self.slope = slope
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any) -> PairwiseSVC:
        """Train on features, shape (n, columns), and their labels, shape (n,)."""
        X, numbers = self._taken(X, y)
        self.votes_ = _votes(len(self.classes_))
        self.slope_ = self._slope(X, numbers) if self.slope is None else self.slope
        self.svc_ = self._machines().fit(X, numbers)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, shape (n, classes), of features of shape (n, columns)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return softmax(self.slope_ * self._score(self.svc_, X))

    def _machines(self) -> Any:
        return SVC(
            C=self.C,
            gamma=self.gamma,
            class_weight=self.class_weight,
            decision_function_shape="ovo",
            cache_size=500,
        )

    def _gamma(self, X: NDArray[Any]) -> float:
        """What scikit-learn makes of its rules for ``gamma``."""
        if isinstance(self.gamma, str):
            variance = float(X.var()) if self.gamma == "scale" else 1.0
            return 1 / (X.shape[1] * variance) if variance > 0 else 1.0
        return self.gamma

    def _score(self, machines: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        distances = machines.decision_function(X)
        if distances.ndim == 1:
            distances = -distances[:, None]  # of two classes scikit-learn counts the second as positive
        return np.tanh(SHARPNESS * distances) @ self.votes_  # type: ignore[no-any-return]

    def _slope(self, X: NDArray[Any], numbers: NDArray[np.intp]) -> float:
        """The slope at which the probabilities of held-out rows have the least log loss."""
        folds = min(FOLDS, int(np.bincount(numbers).min()))
        if folds < 2:
            return 1.0
        scores = np.zeros((len(X), len(self.classes_)))
        distances = euclidean_distances(X.astype(np.float64), squared=True) if len(X) <= ROWS_KEPT else None
        for kept, held in StratifiedKFold(folds).split(X, numbers):
            machines, learnt, asked = self._machines(), X[kept], X[held]
            if distances is not None:  # of many columns, far faster than each machine's own
                machines.kernel, gamma = "precomputed", self._gamma(learnt)
                learnt, asked = (np.exp(-gamma * distances[np.ix_(rows, kept)]) for rows in (kept, held))
            scores[held] = self._score(machines.fit(learnt, numbers[kept]), asked)
        losses = [log_loss(numbers, softmax(slope * scores)) for slope in SLOPES]
        return float(SLOPES[np.argmin(losses)])


def _votes(classes: int) -> NDArray[np.float64]:
    pairs = list(combinations(range(classes), 2))
    votes = np.zeros((len(pairs), classes))
    for row, (one, other) in enumerate(pairs):
        votes[row, one], votes[row, other] = 1, -1
    return votes
