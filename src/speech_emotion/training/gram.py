"""Ridge regression on features by the thousand, of sums that many trials have in common.

With more columns than rows all that it needs are the products of the standardised rows with each other (their Gram
matrix, the dual form); otherwise those of the columns. Both are computed once, and a trial is then one system of
equations. The numbers are those of :class:`.ridge.BalancedRidge` to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ridge import SLOPE, balanced


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """The products of a fold's rows.

    Attributes:
        learnt: of the learnt rows with each other, float32, shape (n, n).
        asked: of the tested rows with the learnt ones, float32, shape (test, n).
        columns: how many each is the sum over.
    """

    learnt: NDArray[np.float32]
    asked: NDArray[np.float32]
    columns: int


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """The sums over a fold's rows.

    Attributes:
        learnt: the standardised rows, float32, shape (n, columns).
        asked: the tested ones, float32, shape (test, columns).
        products: of the columns with each other, over the learnt rows by their :func:`.ridge.balanced` weights,
            float32, shape (columns, columns).
    """

    learnt: NDArray[np.float32]
    asked: NDArray[np.float32]
    products: NDArray[np.float32]


def ridge_by_gram(
    gram: Gram, numbers: NDArray[np.intp], who: NDArray[np.intp] | None, classes: int, penalty: float, centred: float
) -> NDArray[np.float64]:
    """What :class:`.ridge.BalancedRidge` says of the tested rows: logits, shape (test, classes).

    Args:
        gram: the products.
        numbers: labels of the learnt rows from 0, each class at least once, shape (n,).
        who: their speakers, integers from 0, shape (n,).
        classes: how many there are.
        penalty: as there.
        centred: as there.
    """
    weights = balanced(numbers, classes)
    parts = weights / weights.sum()
    targets = np.eye(classes)[numbers]
    centre = parts @ targets
    learnt, asked = gram.learnt, gram.asked
    if who is not None and centred:
        share = np.float32(centred)
        learnt = _less_their_means(_less_their_means(learnt, who, share).T, who, share)
        asked = _less_their_means(asked.T, who, share).T
    middle = (parts @ learnt).astype(np.float32)
    level = np.float32(parts @ middle)
    system = learnt - middle - middle[:, None] + level
    system /= gram.columns
    system[np.diag_indices(len(system))] += (penalty / weights).astype(np.float32)
    slopes = _solved(system, targets - centre)
    # of what is asked the learnt rows' mean is taken away too, on both sides
    shifted = asked - (asked @ parts.astype(np.float32))[:, None] - middle + level
    return SLOPE * (shifted @ slopes / gram.columns + centre)  # type: ignore[no-any-return]


def ridge_by_moments(
    moments: Moments,
    numbers: NDArray[np.intp],
    who: NDArray[np.intp] | None,
    classes: int,
    penalty: float,
    centred: float,
) -> NDArray[np.float64]:
    """The same by the columns; the arguments are those of :func:`ridge_by_gram`."""
    learnt, asked = moments.learnt, moments.asked
    rows, columns = learnt.shape
    weights = balanced(numbers, classes).astype(np.float32)
    targets = np.eye(classes, dtype=np.float32)[numbers]
    centre = np.average(targets, axis=0, weights=weights)
    weighed = weights[:, None] * targets
    products, system, middle = learnt.T @ weighed, moments.products, weights @ learnt
    if who is not None and centred:
        # of each speaker: what is taken away from the rows, their sum by weight, their weight and that of each class
        chosen = np.zeros((who.max() + 1, rows), dtype=np.float32)
        chosen[who, np.arange(rows)] = 1
        away = chosen @ learnt / chosen.sum(axis=1, keepdims=True) - learnt.mean(axis=0)
        away *= np.float32(centred)
        own, weight = (chosen * weights) @ learnt, chosen @ weights
        crossed = own.T @ away
        system = system - crossed - crossed.T + (away * weight[:, None]).T @ away
        products = products - away.T @ (chosen @ weighed)
        middle = middle - weight @ away
    total = np.float32(weights.sum())
    middle = middle / total
    system = (system - np.outer(total * middle, middle)) / np.float32(columns)
    system[np.diag_indices(columns)] += np.float32(penalty)
    slopes = _solved(system, products.astype(np.float64) - np.outer(total * middle, centre)) / columns
    return SLOPE * (asked @ slopes + centre - middle @ slopes)  # type: ignore[no-any-return]


def _solved(system: NDArray[np.float32], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """As :func:`.ridge.solved`, in single precision and refined once: twice as fast, and as right as the products."""
    from scipy.linalg import cho_factor, cho_solve

    factor = cho_factor(system, check_finite=False)
    found = cho_solve(factor, targets.astype(np.float32), check_finite=False).astype(np.float64)
    left = targets - (system @ found.astype(np.float32)).astype(np.float64)
    return found + cho_solve(factor, left.astype(np.float32), check_finite=False)  # type: ignore[no-any-return]


def _less_their_means(rows: NDArray[np.float32], who: NDArray[np.intp], share: np.float32) -> NDArray[np.float32]:
    counts = np.bincount(who).astype(np.float32)
    chosen = np.zeros((len(counts), len(who)), dtype=np.float32)
    chosen[who, np.arange(len(who))] = 1
    means = (chosen @ rows) / counts[:, None]
    return rows - share * (means - rows.mean(axis=0))[who]  # type: ignore[no-any-return]
