"""One candidate and how it did; and several of them as one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..evaluation.intervals import Score
from .candidate import Candidate


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate and how it did.

    Attributes:
        number: in the order of asking, from 1.
        candidate: what was tried.
        seconds: of fitting and judging, on one core.
        inner: scores on development speakers, each by a model that had not heard them; the choice is made by
            their ``uar``. Empty where the candidate was stopped, or could not be fitted.
        error: why it could not.
        outer: scores on the test speakers, once the choice was made; only for models that were kept.
        file: the bundle's file name; only for models that were kept.
        cost: of one prediction, in multiplications.
        folds: how many were judged.
        uars: of each development speaker, or group of clips, in their order; NaN of those that it was not tested on.
        glimpse: the same, after a glimpse of what it was to learn.
        at: seconds since the search began, when it was done.
        made: how it came to be, see :class:`.evolution.Proposal`.
        parents: the numbers of the trials that it stems from.
        mutations: the choices that no parent made so.
        front: whether no other costs less and scores as much, and it is nearer to the best than to the worst; only for
            models that were kept.
        size: bytes of the bundle; only for models that were kept.
        milliseconds: that hearing three seconds takes, measured; only for models that were kept.
    """

    number: int
    candidate: Candidate
    seconds: float
    inner: Mapping[str, Score]
    error: str | None = None
    outer: Mapping[str, Score] | None = None
    file: str | None = None
    cost: int = 0
    folds: int = 0
    uars: tuple[float, ...] = ()
    glimpse: tuple[float, ...] = ()
    at: float = 0.0
    made: str = "drawn"
    parents: tuple[int, ...] = ()
    mutations: tuple[str, ...] = ()
    front: bool = False
    size: int | None = None
    milliseconds: float | None = None

    @property
    def state(self) -> str:
        """``whole``, ``stopped`` (clearly behind others at a glimpse, or after some folds) or ``failed``."""
        return "failed" if self.error and not self.inner else "whole" if self.inner else "stopped"

    @property
    def kind(self) -> tuple[str, tuple[str, ...]]:
        """Its family and features, by which candidates are alike."""
        return self.candidate.family, self.candidate.features

    @property
    def score(self) -> float | None:
        """Its inner UAR; where it was stopped, the mean of the speakers that it was tested on; None where neither."""
        if self.inner:
            return self.inner["uar"].value
        tested = [uar for uar in (self.uars if self.folds else self.glimpse) if not math.isnan(uar)]
        return None if self.error or not tested else sum(tested) / len(tested)

    @property
    def optimism(self) -> float | None:
        """By how much the score that it was chosen by is above that on speakers that no choice saw."""
        return self.inner["uar"].value - self.outer["uar"].value if self.inner and self.outer else None


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Several of the models as one.

    Attributes:
        members: the numbers of the trials, and the weight of each.
        inner: its scores on development speakers, where those that test it had no say in its weights.
        alone: the same of a single model, picked in the same way.
        outer: its scores on the test speakers; None unless it was kept.
        file: the bundle's name; None unless it was kept.
        size: bytes of the bundle.
        milliseconds: that hearing three seconds takes, measured.
        error: why it could not be saved.
    """

    members: Mapping[int, float]
    inner: Mapping[str, Score]
    alone: Mapping[str, Score]
    outer: Mapping[str, Score] | None = None
    file: str | None = None
    size: int | None = None
    milliseconds: float | None = None
    error: str | None = None

    @property
    def better(self) -> bool:
        """Whether it does better among the development speakers than a single model, picked in the same way."""
        return self.inner["uar"].value > self.alone["uar"].value

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "file": self.file,
            "members": {str(number): weight for number, weight in self.members.items()},
            "inner": {name: score.as_dict() for name, score in self.inner.items()},
            "alone": {name: score.as_dict() for name, score in self.alone.items()},
            "outer": {name: score.as_dict() for name, score in (self.outer or {}).items()},
            "bytes": self.size,
            "milliseconds": self.milliseconds,
        }
