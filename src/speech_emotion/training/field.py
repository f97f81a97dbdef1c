"""The field of a race: all candidates of a search, in order, and what is known of them.

What is decided about a candidate follows from its place and from what is known so far back in the order that it is
known by then on any number of workers; see :mod:`.proposals` for how far.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .evolution import Known, Proposal
from .trial import Trial

RIVAL = 5
"""A candidate is held against the so-manieth best of all that were judged, and the best of those that cost about as
much as it or less: one that is clearly behind both would have been neither among the best few, nor have added to the
front of score and cost."""

RIVAL_AT_A_GLIMPSE = 3
"""The same of all that were glimpsed at."""

ABOUT_AS_MUCH = 1.25
"""Times the cost of a candidate."""

ENOUGH = 3
"""Candidates of a family that were judged wholly, by which it is told from others what a glimpse of it says."""

Kind = tuple[str, bool]
"""A family, or "" for all, and whether the features are wide: then a glimpse is longer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A candidate in the field.

    Attributes:
        proposal: of it.
        cost: of one prediction, in multiplications.
        wide: whether its features are so many that a glimpse is the first fold.
    """

    proposal: Proposal
    cost: int
    wide: bool

    @property
    def kind(self) -> Kind:
        """Its own."""
        return self.proposal.candidate.family, self.wide


@dataclass(slots=True)
class Field:
    """All candidates of a search.

    Attributes:
        entries: in the order of asking.
        glimpses: the UAR of each speaker at the glimpse, shape (speakers,); of as many as were glimpsed at.
        levels: the mean of each; NaN where there was nothing to see.
        gains: of each that was judged, by how much its score is above the glimpse; NaN where it was stopped.
    """

    entries: list[Entry] = field(default_factory=list)
    glimpses: list[NDArray[np.float64]] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)

    def saw(self, uars: NDArray[np.float64]) -> None:
        """Take the next glimpse."""
        self.glimpses.append(uars)
        there = uars[~np.isnan(uars)]
        self.levels.append(float(there.mean()) if len(there) else np.nan)

    def heard(self, trial: Trial) -> None:
        """Take the next trial."""
        score = trial.inner["uar"].value if trial.inner else np.nan
        self.gains.append(score - self.levels[len(self.gains)])

    def gain(self, judged: int) -> Mapping[Kind, float]:
        """By how much candidates are above what a glimpse says of them, the median of each kind of which enough, and of
        all, among the first so many, were judged: a forest less than a machine that learns much from many clips."""
        found: dict[Kind, list[float]] = {}
        for entry, gain in zip(self.entries, self.gains[:judged], strict=False):
            if not math.isnan(gain):
                found.setdefault(entry.kind, []).append(gain)
                found.setdefault(("", entry.wide), []).append(gain)
        return {kind: float(np.median(own)) for kind, own in found.items() if len(own) >= ENOUGH or not kind[0]}

    def expected(self, judged: int, places: Sequence[int]) -> NDArray[np.float64]:
        """What candidates at some places are likely to score, by the glimpse; NaN where that is not known.

        Args:
            judged: of how many of the first it is known how they did. Where none was judged wholly, candidates are as
                good as at the glimpse, if they are of the kind, wide or not, that most of them are of.
            places: from 0.
        """
        gains = self.gain(judged)
        if not gains:
            gains = {("", 2 * sum(self.entries[place].wide for place in places) > len(places)): 0.0}
        found = np.array([self.levels[place] for place in places])
        for number, place in enumerate(places):
            entry = self.entries[place]
            found[number] += gains.get(entry.kind, gains.get(("", entry.wide), np.nan))
        return found

    def promising(self, judged: int, seen: int) -> list[Known]:
        """Those after the judged that were glimpsed at, as if they scored what they are likely to."""
        places = range(judged, seen)
        return [
            Known(place + 1, self.entries[place].proposal.candidate, self.entries[place].cost, float(score))
            for place, score in zip(places, self.expected(judged, places), strict=True)
            if not math.isnan(score)
        ]

    def glimpsed_rivals(self, place: int, judged: int, seen: int) -> NDArray[np.float64] | None:
        """The UAR at the glimpse of those that a candidate is held against, shape (2, speakers), as if they were of its
        family; None where too few are known. What was stopped is nobody's rival.

        Args:
            place: of the candidate.
            judged: of how many of the first it is known how they did.
            seen: how many of the first were glimpsed at.
        """
        own = self.entries[place]
        places = [
            other
            for other in range(min(seen, len(self.entries)))
            if other != place
            and self.entries[other].wide == own.wide
            and not math.isnan(self.gains[other] if other < judged else self.levels[other])
        ]
        scores = self.expected(judged, [place, *places])
        if np.isnan(scores).all():  # the kind that few are of
            scores = np.array([self.levels[other] for other in [place, *places]])
        chosen = _chosen(scores[1:], [self.entries[other].cost for other in places], own.cost, RIVAL_AT_A_GLIMPSE)
        if chosen is None:
            return None
        above = [scores[1 + one] - self.levels[places[one]] - (scores[0] - self.levels[place]) for one in chosen]
        return np.stack([self.glimpses[places[one]] + more for one, more in zip(chosen, above, strict=True)])


def rivals_of(trials: Sequence[Trial], cost: int) -> NDArray[np.float64] | None:
    """The UAR of each speaker of those that a candidate is held against, shape (2, speakers); None where too few are
    known.

    Args:
        trials: those before.
        cost: of the candidate.
    """
    whole = [trial for trial in trials if trial.inner]
    scores = np.array([trial.inner["uar"].value for trial in whole])
    chosen = _chosen(scores, [trial.cost for trial in whole], cost, RIVAL)
    return None if chosen is None else np.array([whole[one].uars for one in chosen])


def _chosen(scores: NDArray[np.float64], costs: Sequence[int], cost: int, place: int) -> tuple[int, int] | None:
    """Which is the so-manieth best, and which the best of those that cost about as much or less."""
    order = np.argsort(-scores, kind="stable")
    near = next((int(one) for one in order if costs[one] <= ABOUT_AS_MUCH * cost), None)
    return None if len(order) < place or near is None else (int(order[place - 1]), near)
