"""Trials on features by the thousand: what they have in common is computed once and shared.

Ridge regression needs the products of a fold's standardised rows, or of their columns, whichever are fewer; so do
principal components, from which the other families learn. So a trial costs one system of equations, or a family on a
few hundred columns. The numbers are those of the pipelines that are saved at the end, to rounding.

Kept on disk is only what follows from groups that are measured over a whole utterance: of choices of statistics there
are too many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..features.whole import WHOLE
from ..models.calibration import softmax
from .components import column_weights, row_weights
from .families import family
from .fold_data import Bench, Columns
from .gram import Gram, ridge_by_gram, solved_once_more
from .linear import balanced
from .moments import Moments, counted, ridge_by_moments
from .scaling import standard_of


def ridge_of(bench: Bench, columns: Columns, fold: int, hyperparameters: Mapping[str, Any]) -> NDArray[np.float64]:
    """What :class:`.ridge.BalancedRidge` on standardised columns says of a fold's tested rows.

    Args:
        bench: the recordings.
        columns: that it reads.
        fold: which.
        hyperparameters: that are not the family's own defaults.

    Returns:
        Probabilities, shape (test, classes).
    """
    settings = {**family("ridge").defaults, **hyperparameters}
    there, numbers = np.unique(bench.learnt("labels", fold), return_inverse=True)
    who = np.unique(bench.learnt("who", fold), return_inverse=True)[1]
    if by_columns(bench, columns, fold):
        moments, asked = _moments(bench, columns, fold, numbers, who)
        slopes, offsets = ridge_by_moments(moments, **settings, solve=solved_once_more)
        logits = asked @ slopes + offsets
    else:
        logits = ridge_by_gram(_gram(bench, columns, fold), numbers, who, len(there), **settings)
    probabilities = np.zeros((len(logits), bench.classes))
    probabilities[:, there] = softmax(logits)
    return probabilities


def components_of(bench: Bench, columns: Columns, fold: int, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The principal components of a fold's rows, as :class:`.components.Components` has them.

    Args:
        bench: the recordings.
        columns: that they are made of.
        fold: which.
        count: how many.

    Returns:
        Of the learnt rows and of the tested ones, float32, shape (n, components) each.
    """
    make = _components_by_columns if by_columns(bench, columns, fold) else _components_by_rows
    rows = _kept(f"components-{count}", bench, columns, fold, lambda: make(bench, columns, fold, count))
    return _parted(rows, bench, fold)


def by_columns(bench: Bench, columns: Columns, fold: int) -> bool:
    """Whether a fold learns from no fewer rows, copies counted, than there are columns."""
    return len(columns.where) <= _learnt(bench, fold)


def _standardised(bench: Bench, columns: Columns, fold: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The learnt and the tested rows."""

    def make() -> NDArray[np.float32]:
        learnt, asked = bench.values(columns, fold)
        middle, scale = standard_of(learnt)
        return (np.concatenate([learnt, asked]) - middle) / scale

    rows = _kept("standardised", bench, columns, fold, make)
    return _parted(rows, bench, fold)


def _parted(rows: NDArray[Any], bench: Bench, fold: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The learnt rows and the tested ones, which are kept one after the other."""
    count = _learnt(bench, fold)
    return rows[:count], rows[count:]


def _learnt(bench: Bench, fold: int) -> int:
    """How many rows a fold learns, copies counted."""
    return len(bench.rows(fold)[0]) * bench.times


def _moments(
    bench: Bench, columns: Columns, fold: int, numbers: NDArray[np.intp], who: NDArray[np.intp]
) -> tuple[Moments, NDArray[np.float32]]:
    """Of the learnt rows, whose classes and speakers are given; and the tested rows, standardised."""
    counts = counted(who, numbers)

    def make() -> NDArray[np.float32]:
        learnt, asked = _standardised(bench, columns, fold)
        weights = balanced(numbers, counts.shape[1]).astype(np.float32)
        speakers, classes = (
            (np.arange(count)[:, None] == of).astype(np.float32)
            for count, of in zip(counts.shape, (who, numbers), strict=True)
        )
        scatter = (weights[:, None] * learnt).T @ learnt
        return np.concatenate([scatter, speakers @ learnt, (speakers * weights) @ learnt, classes @ learnt, asked])

    sizes = (len(columns.where), *counts.shape[:1] * 2, counts.shape[1])
    kept = _kept("moments", bench, columns, fold, make)
    scatter, sums, weighed, by_class, asked = np.split(kept, np.cumsum(sizes))
    return Moments(scatter, sums, weighed, by_class, counts), asked


def _gram(bench: Bench, columns: Columns, fold: int) -> Gram:
    """The products of rows: those of several feature groups add up."""
    parts = []
    for group in columns.features:
        own = bench.columns((group,), columns.statistics)
        parts.append(_kept("gram", bench, own, fold, lambda own=own: _row_products(bench, own, fold)))  # type: ignore[misc]
    total = sum(parts[1:], start=parts[0])
    count = total.shape[1]
    return Gram(total[:count], total[count:], len(columns.where))


def _row_products(bench: Bench, columns: Columns, fold: int) -> NDArray[np.float32]:
    learnt, asked = _standardised(bench, columns, fold)
    return np.concatenate([learnt, asked]) @ learnt.T  # type: ignore[no-any-return]


def _components_by_columns(bench: Bench, columns: Columns, fold: int, count: int) -> NDArray[np.float32]:
    learnt, asked = _standardised(bench, columns, fold)  # their mean is 0
    scatter = _kept("scatter", bench, columns, fold, lambda: learnt.T @ learnt)
    weights = column_weights(learnt, scatter, count).astype(np.float32)
    return np.concatenate([learnt @ weights, asked @ weights])


def _components_by_rows(bench: Bench, columns: Columns, fold: int, count: int) -> NDArray[np.float32]:
    gram = _gram(bench, columns, fold)
    row, column = gram.learnt.mean(axis=0), gram.learnt.mean(axis=1, keepdims=True)
    middle = gram.learnt.mean()
    centred = gram.learnt - row - column + middle
    weights = row_weights(centred, count).astype(np.float32)
    asked = gram.asked - gram.asked.mean(axis=1, keepdims=True) - row + middle
    return np.concatenate([centred @ weights, asked @ weights])


def _kept(
    what: str, bench: Bench, columns: Columns, fold: int, make: Callable[[], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """An array that all trials with these columns share in this fold, made by the first of them."""
    if not set(columns.features) <= set(WHOLE):
        return make()
    return bench.shared.derived("-".join([what, *columns.features, str(fold)]), make)
