"""Ridge regression on the emotions, for features by the thousand.

With more columns than clips, a linear model is enough, and how it is held back decides what it is worth. Each emotion
is regressed as 1 or 0 under a penalty (Hoerl & Kennard, 1970), every emotion counting the same however many clips it
has. The columns are thought of as one average column: the penalty does not change its meaning with their number.

What is regressed of one emotion can hide behind others on both of its sides, so it is turned into linear discriminants:
of the emotions' means, with the covariance within emotions and the same penalty on it (penalised discriminant analysis;
Hastie, Buja & Tibshirani, 1995, Ann. Statist. 23(1)). That takes no other system, only the means of what was regressed.

Where it is told who speaks, most of what all clips of a voice have in common is taken away from what it learns: what
tells voices apart tells emotions apart only by chance, and is not there to lean on. What it is asked is left as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .linear import FLOATS, LinearClassifier, balanced, two_as_one

SLOPE = 8.0
"""Of the softmax that makes probabilities of what was regressed, turned as it is but on average no larger; a
temperature that is fitted on unheard speakers then says how sure to be."""

SINGULAR = 1e-9
"""What is taken to be within emotions at least, beside their means: with hardly a penalty there is nothing left."""


class BalancedRidge(LinearClassifier):
    """Linear discriminants by ridge regression, probabilities by softmax.

    Args:
        penalty: of the squared weights, against one clip of a class of average size; large is held back more.
        centred: how much of each speaker's mean is taken away while learning, from 0 to 1.

    Attributes:
        classes_: the labels, sorted, shape (classes,).
        coef_: slopes of the logits, shape (classes, columns); of two classes (1, columns), of the second against the
            first, as scikit-learn's linear classifiers have it.
        intercept_: shape (classes,) or (1,).
    """

    def __init__(self, penalty: float = 1.0, centred: float = 0.75) -> None:
        self.penalty = penalty
        self.centred = centred

    def fit(self, X: Any, y: Any, groups: Any = None) -> BalancedRidge:
        """Train on standardised features, shape (n, columns), their labels and, where known, speakers, shape (n,)."""
        X, numbers = self._taken(X, y, dtype=FLOATS)
        weights = balanced(numbers, len(self.classes_))
        if groups is not None and self.centred:
            X = _less_their_means(X, np.asarray(groups), self.centred)
        targets = np.eye(len(self.classes_))[numbers]
        middle = np.average(X, axis=0, weights=weights)
        slopes, means = _regressed(X - middle.astype(X.dtype), targets, weights, self.penalty)
        turn, offset = discriminants(means)
        coef = (slopes @ turn).T
        intercept = offset - coef @ middle
        self.coef_, self.intercept_ = two_as_one(coef, intercept)
        return self


def discriminants(means: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What makes linear discriminants of regressed values.

    With B the slopes and G the ``means``, the discriminants' slopes are ``B (I - G)⁻¹``, but for a factor, by the
    Woodbury identity: the scatter of all rows is that within emotions and that of the emotions' means.

    Args:
        means: of each emotion's rows, what was regressed of each emotion less what that is on average, shape
            (emotions, emotions): a row for each emotion that is meant, a column for each that is regressed.

    Returns:
        A matrix, shape (emotions, emotions), and offsets, shape (emotions,): values less their mean, times the one,
        and the other added, are logits.
    """
    apart: NDArray[Any] = np.linalg.inv((1 + SINGULAR) * np.eye(len(means)) - means)
    # one direction, in which all emotions are more or less likely at once, stays as it is
    level = SLOPE * (len(means) - 1) / (np.trace(apart) - 1)
    return level * apart, -level / 2 * np.diag(means @ apart)


def means_by_rows(
    duals: NDArray[np.float64], targets: NDArray[np.float64], weights: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    """What :func:`discriminants` asks for, from the solution of the system of the rows.

    A row's target less what is regressed of it is the solution times the penalty. With a small penalty that is far
    smaller than either, and their difference would be rounding.

    Args:
        duals: the solution, shape (n, emotions).
        targets: 1 of each row's emotion and 0 of others, shape (n, emotions).
        weights: of each row, shape (n,), by which every emotion counts the same.
        penalty: on the system's diagonal, divided by the weights.
    """
    missed = targets.T @ (penalty / weights[:, None] * duals) / targets.sum(axis=0)[:, None]
    found: NDArray[np.float64] = np.eye(targets.shape[1]) - 1 / targets.shape[1] - missed
    return found


def _less_their_means(X: NDArray[Any], speakers: NDArray[Any], share: float) -> NDArray[Any]:
    """Rows from which a share of how far each speaker's mean is from the mean of all was taken away."""
    X = X.copy()
    middle = X.mean(axis=0)
    for speaker in np.unique(speakers):
        own = speakers == speaker
        X[own] -= X.dtype.type(share) * (X[own].mean(axis=0) - middle)
    return X


def _regressed(
    X: NDArray[Any], targets: NDArray[np.float64], weights: NDArray[np.float64], penalty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes, shape (columns, classes), and each class's means of what they give, for :func:`discriminants`.

    By the smaller of two systems, that of the columns or that of the rows.
    """
    rows, columns = X.shape
    off = targets - 1 / targets.shape[1]
    if columns <= rows:
        system = (X * weights[:, None]).T @ X / columns
        system[np.diag_indices(columns)] += penalty
        slopes = solved(system, (X * weights[:, None]).T @ off) / columns
        means = np.stack([X[own].mean(axis=0, dtype=np.float64) for own in targets.T.astype(bool)])
        return slopes, means @ slopes
    system = X @ X.T / columns
    system[np.diag_indices(rows)] += penalty / weights
    duals = solved(system, off)
    return X.T @ duals / columns, means_by_rows(duals, targets, weights, penalty)


def solved(system: NDArray[Any], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """The solution of a system that is symmetric and positive definite, be it only to rounding: columns that are not
    scaled can dwarf the penalty."""
    from scipy.linalg import LinAlgError, lstsq, solve

    try:
        found: NDArray[np.float64] = solve(system.astype(np.float64), targets, assume_a="pos", overwrite_a=True)
    except LinAlgError:
        found = lstsq(system.astype(np.float64), targets)[0]
    return found
