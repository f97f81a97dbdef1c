"""One search from the first trial to the last file: what :func:`.search.search` does, given what is locked away."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SpeechEmotionError, StorageError, TrainingError, UsageError
from ..evaluation.protocols import Indices
from ..features.table import FeatureTable
from ..models.model import Model
from ..workers import Progress, Standing, Workers, see
from .ensemble import Joined, join, pool_of
from .fold_data import Bench, bench_of
from .joined_model import ENSEMBLE, joined_model
from .journal import Journal, Origins
from .journal_file import SUFFIX
from .leaderboard import SearchResult, ranked, write
from .locked import drawn
from .search_space import SearchSpace
from .timing import milliseconds
from .train import check_origin
from .trial import Ensemble, Trial
from .trials import Answers, judged
from .winners import chosen, finish, out_of_fold

SHARED = ".shared"
"""The folder of the arrays that the workers share, while a search is at work."""


@dataclass(frozen=True)
class Plan:
    """How to search.

    Attributes:
        strategy: its name.
        seconds: for the trials.
        trials: how many at most.
        until: the inner UAR at which it has found enough.
        keep: how many are saved, those of the front apart.
        seed: of everything random.
        workers: how many processes, or a Dask scheduler's address.
        families: those to try; None is all.
        space: changes to the space.
        protocol: a name from :data:`.locked.PROTOCOLS`.
        resume: go on with what is there.
    """

    strategy: str
    seconds: float = float("inf")
    trials: int | None = None
    until: float | None = None
    keep: int = 5
    seed: int = 0
    workers: Workers = None
    families: Sequence[str] | None = None
    space: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = "speaker"
    resume: bool = False


OnTrial = Callable[[Trial], None]


def run(
    table: FeatureTable,
    development: FeatureTable,
    locked: Indices,
    place: Path,
    plan: Plan,
    on_trial: OnTrial | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """One search; the folder is held by the caller.

    Args:
        table: all recordings.
        development: those that the choice is made on.
        locked: the rows of the others, that test.
        place: the folder.
        plan: how.
        on_trial: called with each finished trial, in order.
        progress: once the trials are over, called with winners tested and winners in all.
    """
    check_origin(development)
    space = SearchSpace.of(table.config, plan.families, plan.space, len(table.copies))
    origins = Origins.of(plan.strategy, plan.seed, plan.protocol, table, development, space)
    journal = opened(place, origins, space, plan.resume)
    with bench_of(development, place / SHARED, plan.seed, plan.protocol) as bench, Standing(plan.workers) as standing:
        _seen(plan.workers, Path(bench.shared.folder))
        answers: Answers = {}
        trying = judged(plan.strategy, space, bench, journal, standing, plan.trials, answers)
        begin = time.monotonic()
        stopped = _tried(trying, journal, begin + plan.seconds, plan, on_trial)
        leaderboard = ranked(journal.trials)
        if not leaderboard[0].inner:
            first = journal.trials[0]
            raise TrainingError(f"no candidate could be fitted; the first of {len(leaderboard)}: {first.error}")
        found = _Found(table, development, locked, place, plan, bench, standing, leaderboard, answers)
        try:
            unsaved = found.save(progress or (lambda done, total: None))
        finally:
            write(found.leaderboard, place)
        if not found.models:
            kind = StorageError if isinstance(found.refused, StorageError) else TrainingError
            raise kind(f"no model could be saved: {found.refused}")
    if not unsaved and not isinstance(found.refused, StorageError):  # with more room they can be saved
        journal.finished()
    return SearchResult(
        leaderboard=tuple(found.leaderboard),
        models=tuple(found.models),
        paths=tuple(place / trial.file for trial in found.leaderboard if trial.file),
        emotions=table.classes,
        development_speakers=tuple(sorted(set(development.speakers.tolist()))),
        test_speakers=tuple(sorted(set(table.speakers[locked].tolist()))),
        strategy=plan.strategy,
        seed=plan.seed,
        stopped=unsaved or stopped,
        seconds=max(trial.at for trial in journal.trials),
        folder=place,
        ensemble=found.ensemble,
        joined=found.joined,
        space=space,
        recordings=origins.table,
        protocol=plan.protocol,
        development_clips=len(development),
        test_clips=len(locked),
    )


def _seen(workers: Workers, folder: Path) -> None:
    """Raise where workers on other machines do not see the arrays that they are to share."""
    if not see(workers, {str(file): file.stat().st_size for file in folder.iterdir()}):
        raise UsageError(
            f"the workers do not see {folder.parent}; name a --models-dir that is there under the same name on all "
            "machines"
        )


def opened(place: Path, origins: Origins, space: SearchSpace, resume: bool) -> Journal:
    """The search's journal: the one that is there, to go on with, or a new one.

    Raises:
        UsageError: if one is there that was not finished, and is not to be gone on with; or it cannot be.
    """
    place.mkdir(parents=True, exist_ok=True)
    if not resume:
        refuse_unfinished(place, origins.strategy)
    return Journal(place / f"{origins.strategy}{SUFFIX}", origins, space, anew=not resume)


def refuse_unfinished(place: Path, strategy: str) -> None:
    """Refuse to write over a search that was not finished.

    Raises:
        UsageError: if there is one, or its file is no journal.
    """
    path = place / f"{strategy}{SUFFIX}"
    left = Journal.left_by_another(path)
    if left:
        raise UsageError(
            f"{place} holds a search that was not finished ({left} trials): go on with --resume, or remove "
            f"{path} to begin anew"
        )


def _tried(
    trying: Generator[Trial, None, None], journal: Journal, end: float, plan: Plan, on_trial: OnTrial | None
) -> str:
    """Let the trials be made until something stops them, and say what that was."""
    if _enough(journal.trials, plan.until):
        return "until"
    with closing(trying):
        try:
            for trial in trying:
                if on_trial:
                    on_trial(trial)
                if len(journal.trials) == plan.trials:
                    return "trials"
                if _enough([trial], plan.until):
                    return "until"
                if time.monotonic() > end and any(t.inner for t in journal.trials):
                    return "budget"
        except KeyboardInterrupt:
            if not any(trial.inner for trial in journal.trials):
                raise
            return "interrupted"
    return "trials" if plan.trials is not None and len(journal.trials) >= plan.trials else "exhausted"


def _enough(trials: Sequence[Trial], until: float | None) -> bool:
    return until is not None and any(trial.inner and trial.inner["uar"].value >= until for trial in trials)


@dataclass(eq=False)
class _Found:
    """The trials are over: what is made of them."""

    table: FeatureTable
    development: FeatureTable
    locked: Indices
    place: Path
    plan: Plan
    bench: Bench
    standing: Standing
    leaderboard: list[Trial]
    known: Answers
    models: list[Model] = field(default_factory=list)
    ensemble: Ensemble | None = None
    joined: Model | None = None
    refused: SpeechEmotionError | None = None

    def save(self, tell: Progress) -> str:
        """Fit, test and save the winners and, where it is better, the ensemble; ``interrupted`` where it was."""
        (self.place / ENSEMBLE).unlink(missing_ok=True)  # of an earlier search
        winners = chosen(self.leaderboard, self.plan.keep)
        pool = pool_of(self.leaderboard)
        usual = [trial for trial in self.leaderboard if trial.inner and trial.made == "default"]
        tell(0, len(winners))
        answers = out_of_fold(self.bench, [*winners, *pool, *usual], self.known, self.standing)
        test = self.table.rows(self.locked)
        fitted: dict[int, Any] = {}
        try:
            own = [answers[winner.number] for winner in winners]
            with closing(finish(winners, own, self.bench, self.development, test, self.standing)) as finished:
                for done, each in enumerate(finished, 1):
                    fitted[each.trial.number] = each.fitted.fitted_
                    self._keep(each.trial, each.model)
                    tell(done, len(winners))
            if len(pool) > 1:
                self._join(pool, usual, answers, fitted, test)
        except KeyboardInterrupt:
            if not self.models:
                raise
            return "interrupted"
        with suppress(KeyboardInterrupt):  # all is saved: only the times are lost
            self._time()
        return ""

    def _keep(self, trial: Trial, model: Model) -> None:
        where = next(n for n, each in enumerate(self.leaderboard) if each.number == trial.number)
        path = self.place / str(trial.file)
        try:
            model.save(path)
        except SpeechEmotionError as error:  # the others are worth keeping
            self.leaderboard[where] = replace(trial, file=None, error=str(error))
            self.refused = error
            return
        self.leaderboard[where] = replace(trial, size=path.stat().st_size)
        self.models.append(model)

    def _join(
        self,
        pool: Sequence[Trial],
        usual: Sequence[Trial],
        answers: Mapping[int, NDArray[np.float64]],
        fitted: dict[int, Any],
        test: FeatureTable,
    ) -> None:
        shared = self.bench.shared
        joined: Joined = join(
            [answers[trial.number] for trial in pool],
            shared["labels"],
            drawn(shared["who"], self.plan.protocol),
            shared["fold"],
            self.plan.seed,
            [answers[trial.number] for trial in usual],
            shared["group"],
        )
        weights = {pool[member.place].number: member.weight for member in joined.members}
        self.ensemble = Ensemble(weights, joined.inner, joined.alone)
        path = self.place / ENSEMBLE
        if len(weights) == 1 or not self.ensemble.better:
            return
        model, outer = joined_model(joined, pool, fitted, self.bench, self.development, test, self.standing)
        try:
            model.save(path)
        except SpeechEmotionError as error:
            self.ensemble = replace(self.ensemble, error=str(error))
            return
        self.joined = model
        self.ensemble = replace(self.ensemble, outer=outer, file=ENSEMBLE, size=path.stat().st_size)

    def _time(self) -> None:
        """Measure how long the saved models take to hear, now that nothing is at work."""
        names = [trial.file for trial in self.leaderboard if trial.file]
        if self.joined is not None:
            names.append(ENSEMBLE)
        times = dict(zip(names, milliseconds([self.place / name for name in names]), strict=True))
        self.leaderboard = [
            replace(trial, milliseconds=times[trial.file]) if trial.file else trial for trial in self.leaderboard
        ]
        if self.ensemble is not None:
            self.ensemble = replace(self.ensemble, milliseconds=times.get(ENSEMBLE))
