"""The best of many models, without fooling oneself.

Nested, and grouped by speaker unless known voices are asked for. About a quarter of the speakers are locked away before
the first trial. Each candidate is judged by cross-validation among the other, the development speakers. The best are
then fitted on all of those, and tested once on the speakers that no choice saw: only that score says what a chosen
model is worth. The inner score of a winner is too kind, the more so the more was tried.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from ..corpora.locks import alone_in
from ..errors import TrainingError, UsageError
from ..evaluation.evaluate import Report, evaluate
from ..evaluation.fitting import require
from ..evaluation.protocols import refuse_unknown
from ..features.defaults import families_of
from ..features.table import FeatureTable
from ..workers import Progress
from ..writing import writable
from . import search_space
from .leaderboard import SearchResult, refuse_strange
from .locked import check_protocol, lock_away
from .outer import folders, repeated
from .proposals import check_names
from .search_page import write_page
from .search_run import Plan, refuse_unfinished, run
from .train import check_seed
from .trial import Trial


def search(
    table: FeatureTable,
    strategy: str = "evolution",
    *,
    budget: str | float | None = None,
    trials: int | None = None,
    until: float | None = None,
    keep: int = 5,
    folder: str | Path = "models",
    seed: int = 0,
    workers: int | str | None = None,
    families: Sequence[str] | None = None,
    space: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    protocol: str = "speaker",
    outer: int | None = None,
    resume: bool = False,
    on_trial: Callable[[Trial], None] | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Try many models and save the best.

    Feature groups, statistics, scaling, families and hyperparameters are searched. A budget that runs out, and Ctrl-C
    once a trial is finished, end the trying only: the winners are still fitted, tested and saved. Every trial is
    written to a journal in the folder, so that a search that was killed goes on where it stopped.

    Args:
        table: the recordings; candidates use subsets of its feature groups and statistics.
        strategy: a name from :data:`speech_emotion.training.proposals.STRATEGIES`.
        budget: time for the trials of this run: seconds, or ``"90s"``, ``"5m"``, ``"1h"``; five minutes if neither
            ``trials`` nor ``until`` is given.
        trials: how many candidates in all; the same seed and trials give the same result.
        until: stop at an inner UAR of this, above 0 and at most 1.
        keep: how many of the best to save, beside those on the front of UAR and cost.
        folder: where to save them, with ``leaderboard.csv``, ``search.html`` and the journal; the models of an
            earlier search there are replaced.
        seed: of the strategy, the models, the splits and the intervals.
        workers: how many processes, all cores if None, or a Dask scheduler's address; the trials are the same.
        families: those to try; None is those that ``space`` lists, else all, or of an encoder's features ``ridge``
            and ``lda``: the others take minutes.
        space: changes to the search space, as :meth:`.search_space.SearchSpace.of` takes them, or a TOML file's path.
        protocol: ``speaker``, for new voices; or ``random``: for the voices of the recordings and no others, parted
            clip by clip, with scores that no new voice will reach.
        outer: repeat the whole search in so many outer folds, to score it as a procedure; each takes as long again.
        resume: go on with the search that is in the folder, if there is one.
        on_trial: called with each finished trial, in order.
        progress: once the trials are over, called with winners tested and winners in all.

    Returns:
        Every trial, ranked, and the models kept.

    Raises:
        UsageError: if an argument is out of range or names nothing known, the folder cannot be written, another search
            is at work in it, or one is there that cannot be gone on with.
        TrainingError: if there are fewer than three speakers (``random``: clips of an emotion), or no candidate
            could be fitted.
        StorageError: if the disk is full, or the journal was changed meanwhile.
        KeyboardInterrupt: if interrupted before any trial was finished, when the folder stays as it was, or before any
            winner was saved; the journal is then there.
    """
    require("a search")
    check_protocol(protocol)
    if protocol == "speaker":
        refuse_unknown(table.speakers)
    check_names(strategy, families)
    seconds = parse_budget("5m" if budget is None and trials is None and until is None else budget)
    for name, number, least in (("trials", trials, 1), ("keep", keep, 1), ("outer", outer, 2)):
        if number is not None and not (isinstance(number, Integral) and number >= least):
            raise UsageError(f"{name} must be a whole number, {least} or more, not {number!r}")
    check_until(until)
    check_seed(seed)
    place = writable(Path(folder))
    changes = space if isinstance(space, Mapping) or space is None else search_space.read(space)
    families = None if families is None else tuple(families)
    if not families and not (changes or {}).get("families"):
        families = families_of(table.config.features)
    plan = Plan(strategy, seconds, trials, until, keep, seed, workers, families, changes or {}, protocol, resume)
    with search_space.naming(space):
        search_space.SearchSpace.of(table.config, families, plan.space)
    development, locked = lock_away(table, seed, protocol=protocol)
    refuse_strange(place)
    with alone_in(place):
        for own in folders(table, place, outer, protocol) if outer is not None and not resume else ():
            refuse_unfinished(own, strategy)  # now, and not after a search that takes as long as it is given
        result = run(table, development, locked, place, plan, on_trial, progress)
        if outer is not None and result.stopped != "interrupted":
            try:
                result = replace(result, procedure=repeated(table, plan, place, outer, on_trial))
            except KeyboardInterrupt:  # the models are there, and so are the journals of the folds
                result = replace(result, stopped="interrupted")
        if protocol == "random" and result.stopped != "interrupted":
            result = replace(result, beside=_for_new_speakers(result, table, workers))
        write_page(result, table)
    return result


def _for_new_speakers(result: SearchResult, table: FeatureTable, workers: int | str | None) -> Report | None:
    """What the best single recipe is worth on new speakers; None where they cannot be kept apart."""
    candidate = result.kept[0].candidate
    config = candidate.config(table.config)
    narrowed = table.narrow(config.features, config.statistics)
    try:
        return evaluate(candidate.estimator(result.seed), narrowed, seed=result.seed, workers=workers)
    except TrainingError:
        return None


def check_until(until: float | None) -> None:
    """Refuse what is no UAR to stop at.

    Raises:
        UsageError: if it is not above 0 and at most 1.
    """
    if until is not None and not (isinstance(until, Real) and 0 < until <= 1):
        shown = f"{until:g}" if isinstance(until, Real) else repr(until)
        raise UsageError(f"until is a UAR above 0 and at most 1, such as 0.6, not {shown}")


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
        seconds = float(budget) if isinstance(budget, Real) and budget < sys.float_info.max else 0.0
    if not seconds > 0:
        raise UsageError(f"budget must be a time above 0, such as 90s, 5m or 1h, not '{budget}'")
    return seconds
