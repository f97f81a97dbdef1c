"""The trials of a search: candidates glimpsed at and judged on development speakers, as many at once as may be."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..workers import Standing
from .evolution import Known, Proposal
from .field import Entry, Field, rivals_of
from .fold_data import Bench
from .journal import Journal
from .judging import Attempt, Glimpse, Look, Race, done, is_wide
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
    rows = int((bench.shared["fold"] >= 0).sum()) * bench.times
    told = len(journal.trials)
    # the last of them are judged as they would be if more came after them
    looked = most if most is None or told >= most else most + BEYOND - 1
    field = Field()
    answered: dict[int, Glimpse] = {}

    def proposed() -> Iterator[Proposal]:
        """All candidates, in order, each asked for once what it may follow from is known."""
        asked: list[str] = []
        while len(asked) % GENERATION == 0:
            before = max(0, len(asked) - BEFORE)
            known = [_known(trial) for trial in journal.trials[:before]]
            known += field.promising(before, max(0, len(asked) - AHEAD))
            proposals = generation(strategy, space, known, bench.seed, len(asked) // GENERATION, asked)
            if not proposals:
                return
            asked += [proposal.candidate.key for proposal in proposals]
            yield from proposals

    def race(place: int) -> Race:
        before, own = max(0, place - AHEAD), field.entries[place]
        at_a_glimpse = field.glimpsed_rivals(place, before, place + BEYOND)
        rivals = rivals_of(journal.trials[:before], own.cost)
        return Race(bench, own.proposal.candidate, answered.pop(place), at_a_glimpse, rivals)

    def tasks() -> Iterator[Look | Race]:
        """Each candidate is glimpsed at so long before it is judged that those after it have been, too."""
        judge = told
        for place, proposal in enumerate(itertools.islice(proposed(), looked)):
            candidate = proposal.candidate
            cost = candidate.cost(space.config, rows, bench.classes)
            field.entries.append(Entry(proposal, cost, is_wide(bench, candidate)))
            if place < told:
                _check(proposal, journal.trials[place])
                field.saw(np.array(journal.trials[place].glimpse))
                field.heard(journal.trials[place])
                continue
            yield Look(bench, candidate)
            if place - judge == LOOKAHEAD:
                yield race(judge)
                judge += 1
        for place in range(judge, min(len(field.entries), most or len(field.entries))):
            yield race(place)

    for found in standing.run(done, tasks(), AHEAD):
        if isinstance(found, Glimpse):
            answered[len(field.glimpses)] = found
            field.saw(found.uars)
            continue
        number = len(journal.trials) + 1
        trial = _trial(number, field.entries[number - 1], found, time.monotonic() - begin)
        journal.add(trial)
        field.heard(trial)
        if found.answer is not None:
            answers[trial.number] = found.answer
            _forget_the_worst(answers, journal.trials)
        yield trial


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
