"""Trials on features by the thousand: what they have in common is computed once and shared.

Ridge regression needs products of a fold's standardised rows, or of their columns, whichever are fewer; so do
principal components, from which the other families learn. So a trial costs one system of equations, or a family on a
few hundred columns. The numbers are those of the pipelines that are saved at the end, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..features.whole import WHOLE
from .components import column_weights, row_weights
from .fold_data import Bench, Columns
from .gram import Gram, Moments, ridge_by_gram, ridge_by_moments
from .ridge import balanced
from .scaling import standard_of


def ridge_of(bench: Bench, columns: Columns, fold: int, penalty: float, centred: float) -> NDArray[np.float64]:
    """What :class:`.ridge.BalancedRidge` on standardised columns says of a fold's tested rows.

    Returns:
        Logits of those classes that the fold has, shape (test, classes).
    """
    there, numbers = np.unique(bench.learnt("labels", fold), return_inverse=True)
    who = np.unique(bench.learnt("who", fold), return_inverse=True)[1]
    if by_columns(bench, columns, fold):
        return ridge_by_moments(_moments(bench, columns, fold, numbers), numbers, who, len(there), penalty, centred)
    return ridge_by_gram(_gram(bench, columns, fold), numbers, who, len(there), penalty, centred)


def components_of(bench: Bench, columns: Columns, fold: int, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The principal components of a fold's learnt and tested rows, as :class:`.components.Components` has them."""
    make = _components_by_columns if by_columns(bench, columns, fold) else _components_by_rows
    rows = _derived(f"components-{count}", bench, columns, fold, lambda: make(bench, columns, fold, count))
    learnt = len(bench.rows(fold)[0]) * bench.times
    return rows[:learnt], rows[learnt:]


def by_columns(bench: Bench, columns: Columns, fold: int) -> bool:
    """Whether a fold learns from no fewer rows than there are columns."""
    return len(columns.where) <= len(bench.rows(fold)[0]) * bench.times


def _moments(bench: Bench, columns: Columns, fold: int, numbers: NDArray[np.intp]) -> Moments:
    learnt, asked = _standardised(bench, columns, fold)

    def products() -> NDArray[np.float32]:
        weights = balanced(numbers, numbers.max() + 1).astype(np.float32)
        return (weights[:, None] * learnt).T @ learnt  # type: ignore[no-any-return]

    return Moments(learnt, asked, _derived("weighed", bench, columns, fold, products))


def _standardised(bench: Bench, columns: Columns, fold: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    def make() -> NDArray[np.float32]:
        learnt, asked = bench.values(columns, fold)
        middle, scale = standard_of(learnt)
        return (np.concatenate([learnt, asked]) - middle) / scale

    rows = _derived("standardised", bench, columns, fold, make)
    count = len(bench.rows(fold)[0]) * bench.times
    return rows[:count], rows[count:]


def _gram(bench: Bench, columns: Columns, fold: int) -> Gram:
    """The products of a fold's rows: those of several feature groups add up."""
    total: NDArray[np.float32] | None = None
    for group in columns.features:
        own = bench.columns((group,), columns.statistics)
        if group in WHOLE:
            part = _derived("gram", bench, own, fold, lambda own=own: _products(bench, own, fold))  # type: ignore[misc]
        else:
            part = _products(bench, own, fold)
        total = part if total is None else total + part
    assert total is not None
    count = total.shape[1]
    return Gram(total[:count], total[count:], len(columns.where))


def _products(bench: Bench, columns: Columns, fold: int) -> NDArray[np.float32]:
    learnt, asked = bench.values(columns, fold)
    middle, scale = standard_of(learnt)
    learnt = (learnt - middle) / scale
    return np.concatenate([learnt, (asked - middle) / scale]) @ learnt.T  # type: ignore[no-any-return]


def _components_by_columns(bench: Bench, columns: Columns, fold: int, count: int) -> NDArray[np.float32]:
    learnt, asked = _standardised(bench, columns, fold)
    middle = learnt.mean(axis=0)
    centred = learnt - middle
    products = _derived("products", bench, columns, fold, lambda: centred.T @ centred)
    weights = column_weights(centred, products, count).astype(np.float32)
    return np.concatenate([centred @ weights, (asked - middle) @ weights])


def _components_by_rows(bench: Bench, columns: Columns, fold: int, count: int) -> NDArray[np.float32]:
    gram = _gram(bench, columns, fold)
    row, column = gram.learnt.mean(axis=0), gram.learnt.mean(axis=1, keepdims=True)
    middle = gram.learnt.mean()
    centred = gram.learnt - row - column + middle
    weights = row_weights(centred, count).astype(np.float32)
    asked = gram.asked - gram.asked.mean(axis=1, keepdims=True) - row + middle
    return np.concatenate([centred @ weights, asked @ weights])


def _derived(
    what: str, bench: Bench, columns: Columns, fold: int, make: Callable[[], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """An array that all trials with these columns share in this fold."""
    name = "-".join([what, *columns.features, *columns.statistics, str(fold)])
    return bench.shared.derived(name, make)
