"""One candidate judged: fold by fold, against rivals, until it is clearly behind.

After each fold the candidate's UAR of each speaker so far is held against a rival's of the same speakers, by a
one-sided paired t test. One that is behind its rivals, with so little chance that it is not, is stopped: what it would
have scored does not matter. Rivals are of an earlier generation, so that the race is the same on any number of
workers.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
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

BEHIND = 0.05
"""The chance, at each look, that a candidate which is as good as its rival is stopped."""

FEWEST = 3
"""Speakers before anything is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """A task for one worker.

    Attributes:
        bench: where it is judged.
        candidate: that is judged.
        rivals: the UAR of each speaker of those that it is stopped behind, shape (rivals, speakers); None judges all
            folds.
    """

    bench: Bench
    candidate: Candidate
    rivals: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """How a candidate did.

    Attributes:
        scores: with intervals; empty unless all folds were judged.
        uars: of each speaker, shape (speakers,); NaN of those that were not tested.
        folds: how many were judged.
        seconds: of fitting and judging.
        error: why it could not be fitted.
        answer: its probabilities of all recordings, each by a model that had not heard the speaker, shape
            (n, classes); None unless all folds were judged.
    """

    scores: Mapping[str, Score]
    uars: NDArray[np.float64]
    folds: int
    seconds: float
    error: str | None = None
    answer: NDArray[np.float32] | None = None


def attempt(race: Race) -> Attempt:
    """Judge a candidate; it may fail in any way that its libraries know.

    Raises:
        TrainingError: if the recordings cannot be read here, or what follows from them not be kept: the candidate is
            not to blame, and would be judged elsewhere.
    """
    try:
        return _attempt(race)
    except OSError as error:
        raise TrainingError(f"a trial cannot read or write {error.filename}: {error.strerror or error}") from error


def _attempt(race: Race) -> Attempt:
    begin = time.perf_counter()
    bench = race.bench
    labels, who, fold = (bench.shared[name] for name in ("labels", "who", "fold"))
    answer = np.zeros((len(labels), bench.classes), dtype=np.float32)
    uars = np.full(bench.speakers, np.nan)
    for number in range(bench.folds):
        try:
            with one_thread():
                probabilities = held_out(bench, race.candidate, number)
            if not np.isfinite(probabilities).all():
                raise ValueError("its probabilities are not finite")  # noqa: TRY301
        except OSError:
            raise
        except Exception as problem:
            error = " ".join(f"{type(problem).__name__}: {problem}".split())[:200]
            return Attempt({}, uars, number, time.perf_counter() - begin, error)
        answer[fold == number] = probabilities
        for speaker in np.unique(who[fold == number]):
            own = who == speaker
            uars[speaker] = uar(confusion(labels[own], answer[own].argmax(axis=1), bench.classes))
        rivals = race.rivals if race.rivals is not None and number + 1 < bench.folds else ()
        if len(rivals) and all(behind(uars, rival) for rival in rivals):
            return Attempt({}, uars, number + 1, time.perf_counter() - begin)
    scores = bootstrap_over_speakers(labels, answer.argmax(axis=1), who, bench.classes, seed=bench.seed)
    return Attempt(scores, uars, bench.folds, time.perf_counter() - begin, None, answer)


def behind(uars: NDArray[np.float64], rival: NDArray[np.float64]) -> bool:
    """Whether a candidate is clearly behind its rival on the speakers that both were tested on.

    Args:
        uars: of each speaker, shape (speakers,); NaN of those that were not tested.
        rival: the same of the rival.

    Example:
        >>> rival = np.array([0.6, 0.5, 0.7, 0.6])
        >>> behind(np.array([0.3, 0.2, 0.3, 0.3]), rival), behind(np.array([0.5, 0.6, 0.7, 0.5]), rival)
        (True, False)
    """
    from scipy.special import stdtr

    there = ~np.isnan(uars) & ~np.isnan(rival)
    differences = (uars - rival)[there]
    count = len(differences)
    if count < FEWEST or differences.mean() >= 0:
        return False
    spread = max(float(differences.std(ddof=1)), 1e-6) / np.sqrt(count)
    return bool(stdtr(count - 1, float(differences.mean()) / spread) < BEHIND)


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
        from . import gram

        if candidate.family == "ridge" and candidate.components is None:
            return _ridge(bench, candidate, columns, fold)
        assert candidate.components is not None
        learnt, asked = gram.components_of(bench, columns, fold, candidate.components)
        estimator = replace(candidate, scaling="none", components=None).estimator(bench.seed)
    else:
        learnt, asked = bench.values(columns, fold)
        estimator = candidate.estimator(bench.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = fit(estimator, learnt, labels, who, held=True)
        return guess(fitted, np.ascontiguousarray(asked), bench.classes, held=True)


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
