"""Ridge regression by the products of rows with each other: with fewer rows than columns they are all that it needs.

The products (the Gram matrix, the dual form) are computed once; a trial is then one system of equations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .linear import balanced
from .ridge import discriminants, means_by_rows, solved


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


def ridge_by_gram(
    gram: Gram, numbers: NDArray[np.intp], who: NDArray[np.intp], classes: int, penalty: float, centred: float
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
    learnt, asked = gram.learnt, gram.asked
    if centred:
        share = np.float32(centred)
        learnt = _less_their_means(_less_their_means(learnt, who, share).T, who, share)
        asked = _less_their_means(asked.T, who, share).T
    middle = (parts @ learnt).astype(np.float32)
    level = np.float32(parts @ middle)
    system = learnt - middle - middle[:, None] + level
    system /= gram.columns
    system[np.diag_indices(len(system))] += (penalty / weights).astype(np.float32)
    duals = solved_once_more(system, targets - 1 / classes)
    turn, offset = discriminants(means_by_rows(duals, targets, weights, penalty))
    # of what is asked the learnt rows' mean is taken away too, on both sides
    shifted = asked - (asked @ parts.astype(np.float32))[:, None] - middle + level
    return shifted @ (duals @ turn) / gram.columns + offset  # type: ignore[no-any-return]


def _less_their_means(rows: NDArray[np.float32], who: NDArray[np.intp], share: np.float32) -> NDArray[np.float32]:
    counts = np.bincount(who).astype(np.float32)
    chosen = np.zeros((len(counts), len(who)), dtype=np.float32)
    chosen[who, np.arange(len(who))] = 1
    means = (chosen @ rows) / counts[:, None]
    return rows - share * (means - rows.mean(axis=0))[who]  # type: ignore[no-any-return]


def solved_once_more(system: NDArray[np.float32], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """As :func:`.ridge.solved`, in single precision and refined once: twice as fast, and as right as the products."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        factor = cho_factor(system, check_finite=False)
    except LinAlgError:
        return solved(system, targets)
    found = cho_solve(factor, targets.astype(np.float32), check_finite=False).astype(np.float64)
    left = targets - (system @ found.astype(np.float32)).astype(np.float64)
    return found + cho_solve(factor, left.astype(np.float32), check_finite=False)  # type: ignore[no-any-return]
