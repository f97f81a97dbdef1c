"""The trials of a search: candidates glimpsed at and judged on development speakers, as many at once as may be."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..workers import Standing
from .evolution import Known, Proposal
from .field import Entry, Field, rivals_of
from .fold_data import Bench
from .journal import Journal
from .judging import Attempt, Glimpse, Look, Race, is_wide, perform
from .proposals import AHEAD, BEFORE, BEYOND, GENERATION, LOOKAHEAD, generation
from .search_space import SearchSpace
from .trial import Trial

MOST_ANSWERS = 500
"""Of the best trials, whose answers are kept in memory."""

Answers = dict[int, NDArray[np.float32]]
"""By the number of a trial what it said of the development recordings, shape (n, classes)."""


def judged(
    strategy: str,
    space: SearchSpace,
    bench: Bench,
    journal: Journal,
    standing: Standing,
    most: int | None,
    answers: Answers,
) -> Generator[Trial, None, None]:
    """Try candidates until there is nothing new to try, going on after those that the journal has.

    Args:
        strategy: a name from :data:`speech_emotion.training.proposals.STRATEGIES`.
        space: what may be tried.
        bench: the recordings of the speakers that the choice is made on.
        journal: of the search; each trial is written before it is told.
        standing: the workers.
        most: how many trials there may be in all; None is no limit.
        answers: are put in here.

    Yields:
        One trial a candidate, in the order of asking. Closing the iterator early stops the work.

    Raises:
        UsageError: if the trials that the journal has are not those that would be proposed now.
    """
    begin = time.monotonic() - max((trial.at for trial in journal.trials), default=0.0)
    trying = _Trying(strategy, space, bench, journal, most)
    for found in standing.run(perform, trying.tasks(), AHEAD):
        if isinstance(found, Glimpse):
            trying.saw(found)
        elif found is not None:
            trial = trying.heard(found, time.monotonic() - begin)
            if found.answer is not None:
                answers[trial.number] = found.answer
                _forget_the_worst(answers, journal.trials)
            yield trial


@dataclass(slots=True)
class _Trying:
    """What is tried next, and what came of it.

    The first generation is judged wholly. Each candidate after it is glimpsed at so long before it is judged that those
    after it have been, too.

    Attributes:
        entered: the field.
        seen: of those that were glimpsed at, and not judged, what came of it, by place.
        (others): as the arguments of :func:`judged`.
    """

    strategy: str
    space: SearchSpace
    bench: Bench
    journal: Journal
    most: int | None
    entered: Field = field(default_factory=Field)
    seen: dict[int, Glimpse] = field(default_factory=dict)

    def tasks(self) -> Iterator[Look | Race | None]:
        """For the workers, in order. Each is made once all but :data:`.proposals.AHEAD` before it are done."""
        told = len(self.journal.trials)
        first = judge = max(told, GENERATION)  # that is not judged wholly, whatever the others do
        # the last of them are judged as they would be if more came after them
        most_seen = self.most if self.most is None or self.most <= first else self.most + BEYOND
        for place, proposal in enumerate(itertools.islice(self._proposed(), most_seen)):
            self.entered.entries.append(self._entry(proposal))
            if place < told:
                trial = self.journal.trials[place]
                _check(proposal, trial)
                self.entered.saw(np.array(trial.glimpse))
                self.entered.heard(trial)
                continue
            if place < first:
                yield Race(self.bench, proposal.candidate, look=True)
                continue
            yield Look(self.bench, proposal.candidate)
            if place - judge == LOOKAHEAD:
                yield self._race(judge)
                judge += 1
        count = len(self.entered.entries)
        left = range(judge, count if self.most is None else min(count, self.most))
        if left:  # few candidates: what lies between a glimpse and a race that follows from it is filled up
            yield from itertools.repeat(None, max(0, first + LOOKAHEAD - count))
        for place in left:
            yield self._race(place)

    def saw(self, found: Glimpse) -> None:
        """Take what came of the next glimpse."""
        self.seen[len(self.entered.glimpses)] = found
        self.entered.saw(found.uars)

    def heard(self, found: Attempt, at: float) -> Trial:
        """Take what came of the next race, and write it."""
        number = len(self.journal.trials) + 1
        trial = _trial(number, self.entered.entries[number - 1], found, at)
        self.journal.add(trial)
        if number > len(self.entered.glimpses):
            self.entered.saw(found.glimpse)
        self.entered.heard(trial)
        return trial

    def _proposed(self) -> Iterator[Proposal]:
        """All candidates, in order, each asked for once what it may follow from is known."""
        asked: list[str] = []
        while len(asked) % GENERATION == 0:
            before = max(0, len(asked) - BEFORE)
            known = [_known(trial) for trial in self.journal.trials[:before]]
            known += self.entered.promising(before, max(0, len(asked) - AHEAD))
            number = len(asked) // GENERATION
            proposals = generation(self.strategy, self.space, known, self.bench.seed, number, asked)
            if not proposals:
                return
            asked += [proposal.candidate.key for proposal in proposals]
            yield from proposals

    def _entry(self, proposal: Proposal) -> Entry:
        rows = int((self.bench.shared["fold"] >= 0).sum()) * self.bench.times
        cost = proposal.candidate.cost(self.space.config, rows, self.bench.classes)
        return Entry(proposal, cost, is_wide(self.bench, proposal.candidate))

    def _race(self, place: int) -> Race:
        before, own = max(0, place - AHEAD), self.entered.entries[place]
        at_a_glimpse = self.entered.glimpsed_rivals(place, before, place + 1 + BEYOND)
        rivals = rivals_of(self.journal.trials[:before], own.cost)
        return Race(self.bench, own.proposal.candidate, self.seen.pop(place), at_a_glimpse, rivals)


def _forget_the_worst(answers: Answers, trials: Sequence[Trial]) -> None:
    if len(answers) > MOST_ANSWERS:
        worst = min(answers, key=lambda number: (trials[number - 1].inner["uar"].value, -number))
        del answers[worst]


def _known(trial: Trial) -> Known:
    return Known(trial.number, trial.candidate, trial.cost, trial.score, bool(trial.inner))


def _check(proposal: Proposal, trial: Trial) -> None:
    if proposal.candidate.key != trial.candidate.key:
        raise UsageError(
            f"trial {trial.number} of the journal is not what is proposed now: another version of speech-emotion "
            "or of its libraries began this search; begin anew, without --resume"
        )


def _trial(number: int, entry: Entry, found: Attempt, at: float) -> Trial:
    proposal = entry.proposal
    return Trial(
        number=number,
        candidate=proposal.candidate,
        seconds=found.seconds,
        inner=found.scores,
        error=found.error,
        cost=entry.cost,
        folds=found.folds,
        uars=tuple(found.uars.tolist()),
        glimpse=tuple(found.glimpse.tolist()),
        at=round(at, 3),
        made=proposal.made,
        parents=proposal.parents,
        mutations=proposal.mutations,
    )
