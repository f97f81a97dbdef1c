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
from .intervals import DRAWS, Score, tail
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
    difference = paired(first, second, rng)
    values = float(uar(first.sum(axis=0))), float(uar(second.sum(axis=0)))
    p = _p(first, second, difference.value, rng)
    return Difference(*values, difference, p, len(first), len(a.truth))


def paired(first: NDArray[np.int64], second: NDArray[np.int64], rng: np.random.Generator) -> Score:
    """The UAR of one minus that of the other, with its interval over speakers.

    Args:
        first: counts from :func:`by_speaker`.
        second: the same of other guesses about the same utterances.
        rng: of the draws.
    """
    count = len(first)
    difference = float(uar(first.sum(axis=0)) - uar(second.sum(axis=0)))
    if count < 2:
        return Score(difference, -1.0, 1.0)
    times = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    drawn = uar(np.tensordot(times, first, axes=1)) - uar(np.tensordot(times, second, axes=1))
    low, high = np.nanquantile(drawn, [tail(count), 1 - tail(count)])
    return Score(difference, float(low), float(high))


def by_speaker(
    truth: NDArray[np.int64], guesses: NDArray[np.int64], speakers: NDArray[np.str_], classes: int
) -> NDArray[np.int64]:
    """A confusion for each speaker, shape (speakers, classes, classes); the arguments are of shape (n,)."""
    each = [speakers == name for name in np.unique(speakers)]
    return np.array([confusion(truth[one], guesses[one], classes) for one in each])


def _p(first: NDArray[np.int64], second: NDArray[np.int64], difference: float, rng: np.random.Generator) -> float:
    count = len(first)
    exact = 2**count <= PERMUTATIONS
    every = product((0, 1), repeat=count)
    swapped = np.array(list(every)) if exact else rng.integers(0, 2, size=(PERMUTATIONS, count))
    change = np.tensordot(swapped, second - first, axes=1)
    found = uar(first.sum(axis=0) + change) - uar(second.sum(axis=0) - change)
    as_large = int((np.abs(found) >= abs(difference) - 1e-12).sum())
    return as_large / len(swapped) if exact else (as_large + 1) / (PERMUTATIONS + 1)


def _of(report: Report) -> NDArray[np.int64]:
    return by_speaker(report.truth, report.probabilities.argmax(axis=1), report.speakers, len(report.emotions))
