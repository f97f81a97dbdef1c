"""Several winners as one model: greedy selection with replacement (Caruana et al., 2004, ICML).

Members are picked one after the other, each time the one that helps most; one picked twice weighs twice. They are
picked by what models of the other folds say. A score on the same answers would be too kind: many
weights were tried on them. So the score that is told is cross-fitted: for each fold the members are picked
by the others alone, and so is the single model that the ensemble is held against, as :mod:`.choice` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..evaluation.intervals import Score, bootstrap_over_speakers
from ..evaluation.metrics import confusion, uar
from ..evaluation.probabilities import log_losses
from ..models.calibration import temperature_for, tempered
from .choice import first_choice
from .leaderboard import by_score
from .trial import Trial

POOL = 12
"""Candidates that members are picked from."""

ALIKE = 2
"""Of those, the most of one family on the same features."""

ROUNDS = 20

Answers = Sequence[NDArray[np.float64]]
"""Of each candidate the probabilities of all development recordings, shape (n, classes)."""


@dataclass(frozen=True, slots=True)
class Member:
    """A candidate's part in an ensemble.

    Attributes:
        place: in the pool.
        weight: of all weights, which sum to 1.
        temperature: that its probabilities are tempered by before they are summed.
    """

    place: int
    weight: float
    temperature: float


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """An ensemble and what it is worth.

    Attributes:
        members: picked by all development speakers.
        answer: what it says of the development recordings, shape (n, classes), each by members that were picked, and
            fitted, without its speaker.
        inner: the scores of that.
        alone: the same of a single candidate, picked as :mod:`.choice` has it.
    """

    members: tuple[Member, ...]
    answer: NDArray[np.float64]
    inner: dict[str, Score]
    alone: dict[str, Score]


def pool_of(leaderboard: Sequence[Trial]) -> list[Trial]:
    """The candidates that members are picked from: the best by score, not too many of them alike."""
    pool: list[Trial] = []
    for trial in by_score(leaderboard):
        kin = [one for one in pool if one.kind == trial.kind]
        if trial.inner and len(kin) < ALIKE:
            pool.append(trial)
    return pool[:POOL]


def join(
    answers: Answers,
    labels: NDArray[np.int64],
    who: NDArray[np.intp],
    fold: NDArray[np.intp],
    seed: int,
    usual: Answers = (),
    groups: NDArray[np.intp] | None = None,
) -> Joined:
    """The ensemble of some candidates.

    Args:
        answers: of each, by models of the other folds.
        labels: of the recordings, shape (n,).
        who: is drawn together for the intervals, the speaker or the clip alone, integers from 0, shape (n,).
        fold: that tests each, shape (n,).
        seed: of the intervals.
        usual: the answers of families at their usual settings, which a single model is picked from as well.
        groups: of the recordings that are scored together, by which a single model is picked (:mod:`.choice`); None is
            ``who``.
    """
    classes = answers[0].shape[1]
    blended, single = np.zeros_like(answers[0]), np.zeros_like(answers[0])
    for number in np.unique(fold):
        others, own = fold != number, fold == number
        seen = [answer[others] for answer in answers]
        blended[own] = blend(picked(seen, labels[others]), [answer[own] for answer in answers])
        single[own] = _first(answers, usual, labels, who if groups is None else groups, others)[own]
    scored = [
        bootstrap_over_speakers(labels, each.argmax(axis=1), who, classes, seed=seed) for each in (blended, single)
    ]
    return Joined(picked(answers, labels), blended, *scored)


def picked(answers: Answers, labels: NDArray[np.int64]) -> tuple[Member, ...]:
    """The members that do best together on these recordings."""
    temperatures = [temperature_for(labels, answer) for answer in answers]
    even = [tempered(answer, temperature) for answer, temperature in zip(answers, temperatures, strict=True)]
    total = np.zeros_like(even[0])
    order: list[int] = []
    best: tuple[float, float] = (-1.0, 0.0)
    kept = 0
    for _ in range(ROUNDS):
        ranked = [_quality((total + answer) / (len(order) + 1), labels) for answer in even]
        place = max(range(len(even)), key=lambda each: ranked[each])
        order.append(place)
        total = total + even[place]
        if ranked[place] > best:
            best, kept = ranked[place], len(order)
    counts = np.bincount(order[:kept], minlength=len(even))
    return tuple(
        Member(int(place), float(counts[place] / kept), float(temperatures[place])) for place in np.flatnonzero(counts)
    )


def blend(members: Sequence[Member], answers: Answers) -> NDArray[np.float64]:
    """The weighted sum of the members' tempered probabilities."""
    return sum(
        (member.weight * tempered(answers[member.place], member.temperature) for member in members),
        np.zeros_like(answers[0]),
    )


def _quality(answer: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    return _uar(answer, labels), -float(log_losses(labels, answer).mean())


def _first(
    answers: Answers,
    usual: Answers,
    labels: NDArray[np.int64],
    groups: NDArray[np.intp],
    seen: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """What the single model says that is picked by some of the recordings."""

    def best(some: Answers) -> NDArray[np.float64]:
        return max(some, key=lambda answer: _uar(answer[seen], labels[seen]))

    pair = [best([*answers, *usual]), *([best(usual)] if usual else [])]
    scores = [_uar(answer[seen], labels[seen]) for answer in pair]
    uars = [_uars(answer[seen], labels[seen], groups[seen]) for answer in pair]
    return pair[first_choice(scores, uars, [False, True][: len(pair)])]


def _uars(answer: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.intp]) -> list[float]:
    return [_uar(answer[groups == one], labels[groups == one]) for one in np.unique(groups)]


def _uar(answer: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return float(uar(confusion(labels, answer.argmax(axis=1), answer.shape[1])))
