"""Which of two models is better, on the same utterances.

Paired: both are asked about the same clips, and what differs is counted speaker by speaker, because the clips of one
person are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .evaluate import Report
from .intervals import DRAWS, Score, mean_of_folds, tail
from .metrics import confusion, uar

PERMUTATIONS = 9999
"""Drawn at random where there are more than all of 13 speakers."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One model's UAR minus the other's.

    Attributes:
        first: the UAR of the first.
        second: the UAR of the second.
        difference: first minus second, with its 95 % interval over speakers.
        p: how often a difference as large comes of exchanging the two models' answers, speaker by speaker, at random.
        speakers: how many.
        utterances: how many.
    """

    first: float
    second: float
    difference: Score
    p: float
    speakers: int
    utterances: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "first": self.first,
            "second": self.second,
            "difference": self.difference.as_dict(),
            "p": self.p,
            "speakers": self.speakers,
            "utterances": self.utterances,
        }


def compare(a: Report, b: Report, *, seed: int = 0) -> Difference:
    """Compare two reports on the same utterances.

    The interval is by bootstrap over speakers; p by exchanging the answers of whole speakers (a sign-flip
    permutation test, two-sided): every way of it up to 13 speakers, 9,999 random ones with more.

    Args:
        a: of one model.
        b: of the other; of the same utterances in the same order.
        seed: of the draws.

    Raises:
        UsageError: if the reports are not of the same utterances and emotions.
    """
    same = a.emotions == b.emotions and np.array_equal(a.truth, b.truth) and np.array_equal(a.speakers, b.speakers)
    if not same:
        raise UsageError(
            f"only reports of the same utterances and emotions can be compared, not {len(a.truth)} utterances of "
            f"{', '.join(a.emotions)} and {len(b.truth)} of {', '.join(b.emotions)}"
        )
    first, second = _of(a), _of(b)
    rng = np.random.default_rng(seed)
    fold = _folds(a, b)
    difference = paired(first, second, rng, fold)
    once = np.ones((1, len(first)), dtype=np.int64)
    values = tuple(float(mean_of_folds(uar, once, each, fold)[0]) for each in (first, second))
    p = _p(first, second, difference.value, rng, fold)
    return Difference(values[0], values[1], difference, p, len(first), len(a.truth))


def paired(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    rng: np.random.Generator,
    fold: NDArray[np.intp] | None = None,
) -> Score:
    """The UAR of one minus that of the other, with its interval over speakers.

    Args:
        first: counts from :func:`by_speaker`.
        second: the same of other guesses about the same utterances.
        rng: of the draws.
        fold: of each speaker, shape (speakers,), where UAR is the mean of the folds'.
    """
    count = len(first)
    fold = np.zeros(count, dtype=np.intp) if fold is None else fold
    once = np.ones((1, count), dtype=np.int64)
    difference = float((mean_of_folds(uar, once, first, fold) - mean_of_folds(uar, once, second, fold))[0])
    if count < 2:
        return Score(difference, -1.0, 1.0)
    times = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    drawn = mean_of_folds(uar, times, first, fold) - mean_of_folds(uar, times, second, fold)
    low, high = np.nanquantile(drawn, [tail(count), 1 - tail(count)])
    return Score(difference, float(low), float(high))


def by_speaker(
    truth: NDArray[np.int64], guesses: NDArray[np.int64], speakers: NDArray[np.str_], classes: int
) -> NDArray[np.int64]:
    """A confusion for each speaker, shape (speakers, classes, classes); the arguments are of shape (n,)."""
    each = [speakers == name for name in np.unique(speakers)]
    return np.array([confusion(truth[one], guesses[one], classes) for one in each])


def _p(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    difference: float,
    rng: np.random.Generator,
    fold: NDArray[np.intp],
) -> float:
    count = len(first)
    exact = 2**count <= PERMUTATIONS
    every = product((0, 1), repeat=count)
    swapped = np.array(list(every)) if exact else rng.integers(0, 2, size=(PERMUTATIONS, count))
    found = np.zeros(len(swapped))
    for one in np.unique(fold):  # each weighs as many speakers as it has, as in the mean of what was measured
        inside = fold == one
        own, other = first[inside], second[inside]
        change = np.tensordot(swapped[:, inside], other - own, axes=1)
        found += inside.mean() * (uar(own.sum(axis=0) + change) - uar(other.sum(axis=0) - change))
    as_large = int((np.abs(found) >= abs(difference) - 1e-12).sum())
    return as_large / len(swapped) if exact else (as_large + 1) / (PERMUTATIONS + 1)


def _folds(a: Report, b: Report) -> NDArray[np.intp]:
    """The fold of each speaker, where both reports' scores are means of the same folds'; else all are of one."""
    names, first = np.unique(a.speakers, return_index=True)
    if a.fold is None or b.fold is None or not np.array_equal(a.fold, b.fold):
        return np.zeros(len(names), dtype=np.intp)
    return a.fold[first]


def _of(report: Report) -> NDArray[np.int64]:
    return by_speaker(report.truth, report.probabilities.argmax(axis=1), report.speakers, len(report.emotions))
