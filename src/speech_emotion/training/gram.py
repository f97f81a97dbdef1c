"""Trials on features by the thousand: what rows have to do with each other, computed once.

The products of a fold's standardised rows (its Gram matrix) are all that ridge regression in its dual form, and
principal components, need; and those of several feature groups add up. So a trial costs one system of equations, not
the columns. The numbers are those of the pipelines that are saved at the end, to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..features.whole import WHOLE
from .components import row_weights
from .fold_data import Bench, Columns
from .ridge import SLOPE, balanced
from .scaling import standard_of


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


def gram_of(bench: Bench, columns: Columns, fold: int) -> Gram:
    """The products of a fold's rows, of some columns standardised."""
    total: NDArray[np.float32] | None = None
    for group in columns.features:
        own = bench.columns((group,), columns.statistics)
        if group in WHOLE:
            name = f"gram-{group}-{fold}"
            part = bench.shared.derived(name, lambda own=own: _products(bench, own, fold))  # type: ignore[misc]
        else:
            part = _products(bench, own, fold)
        total = part if total is None else total + part
    assert total is not None
    count = total.shape[1]
    return Gram(total[:count], total[count:], len(columns.where))


def components_of(bench: Bench, columns: Columns, fold: int, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The principal components of a fold's learnt and tested rows, as :class:`.components.Components` has them."""
    name = f"components-{'-'.join(columns.features)}-{'-'.join(columns.statistics)}-{count}-{fold}"

    def make() -> NDArray[np.float32]:
        gram = gram_of(bench, columns, fold)
        row, column = gram.learnt.mean(axis=0), gram.learnt.mean(axis=1, keepdims=True)
        middle = gram.learnt.mean()
        weights = row_weights(gram.learnt - row - column + middle, count).astype(np.float32)
        centred = [gram.learnt - row - column + middle]
        centred.append(gram.asked - gram.asked.mean(axis=1, keepdims=True) - row + middle)
        return np.concatenate([part @ weights for part in centred])

    rows = bench.shared.derived(name, make)
    learnt = len(bench.rows(fold)[0]) * bench.times
    return rows[:learnt], rows[learnt:]


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


def _less_their_means(rows: NDArray[np.float32], who: NDArray[np.intp], share: np.float32) -> NDArray[np.float32]:
    counts = np.bincount(who).astype(np.float32)
    chosen = np.zeros((len(counts), len(who)), dtype=np.float32)
    chosen[who, np.arange(len(who))] = 1
    means = (chosen @ rows) / counts[:, None]
    return rows - share * (means - rows.mean(axis=0))[who]  # type: ignore[no-any-return]


def _solved(system: NDArray[np.float32], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """As :func:`.ridge.solved`, in single precision and refined once: twice as fast, and as right as the products."""
    from scipy.linalg import cho_factor, cho_solve

    factor = cho_factor(system, check_finite=False)
    found = cho_solve(factor, targets.astype(np.float32), check_finite=False).astype(np.float64)
    left = targets - (system @ found.astype(np.float32)).astype(np.float64)
    return found + cho_solve(factor, left.astype(np.float32), check_finite=False)  # type: ignore[no-any-return]


def _products(bench: Bench, columns: Columns, fold: int) -> NDArray[np.float32]:
    learnt, asked = bench.values(columns, fold)
    middle, scale = standard_of(learnt)
    learnt = (learnt - middle) / scale
    return np.concatenate([learnt, (asked - middle) / scale]) @ learnt.T  # type: ignore[no-any-return]
