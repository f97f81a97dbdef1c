"""Scores of guesses against the truth.

All scores are read off one confusion matrix: counts, a row for each true class, a column for each guessed
one. Classes are integers from 0. Scores are fractions from 0 to 1. Each takes one matrix, or many at once:
any axes before the last two are kept, which is what makes a bootstrap of thousands of draws cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UsageError


def confusion(truth: ArrayLike, guess: ArrayLike, classes: int) -> NDArray[np.int64]:
    """How often each class was taken for each other.

    Args:
        truth: integers from 0 to ``classes`` - 1, shape (n,).
        guess: integers from 0 to ``classes`` - 1, shape (n,).
        classes: how many there are.

    Returns:
        Counts, shape (classes, classes). Row 0 holds what became of the first class.

    Raises:
        UsageError: if the shapes differ, or a label is out of range.

    Example:
        >>> confusion([0, 0, 1, 1], [0, 1, 1, 1], classes=2)
        array([[1, 1],
               [0, 2]])
    """
    rows, columns = np.asarray(truth, dtype=np.int64), np.asarray(guess, dtype=np.int64)
    if rows.shape != columns.shape or rows.ndim != 1:
        raise UsageError(f"truth and guess must be of the same length, not {rows.shape} and {columns.shape}")
    for labels in (rows, columns):
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise UsageError(f"labels must be from 0 to {classes - 1}, not {labels.min()} to {labels.max()}")
    counts = np.bincount(rows * classes + columns, minlength=classes * classes)
    return counts.reshape(classes, classes)


def recalls(counts: ArrayLike) -> NDArray[np.float64]:
    """Of each class's utterances, the part that was recognised.

    .. math:: R_c = N_{cc} / \\sum_k N_{ck}

    Args:
        counts: from :func:`confusion`, shape (..., classes, classes).

    Returns:
        Fractions, shape (..., classes); NaN for a class that never occurs.

    Example:
        >>> recalls([[1, 1], [0, 2]])
        array([0.5, 1. ])
    """
    matrix = np.asarray(counts, dtype=np.float64)
    return _ratio(_diagonal(matrix), matrix.sum(axis=-1))


def uar(counts: ArrayLike) -> NDArray[np.float64]:
    """Unweighted average recall, also called balanced accuracy: the mean of the recalls (Schuller et al.,
    2009).

    A guess at random reaches 1 / classes, however unequal the classes are. A class that never occurs is left
    out.

    Args:
        counts: from :func:`confusion`, shape (..., classes, classes).

    Returns:
        Fractions, shape (...); NaN where there is nothing to score.

    Example:
        >>> float(uar([[1, 1], [0, 2]]))
        0.75
    """
    each = recalls(counts)
    occurs = ~np.isnan(each)
    return _ratio(np.where(occurs, each, 0).sum(axis=-1), occurs.sum(axis=-1))


def accuracy(counts: ArrayLike) -> NDArray[np.float64]:
    """The part of all utterances that was recognised; frequent classes weigh more.

    Args:
        counts: from :func:`confusion`, shape (..., classes, classes).

    Returns:
        Fractions, shape (...); NaN where there is nothing to score.

    Example:
        >>> float(accuracy([[1, 1], [0, 8]]))
        0.9
    """
    matrix = np.asarray(counts, dtype=np.float64)
    return _ratio(_diagonal(matrix).sum(axis=-1), matrix.sum(axis=(-2, -1)))


def macro_f1(counts: ArrayLike) -> NDArray[np.float64]:
    """The mean over classes of F1, the harmonic mean of precision and recall.

    .. math:: F_c = 2 N_{cc} / (\\sum_k N_{ck} + \\sum_k N_{kc})

    A class that neither occurs nor is guessed is left out.

    Args:
        counts: from :func:`confusion`, shape (..., classes, classes).

    Returns:
        Fractions, shape (...); NaN where there is nothing to score.

    Example:
        >>> round(float(macro_f1([[1, 1], [0, 2]])), 4)
        0.7333
    """
    matrix = np.asarray(counts, dtype=np.float64)
    each = _ratio(2 * _diagonal(matrix), matrix.sum(axis=-1) + matrix.sum(axis=-2))
    occurs = ~np.isnan(each)
    return _ratio(np.where(occurs, each, 0).sum(axis=-1), occurs.sum(axis=-1))


Metric = Callable[[ArrayLike], NDArray[np.float64]]
"""A score of one or many confusion matrices."""

METRICS: Mapping[str, Metric] = {"uar": uar, "accuracy": accuracy, "macro_f1": macro_f1}
"""Every score of a report by its name, the main one first."""


def _diagonal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=out, where=np.asarray(whole) > 0)
    return out
