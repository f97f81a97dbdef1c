"""One candidate judged: fold by fold, against rivals, until it is clearly behind.

After each fold the candidate's UAR of each speaker so far is held against a rival's of the same speakers (where voices
are known, of groups of clips), by a one-sided paired t test. One that is behind its rivals, with so little chance that
it is not, is stopped: what it would have scored does not matter. Before the first fold there is a glimpse: the same,
learnt from that fold's clips without their copies, or from a third of them, in a small part of a trial's time. Rivals
are so far back in the sequence that the race is the same on any number of workers.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StorageError, TrainingError, reason_of
from ..evaluation.fitting import fit, guess
from ..evaluation.intervals import Score, bootstrap_over_speakers
from ..evaluation.metrics import confusion, uar
from .candidate import Candidate
from .fold_data import Bench
from .locked import drawn
from .search_space import WIDE

BEHIND = 0.1
"""The chance, after each fold, that a candidate which is as good as its rival is stopped."""

BEHIND_AT_A_GLIMPSE = 0.2
"""The same at the glimpse."""

FEWEST = 3
"""Speakers, or groups, before anything is said."""

THIRD = 3
"""Where there are no copies to leave out, a glimpse learns from each so-manieth clip of each emotion."""

GLIMPSED = 20
"""Clips of an emotion, on average, without which there is no glimpse."""


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """A task for one worker.

    Attributes:
        bench: where it is judged.
        candidate: that is judged.
        rivals: the UAR of each group of those that it is stopped behind, at the glimpse and after all folds, shape
            (rivals, 2, groups); None judges all folds.
    """

    bench: Bench
    candidate: Candidate
    rivals: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """How a candidate did.

    Attributes:
        uars: of each group (:class:`.fold_data.Bench`), shape (groups,); NaN of those that were not tested.
        glimpse: the same at the glimpse.
        folds: how many were judged.
        seconds: of fitting and judging.
        scores: with intervals; empty unless all folds were judged.
        error: why it could not be fitted.
        answer: its probabilities of all recordings, each by a model of the other folds, shape (n, classes); None
            unless all folds were judged.
    """

    uars: NDArray[np.float64]
    glimpse: NDArray[np.float64]
    folds: int
    seconds: float
    scores: Mapping[str, Score] = field(default_factory=dict)
    error: str | None = None
    answer: NDArray[np.float32] | None = None


def attempt(race: Race) -> Attempt:
    """Judge a candidate; it may fail in any way that its libraries know.

    Raises:
        TrainingError: if the recordings cannot be read here, or what follows from them not be kept: the candidate is
            not to blame, and would be judged elsewhere.
        StorageError: if the disk is full.
    """
    try:
        return _attempt(race)
    except OSError as error:
        raise TrainingError(f"a trial cannot read or write {error.filename or 'a file'}: {reason_of(error)}") from error


def _attempt(race: Race) -> Attempt:
    begin = time.perf_counter()
    bench = race.bench
    labels, who, fold = (bench.shared[name] for name in ("labels", "who", "fold"))
    answer = np.zeros((len(labels), bench.classes), dtype=np.float32)
    uars, glimpse = np.full((2, bench.groups), np.nan)
    rivals = () if race.rivals is None else race.rivals
    number = 0

    def done(folds: int, **found: Any) -> Attempt:
        return Attempt(uars, glimpse, folds, time.perf_counter() - begin, **found)

    try:
        with one_thread():
            found = glimpsed(bench, race.candidate)
        if found is not None:
            _score(glimpse, bench, found, fold == 0)
        if len(rivals) and all(behind(glimpse, rival, BEHIND_AT_A_GLIMPSE) for rival, _ in rivals):
            return done(0)
        for number in range(bench.folds):
            with one_thread():
                probabilities = held_out(bench, race.candidate, number)
            if not np.isfinite(probabilities).all():
                raise ValueError("its probabilities are not finite")  # noqa: TRY301
            answer[fold == number] = probabilities
            _score(uars, bench, probabilities, fold == number)
            last = number + 1 == bench.folds
            if not last and len(rivals) and all(behind(uars, rival, BEHIND) for _, rival in rivals):
                return done(number + 1)
    except (OSError, StorageError):
        raise
    except Exception as problem:
        cause = problem.__cause__ if isinstance(problem, TrainingError) and problem.__cause__ else problem
        return done(number, error=" ".join(f"{type(cause).__name__}: {cause}".split())[:200])
    scores = bootstrap_over_speakers(
        labels, answer.argmax(axis=1), drawn(who, bench.protocol), bench.classes, seed=bench.seed
    )
    return done(bench.folds, scores=scores, answer=answer)


def _score(uars: NDArray[np.float64], bench: Bench, probabilities: NDArray[Any], rows: NDArray[np.bool_]) -> None:
    """Put in the UAR of each group of some rows."""
    labels, groups, named = bench.shared["labels"][rows], bench.shared["group"][rows], probabilities.argmax(axis=1)
    for group in np.unique(groups):
        own = groups == group
        uars[group] = uar(confusion(labels[own], named[own], bench.classes))


def behind(uars: NDArray[np.float64], rival: NDArray[np.float64], chance: float) -> bool:
    """Whether a candidate is clearly behind its rival on the groups that both were tested on.

    Args:
        uars: of each group, shape (groups,); NaN of those that were not tested.
        rival: the same of the rival.
        chance: that it is said of one which is as good.

    Example:
        >>> rival = np.array([0.6, 0.5, 0.7, 0.6])
        >>> behind(np.array([0.3, 0.2, 0.3, 0.3]), rival, 0.1), behind(np.array([0.5, 0.6, 0.7, 0.5]), rival, 0.1)
        (True, False)
    """
    from scipy.special import stdtr

    there = ~np.isnan(uars) & ~np.isnan(rival)
    differences = (uars - rival)[there]
    count = len(differences)
    if count < FEWEST or differences.mean() >= 0:
        return False
    spread = max(float(differences.std(ddof=1)), 1e-6) / np.sqrt(count)
    return bool(stdtr(count - 1, float(differences.mean()) / spread) < chance)


def glimpsed(bench: Bench, candidate: Candidate) -> NDArray[np.float64] | None:
    """What a candidate says of the first fold's tested rows after a glimpse of what it is to learn; within
    :func:`one_thread`.

    It learns from the clips without their copies, and where there are none from a third of each emotion's clips.

    Returns:
        Probabilities, shape (test, classes); None where there is too little to glimpse at, where it cannot learn from
        so little, or where the columns are so many that what trials share would have to be made anew.
    """
    columns = bench.columns(candidate.features, candidate.statistics)
    if len(columns.where) > WIDE:
        return None
    clips, _ = bench.rows(0)
    labels, who = bench.shared["labels"][clips], bench.shared["who"][clips]
    some = np.arange(len(clips)) if bench.times > 1 else np.sort(np.lexsort((who, labels))[::THIRD])
    if len(some) < GLIMPSED * bench.classes or len(np.unique(labels[some])) < bench.classes:
        return None
    learnt, asked = bench.values(columns, 0, copies=False)
    try:
        found = _guessed(candidate.estimator(bench.seed), learnt[some], labels[some], who[some], asked, bench.classes)
    except (OSError, StorageError):
        raise
    except Exception:  # whether it learns from all of it is seen in the folds
        return None
    return found if np.isfinite(found).all() else None


def held_out(bench: Bench, candidate: Candidate, fold: int) -> NDArray[np.float64]:
    """What a candidate, fitted on a fold's learnt rows, says of its tested ones; within :func:`one_thread`.

    Args:
        bench: the recordings.
        candidate: to be fitted.
        fold: which.

    Returns:
        Probabilities, shape (test, classes).
    """
    columns = bench.columns(candidate.features, candidate.statistics)
    labels, who = bench.learnt("labels", fold), bench.learnt("who", fold)
    if len(columns.where) > WIDE:
        from . import wide

        if candidate.family == "ridge" and candidate.components is None:
            return wide.ridge_of(bench, columns, fold, candidate.hyperparameters)
        assert candidate.components is not None
        learnt, asked = wide.components_of(bench, columns, fold, candidate.components)
        estimator = replace(candidate, scaling="none", components=None).estimator(bench.seed)
    else:
        learnt, asked = bench.values(columns, fold)
        estimator = candidate.estimator(bench.seed)
    return _guessed(estimator, learnt, labels, who, np.ascontiguousarray(asked), bench.classes)


def _guessed(
    estimator: Any,
    learnt: NDArray[np.float32],
    labels: NDArray[np.intp],
    who: NDArray[np.intp],
    asked: NDArray[np.float32],
    classes: int,
) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return guess(fit(estimator, learnt, labels, who, held=True), asked, classes, held=True)


def one_thread() -> AbstractContextManager[Any]:
    """Numerical libraries on one thread, so that the same rows give the same bits; they are looked for once."""
    found: AbstractContextManager[Any] = _libraries().limit(limits=1)
    return found


@lru_cache(maxsize=1)
def _libraries() -> Any:
    import scipy.linalg  # noqa: F401
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.neural_network
    import sklearn.svm  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
