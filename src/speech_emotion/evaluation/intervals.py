"""How sure a score is: 95 % intervals by bootstrap over speakers.

Clips of one speaker resemble each other, so a thousand clips of ten speakers say little more about an
eleventh than ten numbers would. Whole speakers are drawn with replacement (the cluster bootstrap; Field &
Welsh, 2007, J. R. Statist. Soc. B 69(3)), never single clips: an interval over clips is far too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .metrics import METRICS, Metric, confusion
from .probabilities import EPSILON, brier_scores, guesses, log_losses, sorted_ece

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

    def __str__(self) -> str:
        """As people read it: ``55.1 % (49.0–61.0)``."""
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f}–{100 * self.high:.1f})"

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
    folds: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Score]:
    """Scores with intervals over speakers.

    With few speakers the plain percentiles are too narrow, so they are moved outwards by what Student's t
    asks for (the expanded percentile interval; Hesterberg, 2015, The American Statistician 69(4)). Of 4,000
    simulated corpora with correlated clips it then holds the true value in 94 to 95 % with 8 to 24 speakers, in 92 %
    with six. With fewer even that is too narrow: no draw lies outside what the speakers did. One speaker says
    nothing of others: the interval is then all of 0 to 1.

    Args:
        truth: integers from 0 to ``classes`` - 1, shape (n,).
        guess: integers from 0 to ``classes`` - 1, shape (n,).
        speakers: who spoke each utterance, shape (n,).
        classes: how many there are.
        metrics: what to score, by name.
        folds: where a score is the mean of the folds' scores, the fold that tested each utterance, shape (n,); no
            speaker is in two. Each fold weighs as many speakers as were drawn of it, so that the mean of what
            was measured is the plain one where all folds have as many speakers.
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
    rows, columns = np.asarray(truth), np.asarray(guess)
    whole = confusion(rows, columns, classes)
    names, who = np.unique(np.asarray(speakers), return_inverse=True)
    each = np.array([confusion(rows[who == one], columns[who == one], classes) for one in range(len(names))])
    fold = np.zeros(len(names), dtype=np.intp)
    if folds is not None:
        fold[who] = np.asarray(folds)
    once = np.ones((1, len(names)), dtype=np.int64)
    times = _times(len(names), draws, seed)
    scores = {}
    for name, metric in metrics.items():
        value = float(metric(whole)) if folds is None else float(mean_of_folds(metric, once, each, fold)[0])
        scores[name] = _score(value, mean_of_folds(metric, times, each, fold), len(names), level)
    return scores


def bootstrap_probabilities(
    truth: ArrayLike,
    probabilities: ArrayLike,
    speakers: ArrayLike,
    *,
    sure: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Score]:
    """Scores of probabilities with intervals over speakers.

    A resample's calibration error holds the noise of drawing twice, so its draws are moved to lie around what was
    measured.

    Args:
        truth: integers from 0, shape (n,).
        probabilities: shape (n, classes).
        speakers: who spoke each utterance, shape (n,).
        sure: whether the model is sure enough to answer, shape (n,); None is always.
        draws: how many times to draw as many speakers as there are.
        seed: of the draws.
        level: the part of such intervals that holds the true value, from 0 to 1.

    Returns:
        ``log_loss``, ``brier``, ``ece`` and ``aurc``; where ``sure`` is given also ``coverage``, the part that is
        answered, and ``sure_accuracy``, the part of those that is right, left out where nothing is.

    Raises:
        UsageError: if the shapes do not fit.
    """
    names, who = np.unique(np.asarray(speakers), return_inverse=True)
    times, one = _times(len(names), draws, seed), np.ones((1, len(names)), dtype=np.int64)
    confidence, right = guesses(truth, probabilities)
    order = np.argsort(confidence, kind="stable")

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(who, weights=values, minlength=len(names)).astype(np.float64)

    def ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> Resampled:
        parts, wholes = summed(part), summed(whole)
        return lambda drawn: np.where(drawn @ wholes > 0, drawn @ parts, np.nan) / np.maximum(drawn @ wholes, 1)

    def of_sorted(score: Callable[[NDArray[np.float64], NDArray[np.float64]], float]) -> Resampled:
        speaker, values, hits = who[order], confidence[order], right[order].astype(np.float64)
        each = np.arange(len(order))

        def of_each(many: NDArray[np.int64]) -> NDArray[np.float64]:
            chosen = (np.repeat(each, drawn[speaker]) for drawn in many)
            return np.array([score(values[rows], hits[rows]) for rows in chosen])

        return of_each

    all_ = np.ones(len(who))
    resampled = {
        "log_loss": ratio(log_losses(truth, probabilities), all_),
        "brier": ratio(brier_scores(truth, probabilities), all_),
        "ece": of_sorted(sorted_ece),
        "aurc": of_sorted(_sorted_aurc),
    }
    if sure is not None:
        answered = np.asarray(sure, dtype=np.float64)
        resampled["coverage"] = ratio(answered, all_)
        if answered.any():
            resampled["sure_accuracy"] = ratio(answered * right, answered)
    most = {"log_loss": -float(np.log(EPSILON)), "brier": 2.0}
    scores = {}
    for name, score in resampled.items():
        value, drawn = float(score(one)[0]), score(times)
        if name == "ece":
            drawn = (drawn - np.median(drawn) + value).clip(0)
        scores[name] = _score(value, drawn, len(names), level, most.get(name, 1.0))
    return scores


Resampled = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""A score of each of many resamples, shape (draws,), from how often each speaker is in it, shape (draws, speakers)."""


def tail(count: int, level: float = 0.95) -> float:
    """The quantile of the draws that is the lower end of an interval, for so many speakers (two or more)."""
    from scipy.special import ndtr, stdtrit

    return float(ndtr(np.sqrt(count / (count - 1)) * stdtrit(count - 1, (1 - level) / 2)))


def _score(value: float, drawn: NDArray[np.float64], count: int, level: float, most: float = 1.0) -> Score:
    if count < 2:
        return Score(value, 0.0, most)
    end = tail(count, level)
    low, high = np.nanquantile(drawn, [end, 1 - end])
    return Score(value, float(low), float(high))


def _times(count: int, draws: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)


def mean_of_folds(
    metric: Metric, times: NDArray[np.int64], each: NDArray[np.int64], fold: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The mean of the folds' scores in each resample, shape (draws,); each weighs as many speakers as it has there.

    Args:
        metric: of a confusion.
        times: how often each speaker is in a resample, shape (draws, speakers).
        each: each speaker's confusion, shape (speakers, classes, classes).
        fold: of each speaker, shape (speakers,).
    """
    total, weight = np.zeros(len(times)), np.zeros(len(times))
    for one in np.unique(fold):
        inside = fold == one
        counts = np.tensordot(times[:, inside], each[inside], axes=1)
        scores, drawn = metric(counts), times[:, inside].sum(axis=1)
        there = (drawn > 0) & ~np.isnan(scores)
        total += np.where(there, np.nan_to_num(scores) * drawn, 0)
        weight += np.where(there, drawn, 0)
    return np.where(weight > 0, total / np.maximum(weight, 1), np.nan)


def _sorted_aurc(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    wrong = 1 - right[::-1]
    return float((wrong.cumsum() / np.arange(1, len(wrong) + 1)).mean())
