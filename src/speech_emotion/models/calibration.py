"""Probabilities that mean what they say, and when to say "not sure".

A classifier that was right on all its training clips claims more than it can keep. One number, the temperature,
divides the logarithms of its probabilities (Guo et al., 2017, ICML): above 1 it is less sure, and what is likeliest
stays so. Both the temperature and the confidence under which nothing is said are to be chosen on clips that the
classifier was not fitted on, by speakers whom it had not heard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

SMALLEST = float(np.finfo(np.float32).tiny)
"""Probability that stands for 0 where a logarithm is taken."""

LOWEST, HIGHEST = 0.05, 100.0
"""Temperatures that are tried."""

FEWEST = 20
"""Answers on which a threshold may rest: of fewer, too many are right by luck."""


class Threshold(NamedTuple):
    """When to answer.

    Attributes:
        confidence: under which to say "not sure", a fraction.
        coverage: the part of the clips that is answered then.
        accuracy: the part of the answers that is right.
    """

    confidence: float
    coverage: float
    accuracy: float


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities of logits, of the same shape; those of the last axis sum to 1.

    Example:
        >>> softmax(np.array([[0.0, np.log(3.0)]]))
        array([[0.25, 0.75]])
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return found


def tempered(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities at another temperature; rows sum to 1.

    Args:
        probabilities: float64, shape (n, classes).
        temperature: above 0; 1 changes nothing.

    Example:
        >>> tempered(np.array([[0.8, 0.2]]), 2.0).round(3)
        array([[0.667, 0.333]])
    """
    if temperature != 1:
        probabilities = np.exp(np.log(np.maximum(probabilities, SMALLEST)) / temperature)
    return probabilities / probabilities.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def temperature_for(truth: ArrayLike, probabilities: ArrayLike) -> float:
    """The temperature at which held-out probabilities have the least log loss.

    Args:
        truth: integers from 0, shape (n,).
        probabilities: of clips that the classifier was not fitted on, shape (n, classes).

    Returns:
        From 0.05 to 100.
    """
    labels = np.asarray(truth, dtype=np.intp)
    logits = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST))

    def loss(logarithm: float) -> float:
        scaled = logits / np.exp(logarithm)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]).mean())

    return float(np.exp(_lowest(loss, np.log(LOWEST), np.log(HIGHEST))))


def threshold_for(confidence: ArrayLike, right: ArrayLike, accuracy: float) -> Threshold | None:
    """The lowest confidence above which answers are as accurate as wanted.

    Args:
        confidence: of held-out guesses, shape (n,).
        right: whether each is, shape (n,).
        accuracy: wanted of those that are answered, from 0 to 1.

    Returns:
        What to answer; None where no confidence is high enough, as shown by twenty answers or more.

    Example:
        >>> threshold_for(np.arange(100) / 100, np.arange(100) >= 50, accuracy=0.8)
        Threshold(confidence=0.38, coverage=0.62, accuracy=0.806...)
    """
    sure = np.asarray(confidence, dtype=np.float64)
    order = np.argsort(-sure, kind="stable")
    ordered = sure[order]
    accuracies = np.asarray(right, dtype=np.float64)[order].cumsum() / np.arange(1, len(order) + 1)
    last_of_equals = np.append(ordered[1:] != ordered[:-1], True)
    enough = np.flatnonzero((accuracies >= accuracy) & last_of_equals & (np.arange(len(order)) >= FEWEST - 1))
    if not len(enough):
        return None
    count = int(enough[-1])
    return Threshold(float(ordered[count]), (count + 1) / len(order), float(accuracies[count]))


def _lowest(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of one valley is lowest, by golden section."""
    golden = (np.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if function(left) < function(right) else (left, high)
    return float(low + high) / 2
