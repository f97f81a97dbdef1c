"""How sure a score is: 95 % intervals by bootstrap over speakers.

Clips of one speaker resemble each other, so a thousand clips of ten speakers say little more about an
eleventh than ten numbers would. Whole speakers are drawn with replacement (the cluster bootstrap; Field &
Welsh, 2007, J. R. Statist. Soc. B 69(3)), never single clips: an interval over clips is far too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from .metrics import METRICS, Metric, confusion

DRAWS = 1000
"""Resamplings; the ends of an interval then move by less than a hundredth from seed to seed."""


@dataclass(frozen=True, slots=True)
class Score:
    """A score with the interval in which it is likely to lie for other speakers. All are fractions.

    Attributes:
        value: what was measured.
        low: lower end of the 95 % interval.
        high: upper end of the 95 % interval.
    """

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Plain values for JSON."""
        return asdict(self)


def bootstrap_over_speakers(
    truth: ArrayLike,
    guess: ArrayLike,
    speakers: ArrayLike,
    classes: int,
    *,
    metrics: Mapping[str, Metric] = METRICS,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Score]:
    """Scores with intervals over speakers.

    With few speakers the plain percentiles are too narrow, so they are moved outwards by what Student's t
    asks for (the expanded percentile interval; Hesterberg, 2015, The American Statistician 69(4)). With fewer
    than six even that is too narrow: no draw lies outside what the speakers did. One speaker says nothing of
    others: the interval is then all of 0 to 1.

    Args:
        truth: integers from 0 to ``classes`` - 1, shape (n,).
        guess: integers from 0 to ``classes`` - 1, shape (n,).
        speakers: who spoke each utterance, shape (n,).
        classes: how many there are.
        metrics: what to score, by name.
        draws: how many times to draw as many speakers as there are.
        seed: of the draws.
        level: the part of such intervals that holds the true value, from 0 to 1.

    Returns:
        A score for each metric.

    Raises:
        UsageError: if the lengths differ, or a label is out of range.

    Example:
        >>> scores = bootstrap_over_speakers([0, 1, 0, 1], [0, 1, 0, 0], ["a", "a", "b", "b"], classes=2)
        >>> scores["accuracy"]
        Score(value=0.75, low=0.5, high=1.0)
    """
    from scipy.special import ndtr, stdtrit

    rows, columns = np.asarray(truth), np.asarray(guess)
    whole = confusion(rows, columns, classes)
    names, who = np.unique(np.asarray(speakers), return_inverse=True)
    count = len(names)
    if count < 2:
        return {name: Score(float(metric(whole)), 0.0, 1.0) for name, metric in metrics.items()}
    each = np.stack([confusion(rows[who == one], columns[who == one], classes) for one in range(count)])
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    drawn = (times @ each.reshape(count, -1)).reshape(draws, classes, classes)
    tail = ndtr(np.sqrt(count / (count - 1)) * stdtrit(count - 1, (1 - level) / 2))
    scores = {}
    for name, metric in metrics.items():
        low, high = np.nanquantile(metric(drawn), [tail, 1 - tail])
        scores[name] = Score(float(metric(whole)), float(low), float(high))
    return scores
