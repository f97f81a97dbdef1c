"""The trials of a search: each candidate judged on development speakers, as many at once as there are workers."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..workers import Standing
from .evolution import Known, Proposal
from .fold_data import Bench
from .journal import Journal
from .judging import Attempt, Race, attempt
from .proposals import AHEAD, GENERATION, generation
from .search_space import SearchSpace
from .trial import Trial

RIVAL = 5
"""A candidate is held against the so-manieth best of all, and the best of those that cost about as much as it or less:
one that is clearly behind both would have been neither among the best few, nor have added to the front of score and
cost. While fewer are known it is the worst of them, and one that is stopped might have come next after it."""

FEWEST_RIVALS = 2
"""Candidates judged wholly before any is stopped."""

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
        bench: the recordings that the choice is made on.
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
    waiting: deque[tuple[Proposal, int]] = deque()

    def races() -> Iterator[Race]:
        proposals = itertools.islice(_proposed(strategy, space, journal, bench.seed), most)
        for place, proposal in enumerate(proposals):
            if place < told:
                _check(proposal, journal.trials[place], journal.path)
                continue
            cost = proposal.candidate.cost(space.config, rows, bench.classes)
            waiting.append((proposal, cost))
            yield Race(bench, proposal.candidate, rivals_of(journal.trials[: max(0, place - AHEAD)], cost))

    for done in standing.run(attempt, races(), AHEAD):
        trial = _trial(len(journal.trials) + 1, *waiting.popleft(), done, time.monotonic() - begin)
        journal.add(trial)
        if done.answer is not None:
            answers[trial.number] = done.answer
            _forget_the_worst(answers, journal.trials)
        yield trial


def _proposed(strategy: str, space: SearchSpace, journal: Journal, seed: int) -> Iterator[Proposal]:
    """All candidates, in order, each asked for once all but :data:`AHEAD` before it are in the journal."""
    asked: list[str] = []
    while len(asked) % GENERATION == 0:
        known = [_known(trial) for trial in journal.trials[: max(0, len(asked) - AHEAD)]]
        proposals = generation(strategy, space, known, seed, len(asked) // GENERATION, asked)
        if not proposals:
            return
        asked += [proposal.candidate.key for proposal in proposals]
        yield from proposals


def rivals_of(trials: Sequence[Trial], cost: int) -> NDArray[np.float64] | None:
    """The UAR of each group of those that a candidate is held against, at the glimpse and after all folds, shape
    (2, 2, groups); None where too few are known.

    Args:
        trials: those before.
        cost: of the candidate.
    """
    best = sorted((t for t in trials if t.inner), key=lambda trial: (-trial.inner["uar"].value, trial.number))
    near = next((trial for trial in best if trial.cost <= ABOUT_AS_MUCH * cost), None)
    if len(best) < FEWEST_RIVALS or near is None:
        return None
    return np.array([[rival.glimpse, rival.uars] for rival in (best[:RIVAL][-1], near)])


def _forget_the_worst(answers: Answers, trials: Sequence[Trial]) -> None:
    if len(answers) > MOST_ANSWERS:
        worst = min(answers, key=lambda number: (trials[number - 1].inner["uar"].value, -number))
        del answers[worst]


def _known(trial: Trial) -> Known:
    return Known(trial.number, trial.candidate, trial.cost, trial.score, bool(trial.inner))


def _check(proposal: Proposal, trial: Trial, path: Path) -> None:
    if proposal.candidate.key != trial.candidate.key:
        raise UsageError(
            f"trial {trial.number} of the journal is not what is proposed now: another version of speech-emotion "
            f"or of its libraries began this search; remove {path} to begin anew"
        )


def _trial(number: int, proposal: Proposal, cost: int, done: Attempt, at: float) -> Trial:
    return Trial(
        number=number,
        candidate=proposal.candidate,
        seconds=done.seconds,
        inner=done.scores,
        error=done.error,
        cost=cost,
        folds=done.folds,
        uars=tuple(done.uars.tolist()),
        glimpse=tuple(done.glimpse.tolist()),
        at=round(at, 3),
        made=proposal.made,
        parents=proposal.parents,
        mutations=proposal.mutations,
    )
