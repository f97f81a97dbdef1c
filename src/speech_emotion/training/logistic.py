"""Multinomial logistic regression that converges whatever the scale of its columns.

The model and its objective are scikit-learn's (``C`` times the weighted log loss, plus half the squared weights), and
so is the solver, L-BFGS; but it walks in coordinates in which the curvature is much the same in all directions. With
the Cholesky factor L of the penalty and ``X'cX``, where c is about how curved each row's log loss is, weights are
``L'⁻¹ u`` and scores ``Z u`` with ``Z = X L'⁻¹``; and since the penalty's part of ``L⁻¹ … L'⁻¹`` is ``I - Z'cZ``, the
objective follows from ``u`` and the scores. After some steps the rows that are told apart have hardly any curvature
left, and the coordinates are made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, qr, solve_triangular
from scipy.optimize import minimize
from sklearn.utils.class_weight import compute_sample_weight

from ..models.calibration import softmax
from .linear import FLOATS, LinearClassifier

CURVATURE = 0.03
"""Of a row's log loss in a score, to begin with: it is a quarter in doubt, and nothing where there is none."""

LEAST_CURVED = 1e-3
"""Below that no row is taken to be."""

LEG = 60
"""Steps between two makings of the coordinates."""

NEAR = 2e-4
"""The solver stops at a gradient of this, beside that at its start."""

TINY, EPSILON = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).eps)


class Logistic(LinearClassifier):
    """Logistic regression with a penalty on the squared weights.

    Args:
        C: the price of the log loss against the penalty; small is held back more.
        class_weight: None, ``"balanced"`` to count rare classes more, or the weight of each label.
        max_iter: steps at most.

    Attributes:
        classes_: the labels, sorted, shape (classes,).
        coef_: slopes of the logits, shape (classes, columns); of two classes (1, columns), of the second against the
            first.
        intercept_: shape (classes,) or (1,).
        n_iter_: steps that were taken.
    """

    def __init__(self, C: float = 1.0, class_weight: Any = None, max_iter: int = 2000) -> None:
        self.C = C
        self.class_weight = class_weight
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> Logistic:
        """Train on features, shape (n, columns), and their labels, shape (n,)."""
        X, numbers = self._taken(X, y, dtype=FLOATS)
        classes = len(self.classes_)
        weights = compute_sample_weight(self.class_weight, self.classes_[numbers])
        middle = np.average(X, axis=0, weights=weights)
        centred, basis = X - middle, None
        if X.shape[1] > len(X):  # weights in directions that no row has would only be penalised
            basis, reached = qr(centred.T, mode="economic")
            centred = reached.T
        rows = np.column_stack([centred, np.ones(len(X))])
        found, self.n_iter_ = _minimised(rows, np.eye(classes)[numbers], self.C * weights, self.max_iter)
        slopes = found[:-1] if basis is None else basis @ found[:-1]
        self.coef_ = slopes.T
        self.intercept_ = found[-1] - middle @ slopes
        return self


def _minimised(
    rows: NDArray[np.float64], targets: NDArray[np.float64], prices: NDArray[np.float64], max_iter: int
) -> tuple[NDArray[np.float64], int]:
    """The weights at which the objective is least.

    Args:
        rows: shape (n, columns); the last column is 1, and its weight has no penalty.
        targets: 1 of each row's class and 0 of others, shape (n, classes).
        prices: of each row's log loss, shape (n,).
        max_iter: steps at most.

    Returns:
        The weights, shape (columns, classes), of two classes (columns, 1); and how many steps it took.
    """
    penalty = np.diag(np.append(np.ones(rows.shape[1] - 1), 0.0))
    weights = np.zeros((rows.shape[1], 1 if targets.shape[1] == 2 else targets.shape[1]))
    curved = np.full(len(rows), CURVATURE)
    near, steps = None, 0
    while steps < max_iter:
        curvature = prices * curved
        system = penalty + (rows * curvature[:, None]).T @ rows
        # columns so large that a penalty of 1 is lost in rounding have that much more of it
        system[np.diag_indices_from(system)] += len(system) * EPSILON * system.diagonal().max()
        factor = cholesky(system, lower=True, overwrite_a=True)
        even = np.ascontiguousarray(solve_triangular(factor, rows.T, lower=True).T, dtype=np.float32)
        leg = _Leg(even, targets, prices[:, None], curvature[:, None])
        start = factor.T @ weights
        if near is None:
            near = NEAR * np.abs(leg(start.ravel())[1]).max()
        some = min(LEG, max_iter - steps)
        options = {"maxiter": some, "maxfun": 2 * some, "gtol": near, "ftol": 1e-12}
        found = minimize(leg, start.ravel(), jac=True, method="L-BFGS-B", options=options)
        weights = solve_triangular(factor, found.x.reshape(start.shape), lower=True, trans="T")
        steps += found.nit
        if found.nit < some:
            break
        probabilities = leg.probabilities(rows @ weights)
        curved = np.maximum((probabilities * (1 - probabilities)).max(axis=1), LEAST_CURVED)
    return weights, steps


@dataclass(frozen=True, slots=True)
class _Leg:
    """The objective in some coordinates.

    Attributes:
        rows: Z, shape (n, coordinates); single precision is enough where all is even.
        targets: 1 of each row's class and 0 of others, shape (n, classes).
        prices: of each row's log loss, shape (n, 1).
        curvature: with which Z was made, shape (n, 1).
    """

    rows: NDArray[np.float32]
    targets: NDArray[np.float64]
    prices: NDArray[np.float64]
    curvature: NDArray[np.float64]

    def __call__(self, packed: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Its value and its gradient at a place, all shape (coordinates * scores,)."""
        place = packed.reshape(self.rows.shape[1], -1)
        scores = (self.rows @ place.astype(np.float32)).astype(np.float64)
        probabilities = self.probabilities(scores)
        likelihood = np.log(np.maximum((probabilities * self.targets).sum(axis=1, keepdims=True), TINY))
        held = self.curvature * scores
        value = ((place**2).sum() - (held * scores).sum()) / 2 - (self.prices * likelihood).sum()
        missed = (self.prices * (probabilities - self.targets))[:, -scores.shape[1] :]
        return value, (self.rows.T @ (missed - held).astype(np.float32) + place).ravel()

    def probabilities(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of scores, shape (n, classes), or (n, 1) of the second class of two."""
        two = self.targets.shape[1] == 2
        return softmax(np.column_stack([np.zeros(len(scores)), scores]) if two else scores)
