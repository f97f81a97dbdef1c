"""Ridge regression by sums over rows: with fewer columns than rows they are all that it needs, however many rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ridge import discriminants, solved


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sums over standardised rows. A row's weight is that by which every class counts the same.

    Attributes:
        scatter: of the products of columns with each other, by weight, shape (columns, columns).
        sums: of each speaker's rows, shape (speakers, columns).
        weighed: the same by weight.
        by_class: of each class's rows, shape (classes, columns).
        counts: rows of each speaker and class, shape (speakers, classes); of no speaker and no class none.
    """

    scatter: NDArray[Any]
    sums: NDArray[Any]
    weighed: NDArray[Any]
    by_class: NDArray[Any]
    counts: NDArray[Any]


def counted(who: NDArray[np.intp], numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """The rows of each speaker and class, shape (speakers, classes), of rows by their speaker and class from 0."""
    counts = np.zeros((who.max() + 1, numbers.max() + 1), dtype=np.intp)
    np.add.at(counts, (who, numbers), 1)
    return counts


def ridge_by_moments(
    moments: Moments,
    penalty: float,
    centred: float,
    solve: Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]] = solved,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The discriminants that :class:`.ridge.BalancedRidge` learns.

    Args:
        moments: of the rows.
        penalty: as there.
        centred: as there.
        solve: a system, shape (columns, columns), for targets of shape (columns, classes).

    Returns:
        Slopes, shape (columns, classes), and offsets, shape (classes,): ``rows @ slopes + offsets`` are logits.
    """
    kind, counts, columns = moments.scatter.dtype, moments.counts, moments.scatter.shape[1]
    rows, weights = counts.sum(), counts.sum() / (counts.shape[1] * counts.sum(axis=0))
    shares = (counts * weights).astype(kind)
    system, middle = moments.scatter, moments.weighed.sum(axis=0)
    products = (weights[:, None] * moments.by_class).T.astype(kind)
    if centred:
        away = moments.sums / counts.sum(axis=1, keepdims=True) - moments.sums.sum(axis=0) / rows
        away = (centred * away).astype(kind)
        crossed = moments.weighed.T @ away
        system = system - crossed - crossed.T + (away * shares.sum(axis=1, keepdims=True)).T @ away
        products = products - away.T @ shares
        middle = middle - shares.sum(axis=1) @ away
    middle = middle / kind.type(rows)
    centre = shares.sum(axis=0) / rows
    system = (system - kind.type(rows) * np.outer(middle, middle)) / kind.type(columns)
    system[np.diag_indices(columns)] += kind.type(penalty)
    slopes = solve(system, (products - rows * np.outer(middle, centre)).astype(np.float64)) / columns
    means = products.T.astype(np.float64) * len(centre) / rows  # each class's rows have the same weight in all
    turn, offset = discriminants((means - middle) @ slopes)
    slopes = slopes @ turn
    return slopes, offset - middle @ slopes
