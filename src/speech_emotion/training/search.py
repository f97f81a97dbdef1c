"""The best of many models, without fooling oneself.

Nested, and grouped by speaker. About a quarter of the speakers are locked away before the first trial. Each
candidate is judged by cross-validation among the other, the development speakers. The best are then fitted on
all of those, and tested once on the speakers that no choice saw: only that score says what a chosen model is
worth. The inner score of a winner is too kind, the more so the more was tried.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..corpora.paths import writable
from ..errors import SpeechEmotionError, TrainingError, UsageError
from ..evaluation.fitting import require
from ..evaluation.protocols import Indices, deal, refuse_unknown
from ..features.defaults import families_of
from ..features.table import FeatureTable
from ..models.model import Model
from ..workers import Progress
from .leaderboard import SearchResult, Trial, ranked, write
from .proposals import Proposals
from .train import check_origin, check_seed
from .trials import BATCH, finish, judged

PARTS = 4
"""One of so many parts of the speakers is locked away."""


def search(
    table: FeatureTable,
    strategy: str = "random",
    *,
    budget: str | float | None = None,
    trials: int | None = None,
    keep: int = 5,
    folder: str | Path = "models",
    seed: int = 0,
    workers: int | str | None = None,
    families: Sequence[str] | None = None,
    on_trial: Callable[[Trial], None] | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Try many models and save the best.

    Feature groups, families and hyperparameters are searched. A budget that runs out, and Ctrl-C once a trial
    is finished, end the trying only: the winners are still fitted, tested and saved.

    Args:
        table: the recordings; candidates use subsets of its feature groups.
        strategy: a name from :data:`speech_emotion.training.proposals.STRATEGIES`.
        budget: time for the trials: seconds, or ``"90s"``, ``"5m"``, ``"1h"``; five minutes if ``trials`` is
            not given either.
        trials: how many candidates; the same seed and trials give the same result.
        keep: how many of the best to save.
        folder: where to save them, with ``leaderboard.csv``; those of an earlier search there are replaced.
        seed: of the strategy, the models, the splits and the intervals.
        workers: how many processes, all cores if None, or a Dask scheduler's address; the trials are the same.
        families: those to try; None is all, or of an encoder's features ``ridge`` and ``logistic``: the others take
            minutes for each fit.
        on_trial: called with each finished trial, in order.
        progress: once the trials are over, called with winners tested and winners in all.

    Returns:
        Every trial, ranked, and the models kept.

    Raises:
        UsageError: if an argument is out of range or names nothing known, or the folder cannot be written.
        TrainingError: if there are fewer than three speakers, or no candidate could be fitted.
        KeyboardInterrupt: if interrupted before any trial was finished, or before any winner was saved; the
            leaderboard is then there all the same.
    """
    require("a search")
    refuse_unknown(table.speakers)
    start = time.monotonic()
    seconds = parse_budget("5m" if budget is None and trials is None else budget)
    for name, number in (("trials", trials), ("keep", keep)):
        if number is not None and number < 1:
            raise UsageError(f"{name} must be 1 or more, not {number}")
    check_seed(seed)
    place = writable(Path(folder))
    families = families or families_of(table.config.features)
    proposals = Proposals(strategy, table.config.features, families, seed)
    development, locked = _lock_away(table, seed)
    check_origin(development)
    trying = judged(proposals, development, trials, seed, workers)
    found, stopped = _tried(trying, start + seconds, trials, on_trial)
    leaderboard = ranked(found)
    if not leaderboard[0].inner:
        raise TrainingError(f"no candidate could be fitted; the first of {len(found)}: {found[0].error}")
    winners = [trial for trial in leaderboard if trial.inner][:keep]
    tell = progress or (lambda done, total: None)
    tell(0, len(winners))
    models: list[Model] = []
    try:
        with closing(finish(winners, development, table.rows(locked), seed, workers)) as finished:
            for rank, (winner, model) in enumerate(finished):
                try:
                    model.save(place / str(winner.file))
                except SpeechEmotionError as error:  # the others are worth keeping
                    leaderboard[rank] = replace(winner, file=None, error=str(error))
                else:
                    leaderboard[rank] = winner
                    models.append(model)
                tell(rank + 1, len(winners))
    except KeyboardInterrupt:
        if not models:
            write(leaderboard, place)
            raise
        stopped = "interrupted"
    write(leaderboard, place)
    if not models:
        raise TrainingError(f"no model could be saved: {leaderboard[0].error}")
    return SearchResult(
        leaderboard=tuple(leaderboard),
        models=tuple(models),
        paths=tuple(place / trial.file for trial in leaderboard if trial.file),
        emotions=table.classes,
        development_speakers=tuple(sorted(set(development.speakers.tolist()))),
        test_speakers=tuple(sorted(set(table.speakers[locked].tolist()))),
        strategy=strategy,
        seed=seed,
        stopped=stopped,
    )


def parse_budget(budget: str | float | None) -> float:
    """Seconds of a time budget.

    Args:
        budget: seconds, or a text with a unit: ``"90s"``, ``"5m"``, ``"1.5h"``; None is no limit.

    Raises:
        UsageError: if it is neither, or not above 0.

    Example:
        >>> parse_budget("5m"), parse_budget("90s"), parse_budget(300)
        (300.0, 90.0, 300.0)
    """
    if budget is None:
        return float("inf")
    if isinstance(budget, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([smh]?)\s*", budget.lower())
        seconds = float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else 0.0
    else:
        seconds = float(budget)
    if not seconds > 0:
        raise UsageError(f"budget must be a time above 0, such as 90s, 5m or 1h, not '{budget}'")
    return seconds


def _tried(
    trying: Generator[Trial, None, None],
    end: float,
    most: int | None,
    on_trial: Callable[[Trial], None] | None,
) -> tuple[list[Trial], str]:
    """The trials until something stops them, and what that was."""
    found: list[Trial] = []
    with closing(trying):
        try:
            for trial in trying:
                found.append(trial)
                if on_trial:
                    on_trial(trial)
                if len(found) == most:
                    return found, "trials"
                if time.monotonic() > end and (len(found) >= BATCH or any(t.inner for t in found)):
                    return found, "budget"
        except KeyboardInterrupt:
            if not any(trial.inner for trial in found):
                raise
            return found, "interrupted"
    return found, "exhausted"


def _lock_away(table: FeatureTable, seed: int) -> tuple[FeatureTable, Indices]:
    """The development rows, and which rows are the test speakers'; of those, only labels are looked at."""
    speakers = set(table.speakers.tolist())
    if len(speakers) < 3:
        raise TrainingError(
            f"a search needs 3 speakers or more (2 to choose by, 1 to test on), and there are "
            f"{len(speakers)}; train one model instead"
        )
    kinds = np.char.add(np.char.add(table.emotions, "/"), table.sexes)
    part = deal(table.speakers, kinds, min(PARTS, len(speakers)), seed)
    development = table.rows(np.flatnonzero(part != 0))
    missing = [emotion for emotion in table.classes if emotion not in development.classes]
    if missing:
        raise TrainingError(
            f"emotion '{missing[0]}' is spoken by too few speakers to be learnt by some and tested on "
            "others; leave it out"
        )
    return development, np.flatnonzero(part == 0)
