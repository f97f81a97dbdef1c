"""One candidate judged: at a glimpse, then fold by fold, against rivals, until it is clearly behind.

After each fold the candidate's UAR of each speaker so far is held against a rival's of the same speakers, by a
one-sided paired t test. One that is behind its rivals, with so little chance that it is not, is stopped: what it would
have scored does not matter. Before the first fold there is a glimpse: the same, learnt from that fold's clips without
their copies, or from a third of them, and in haste, in a small part of a trial's time. It is a task of its own, so
that many can be glimpsed at before the first of them is judged.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from ..evaluation.fitting import fit, guess
from ..evaluation.intervals import Score, bootstrap_over_speakers
from ..evaluation.metrics import confusion, uar
from ..models.calibration import softmax
from .candidate import Candidate
from .families import family as family_named
from .fold_data import Bench, Columns
from .search_space import WIDE

BEHIND = 0.1
"""The chance, after each fold, that a candidate which is as good as its rival is stopped."""

BEHIND_AT_A_GLIMPSE = 0.4
"""The same at the glimpse."""

FEWEST = 3
"""Speakers before anything is said."""

THIRD = 3
"""Where there are no copies to leave out, a glimpse learns from each so-manieth clip of each emotion."""

GLIMPSED = 20
"""Clips of an emotion, on average, without which there is no glimpse."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A task for one worker: a glimpse at a candidate.

    Attributes:
        bench: where it is judged.
        candidate: that is glimpsed at.
    """

    bench: Bench
    candidate: Candidate


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What a candidate does at a glimpse.

    Attributes:
        uars: of each speaker, shape (speakers,); NaN of those that were not tested.
        seconds: of fitting and judging.
        answer: where a glimpse is the whole first fold, its probabilities of that fold's tested rows.
    """

    uars: NDArray[np.float64]
    seconds: float = 0.0
    answer: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """A task for one worker: a candidate judged.

    Attributes:
        bench: where it is judged.
        candidate: that is judged.
        glimpse: what it did at a glimpse; None has not looked, and does so first where ``look`` says so.
        rivals_at_a_glimpse: the UAR of each speaker, at the glimpse, of those that it is stopped behind, shape
            (rivals, speakers); None stops nothing.
        rivals: the same after all folds, of those that were judged wholly.
        look: whether a glimpse that is missing is wanted.
    """

    bench: Bench
    candidate: Candidate
    glimpse: Glimpse | None = None
    rivals_at_a_glimpse: NDArray[np.float64] | None = None
    rivals: NDArray[np.float64] | None = None
    look: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """How a candidate did.

    Attributes:
        uars: of each speaker, shape (speakers,); NaN of those that were not tested.
        glimpse: the same at the glimpse.
        folds: how many were judged.
        seconds: of fitting and judging, glimpse included.
        scores: with intervals; empty unless all folds were judged.
        error: why it could not be fitted.
        answer: its probabilities of all recordings, each by a model that had not heard the speaker, shape
            (n, classes); None unless all folds were judged.
    """

    uars: NDArray[np.float64]
    glimpse: NDArray[np.float64]
    folds: int
    seconds: float
    scores: Mapping[str, Score] = field(default_factory=dict)
    error: str | None = None
    answer: NDArray[np.float32] | None = None


def glimpse_at(look: Look) -> Glimpse:
    """Glimpse at a candidate.

    Raises:
        TrainingError: as :func:`attempt`.
    """
    begin = time.perf_counter()
    bench, uars = look.bench, np.full(look.bench.speakers, np.nan)
    whole = is_wide(bench, look.candidate)
    found: NDArray[np.float64] | None = None
    with _read(), one_thread():
        try:
            found = held_out(bench, look.candidate, 0) if whole else glimpsed(bench, look.candidate)
        except OSError:
            raise
        except Exception:  # whether it learns from all of it is seen in the folds
            found = None
    if found is not None and np.isfinite(found).all():
        _score(uars, bench, found, bench.shared["fold"] == 0)
    else:
        found = None
    return Glimpse(uars, time.perf_counter() - begin, found if whole else None)


def attempt(race: Race) -> Attempt:
    """Judge a candidate; it may fail in any way that its libraries know.

    Raises:
        TrainingError: if the recordings cannot be read here, or what follows from them not be kept: the candidate is
            not to blame, and would be judged elsewhere.
    """
    with _read():
        return _attempt(race)


def perform(task: Look | Race | None) -> Glimpse | Attempt | None:
    """A task of either kind, or none."""
    if task is None:
        return None
    return glimpse_at(task) if isinstance(task, Look) else attempt(task)


@contextmanager
def _read() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TrainingError(f"a trial cannot read or write {error.filename}: {error.strerror or error}") from error


