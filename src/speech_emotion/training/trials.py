"""The trials of a search: each candidate judged on development speakers, as many at once as there are workers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..workers import Standing
from .evolution import Known, Proposal
from .fold_data import Bench
from .journal import Journal
from .judging import Attempt, Glimpse, Look, Race, done, is_wide
from .proposals import AHEAD, BEFORE, BEYOND, GENERATION, LOOKAHEAD, generation
from .search_space import SearchSpace
from .trial import Trial

RIVAL = 5
"""A candidate is held against the so-manieth best of all that were judged, and the best of those that cost about as
much as it or less: one that is clearly behind both would have been neither among the best few, nor have added to the
front of score and cost."""

RIVAL_AT_A_GLIMPSE = 3
"""The same of all that were glimpsed at."""

ABOUT_AS_MUCH = 1.25
"""Times the cost of a candidate."""

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
    entries: list[_Entry] = []
    glimpses = [Glimpse(np.array(trial.glimpse)) for trial in journal.trials]

    def race(place: int) -> Race:
        own, seen = entries[place], glimpses[place]
        glimpses[place] = Glimpse(seen.uars)  # its answer is needed once
        known = [
            (float(np.nanmean(glimpse.uars)), entry.cost, glimpse.uars)
            for entry, glimpse in zip(entries, glimpses[: place + BEYOND], strict=False)
            if entry is not own and entry.wide == own.wide and not np.isnan(glimpse.uars).all()
        ]
        whole = [
            (t.inner["uar"].value, t.cost, np.array(t.uars)) for t in journal.trials[: max(0, place - AHEAD)] if t.inner
        ]
        return Race(
            bench,
            own.proposal.candidate,
            seen,
            rivals_of(known, own.cost, RIVAL_AT_A_GLIMPSE),
            rivals_of(whole, own.cost, RIVAL),
        )

    def tasks() -> Iterator[Look | Race]:
        """Each candidate is glimpsed at so long before it is judged that those after it have been, too."""
        judge = told
        for proposal in itertools.islice(_proposed(strategy, space, journal, bench.seed), looked):
            candidate = proposal.candidate
            entries.append(
                _Entry(proposal, candidate.cost(space.config, rows, bench.classes), is_wide(bench, candidate))
            )
            if len(entries) <= told:
                _check(proposal, journal.trials[len(entries) - 1])
                continue
            yield Look(bench, candidate)
            if len(entries) > judge + LOOKAHEAD:
                yield race(judge)
                judge += 1
        for place in range(judge, min(len(entries), most or len(entries))):
            yield race(place)

    for found in standing.run(done, tasks(), AHEAD):
        if isinstance(found, Glimpse):
            glimpses.append(found)
            continue
        entry = entries[len(journal.trials)]
        trial = _trial(len(journal.trials) + 1, entry, found, time.monotonic() - begin)
        journal.add(trial)
        if found.answer is not None:
            answers[trial.number] = found.answer
            _forget_the_worst(answers, journal.trials)
        yield trial


@dataclass(frozen=True, slots=True)
class _Entry:
    """A candidate in the race."""

    proposal: Proposal
    cost: int
    wide: bool


def _proposed(strategy: str, space: SearchSpace, journal: Journal, seed: int) -> Iterator[Proposal]:
    """All candidates, in order, each asked for once those that it may follow from are in the journal."""
    asked: list[str] = []
    while len(asked) % GENERATION == 0:
        known = [_known(trial) for trial in journal.trials[: max(0, len(asked) - BEFORE)]]
        proposals = generation(strategy, space, known, seed, len(asked) // GENERATION, asked)
        if not proposals:
            return
        asked += [proposal.candidate.key for proposal in proposals]
        yield from proposals


def rivals_of(
    known: Sequence[tuple[float, int, NDArray[np.float64]]], cost: int, place: int
) -> NDArray[np.float64] | None:
    """The UAR of each speaker of those that a candidate is held against, shape (2, speakers); None where too few are
    known.

    Args:
        known: of each candidate that is, the score, the cost, and the UAR of each speaker.
        cost: of the candidate.
        place: of the one of all that it is held against.
    """
    best = sorted(known, key=lambda each: -each[0])
    near = next((each for each in best if each[1] <= ABOUT_AS_MUCH * cost), None)
    return None if len(best) < place or near is None else np.stack([best[place - 1][2], near[2]])


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


def _trial(number: int, entry: _Entry, found: Attempt, at: float) -> Trial:
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
