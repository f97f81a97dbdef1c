"""Scores of probabilities: whether a model that says "70 %" is right seven times out of ten.

Probabilities have shape (n, classes), rows that sum to 1; classes are integers from 0. The confidence of a guess is
its probability, the highest of its row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UsageError

BINS = 15
"""Of the calibration error (Guo et al., 2017, ICML)."""

EPSILON = float(np.finfo(np.float64).eps)
"""Probability that stands for 0 where a logarithm is taken, as in scikit-learn."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Guesses of like confidence.

    Attributes:
        confidence: their mean confidence.
        accuracy: the part of them that is right.
        utterances: how many.
    """

    confidence: float
    accuracy: float
    utterances: int


def log_losses(truth: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Minus the natural logarithm of the true class's probability, shape (n,); the mean is the log loss.

    Args:
        truth: integers from 0, shape (n,).
        probabilities: shape (n, classes).

    Raises:
        UsageError: if the shapes do not fit.

    Example:
        >>> log_losses([0, 1], [[0.5, 0.5], [0.0, 1.0]]).round(3).tolist()
        [0.693, 0.0]
    """
    rows, classes = _checked(truth, probabilities)
    return -np.log(rows[np.arange(len(rows)), classes].clip(EPSILON, 1 - EPSILON))  # type: ignore[no-any-return]


def brier_scores(truth: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Squared distance of each row to the truth, shape (n,), from 0 to 2 (Brier, 1950); the mean is the Brier score.

    Args:
        truth: integers from 0, shape (n,).
        probabilities: shape (n, classes).

    Raises:
        UsageError: if the shapes do not fit.

    Example:
        >>> brier_scores([0, 1], [[0.5, 0.5], [1.0, 0.0]]).tolist()
        [0.5, 2.0]
    """
    rows, classes = _checked(truth, probabilities)
    return ((rows - np.eye(rows.shape[1])[classes]) ** 2).sum(axis=1)  # type: ignore[no-any-return]


def guesses(truth: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The confidence of each guess, and whether it is right; each of shape (n,).

    Args:
        truth: integers from 0, shape (n,).
        probabilities: shape (n, classes).

    Raises:
        UsageError: if the shapes do not fit.
    """
    rows, classes = _checked(truth, probabilities)
    return rows.max(axis=1), rows.argmax(axis=1) == classes


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> list[Bin]:
    """Guesses in bins of equal mass, from the least confident to the most.

    Args:
        confidence: of each guess, shape (n,).
        right: whether it is, shape (n,).
        bins: how many; fewer where there are fewer guesses.

    Example:
        >>> reliability([0.5, 1.0, 0.75, 1.0], [0, 1, 1, 1], bins=2)
        [Bin(confidence=0.625, accuracy=0.5, utterances=2), Bin(confidence=1.0, accuracy=1.0, utterances=2)]
    """
    sure, correct = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    order = np.argsort(sure, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [Bin(float(sure[part].mean()), float(correct[part].mean()), len(part)) for part in parts]


def ece(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error, with bins of equal mass (Nixon et al., 2019): how far confidence is from accuracy.

    .. math:: \\sum_b n_b / n \\cdot |accuracy_b - confidence_b|

    Chance alone makes some: a perfectly calibrated model has about 0.03 on 1,500 guesses in 15 bins.

    Args:
        confidence: of each guess, shape (n,).
        right: whether it is, shape (n,).
        bins: how many; fewer where there are fewer guesses.

    Returns:
        A fraction; 0 is calibrated.

    Example:
        >>> round(ece([0.6, 0.9, 0.7, 1.0], [0, 1, 1, 1], bins=2), 3)
        0.1
    """
    sure = np.asarray(confidence, dtype=np.float64)
    order = np.argsort(sure, kind="stable")
    return sorted_ece(sure[order], np.asarray(right, dtype=np.float64)[order], bins)


def risk_coverage(confidence: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What part is answered wrongly, if only the surest are answered (El-Yaniv & Wiener, 2010).

    Args:
        confidence: of each guess, shape (n,).
        right: whether it is, shape (n,).

    Returns:
        Coverage 1/n, 2/n, … 1, and the error among so many surest guesses; each of shape (n,).

    Example:
        >>> coverage, risk = risk_coverage([0.9, 0.5, 0.8, 0.6], [1, 0, 1, 1])
        >>> coverage.tolist(), risk.tolist()
        ([0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.0, 0.25])
    """
    order = np.argsort(-np.asarray(confidence, dtype=np.float64), kind="stable")
    wrong = 1 - np.asarray(right, dtype=np.float64)[order]
    count = np.arange(1, len(wrong) + 1)
    return count / len(wrong), wrong.cumsum() / count


def aurc(confidence: ArrayLike, right: ArrayLike) -> float:
    """Area under the risk–coverage curve: the mean risk over all coverages (Geifman et al., 2019).

    A model whose confidence says nothing has its error rate; less is better.

    Args:
        confidence: of each guess, shape (n,).
        right: whether it is, shape (n,).

    Example:
        >>> aurc([0.9, 0.5, 0.8, 0.6], [1, 0, 1, 1])
        0.0625
    """
    _, risk = risk_coverage(confidence, right)
    return float(risk.mean())


def sorted_ece(confidence: NDArray[np.float64], right: NDArray[np.float64], bins: int = BINS) -> float:
    """As :func:`ece`, of guesses from the least confident to the most: cheap enough for a bootstrap."""
    count = len(confidence)
    size, more = divmod(count, bins)
    starts = np.concatenate([[0], np.cumsum([size + (number < more) for number in range(bins)])[:-1]])
    gaps = np.add.reduceat(right - confidence, starts[starts < count])
    return float(np.abs(gaps).sum() / count)


def _checked(truth: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rows, classes = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if rows.ndim != 2 or classes.shape != (len(rows),):
        raise UsageError(f"probabilities must be (n, classes) for {classes.shape} labels, not {rows.shape}")
    if classes.size and not 0 <= classes.min() <= classes.max() < rows.shape[1]:
        raise UsageError(f"labels must be from 0 to {rows.shape[1] - 1}, not {classes.min()} to {classes.max()}")
    return rows, classes