def _attempt(race: Race) -> Attempt:
    begin = time.perf_counter()
    bench = race.bench
    labels, who, fold = (bench.shared[name] for name in ("labels", "who", "fold"))
    answer = np.zeros((len(labels), bench.classes), dtype=np.float32)
    uars = np.full(bench.speakers, np.nan)
    glimpse = race.glimpse or (glimpse_at(Look(bench, race.candidate)) if race.look else Glimpse(uars.copy()))
    before = 0.0 if race.look else glimpse.seconds
    number = 0

    def ended(folds: int, **found: Any) -> Attempt:
        return Attempt(uars, glimpse.uars, folds, before + time.perf_counter() - begin, **found)

    if glimpse.answer is None and _behind_all(glimpse.uars, race.rivals_at_a_glimpse, BEHIND_AT_A_GLIMPSE):
        return ended(0)
    try:
        for number in range(bench.folds):
            if number or glimpse.answer is None:
                with one_thread():
                    probabilities = held_out(bench, race.candidate, number)
            else:
                probabilities = glimpse.answer
            if not np.isfinite(probabilities).all():
                raise ValueError("its probabilities are not finite")  # noqa: TRY301
            answer[fold == number] = probabilities
            _score(uars, bench, probabilities, fold == number)
            if number + 1 == bench.folds:
                break
            if probabilities is glimpse.answer and _behind_all(uars, race.rivals_at_a_glimpse, BEHIND_AT_A_GLIMPSE):
                return ended(1)
            if _behind_all(uars, race.rivals, BEHIND):
                return ended(number + 1)
    except OSError:
        raise
    except Exception as problem:
        return ended(number, error=" ".join(f"{type(problem).__name__}: {problem}".split())[:200])
    scores = bootstrap_over_speakers(labels, answer.argmax(axis=1), who, bench.classes, seed=bench.seed)
    return ended(bench.folds, scores=scores, answer=answer)


def _score(uars: NDArray[np.float64], bench: Bench, probabilities: NDArray[Any], rows: NDArray[np.bool_]) -> None:
    """Put in the UAR of each speaker of some rows."""
    labels, who, named = bench.shared["labels"][rows], bench.shared["who"][rows], probabilities.argmax(axis=1)
    for speaker in np.unique(who):
        own = who == speaker
        uars[speaker] = uar(confusion(labels[own], named[own], bench.classes))


def behind(uars: NDArray[np.float64], rival: NDArray[np.float64], chance: float) -> bool:
    """Whether a candidate is clearly behind its rival on the speakers that both were tested on.

    Args:
        uars: of each speaker, shape (speakers,); NaN of those that were not tested.
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


def _behind_all(uars: NDArray[np.float64], rivals: NDArray[np.float64] | None, chance: float) -> bool:
    return rivals is not None and all(behind(uars, rival, chance) for rival in rivals)


def is_wide(bench: Bench, candidate: Candidate) -> bool:
    """Whether its columns are so many that a glimpse at less than a fold would save nothing: what trials share of a
    fold would have to be made anew."""
    return len(bench.columns(candidate.features, candidate.statistics).where) > WIDE


def glimpsed(bench: Bench, candidate: Candidate) -> NDArray[np.float64] | None:
    """What a candidate says of the first fold's tested rows after a glimpse of what it is to learn; within
    :func:`one_thread`.

    It learns from the clips without their copies, and where there are none from a third of each emotion's clips; and in
    haste, where its family can.

    Returns:
        Probabilities, shape (test, classes); None where there is too little to glimpse at.
    """
    columns = bench.columns(candidate.features, candidate.statistics)
    clips, _ = bench.rows(0)
    labels, who = bench.shared["labels"][clips], bench.shared["who"][clips]
    some = np.arange(len(clips)) if bench.times > 1 else np.sort(np.lexsort((who, labels))[::THIRD])
    if len(some) < GLIMPSED * bench.classes or len(np.unique(labels[some])) < bench.classes:
        return None
    learnt, asked = bench.values(columns, 0, copies=False)
    hasty = candidate.in_haste().estimator(bench.seed)
    return _guessed(hasty, learnt[some], labels[some], who[some], asked, bench.classes)


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
    if is_wide(bench, candidate):
        from . import gram

        if candidate.family == "ridge" and candidate.components is None:
            return _ridge(bench, candidate, columns, fold)
        assert candidate.components is not None
        learnt, asked = gram.components_of(bench, columns, fold, candidate.components)
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


def _ridge(bench: Bench, candidate: Candidate, columns: Columns, fold: int) -> NDArray[np.float64]:
    from . import gram

    labels, who = bench.learnt("labels", fold), bench.learnt("who", fold)
    settings: dict[str, Any] = {**family_named("ridge").defaults, **candidate.hyperparameters}
    there, numbers = np.unique(labels, return_inverse=True)
    speakers = np.unique(who, return_inverse=True)[1]
    logits = gram.ridge_by_gram(gram.gram_of(bench, columns, fold), numbers, speakers, len(there), **settings)
    probabilities = np.zeros((len(logits), bench.classes))
    probabilities[:, there] = softmax(logits)
    return probabilities
