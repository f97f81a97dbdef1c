"""The trials of a search: candidates judged on development speakers, winners tested on the others."""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..evaluation.breakdown import summary
from ..evaluation.evaluate import report
from ..evaluation.fitting import Fold, examples, fit, guess, judge, learnt, numbered
from ..evaluation.intervals import Score, bootstrap_over_speakers
from ..evaluation.protocols import Indices, SpeakerSplit
from ..features.table import FeatureTable
from ..models.model import Model
from .leaderboard import Trial, bundle_name
from .proposals import Proposals
from .train import model_of, provenance_of

BATCH = 64
"""Candidates asked for at once. Each batch starts its own processes, which costs seconds; and it is never the
number of workers, or strategies that learn would find other models on other machines."""

FOLDS = 5
"""Of the cross-validation on development speakers; fewer where there are fewer speakers."""


def judged(
    proposals: Proposals, development: FeatureTable, most: int | None, seed: int, workers: int | str | None
) -> Generator[Trial, None, None]:
    """Try candidates until there is nothing new to try.

    Args:
        proposals: where candidates come from; it is told how each one did.
        development: the recordings of the speakers that the choice is made on.
        most: how many candidates to try; None is no limit.
        seed: of the models, the splits and the intervals.
        workers: how many processes; None takes all cores.

    Yields:
        One trial a candidate, in the order of asking. Closing the iterator early stops the work.
    """
    values, labels = examples(development)
    folds = list(SpeakerSplit(FOLDS, seed).split(values, development.emotions, development.speakers))
    number = 0
    while batch := proposals.ask(BATCH if most is None else min(BATCH, most - number)):
        narrowed = {features: development.narrow(features) for features in {c.features for c in batch}}
        parts = [
            Fold(
                candidate.estimator(seed),
                narrowed[candidate.features].values,
                labels,
                *rows,
                len(development.classes),
                speakers=development.speakers,
                copies=tuple(narrowed[candidate.features].copies.values()),
            )
            for candidate in batch
            for rows in folds
        ]
        with closing(pool.run(_attempt, parts, workers)) as attempts:
            for candidate in batch:
                number += 1
                tried = [next(attempts) for _ in folds]
                seconds = sum(attempt.seconds for attempt in tried)
                error = next((attempt.error for attempt in tried if attempt.error), None)
                scores = {} if error else _inner(tried, folds, development, labels, seed)
                proposals.tell(candidate, scores["uar"].value if scores else None)
                yield Trial(number, candidate, seconds, scores, error)


def finish(
    winners: Sequence[Trial], development: FeatureTable, test: FeatureTable, seed: int, workers: int | str | None
) -> Generator[tuple[Trial, Model], None, None]:
    """Fit the winners on all development speakers, and test them once on the others.

    Args:
        winners: the best trials, the best first.
        development: the recordings of the speakers that the choice was made on.
        test: the recordings of the speakers that no choice saw.
        seed: of the models and the intervals.
        workers: how many processes; None takes all cores.

    Yields:
        Each trial with its outer scores and file name, and its model.
    """
    _, labels = examples(development)
    truth = numbered(test.emotions, development.classes)
    tables = [development.narrow(winner.candidate.features) for winner in winners]
    tasks = [
        _Final(
            winner.candidate.estimator(seed),
            *learnt(table.values, labels, table.speakers, tuple(table.copies.values())),
            test.narrow(table.config.features).values,
        )
        for winner, table in zip(winners, tables, strict=True)
    ]
    with closing(pool.run(_finish, tasks, workers)) as results:
        for rank, (winner, table, result) in enumerate(zip(winners, tables, results, strict=True), 1):
            candidate, (fitted, probabilities) = winner.candidate, result
            judged = report(
                probabilities,
                truth,
                test.speakers,
                table.classes,
                protocol="speaker",
                folds=1,
                seed=seed,
                aspects={"sex": test.sexes, "corpus": test.corpora},
            )
            outer = judged.scores
            file = bundle_name(rank, candidate)
            made = provenance_of(
                table,
                candidate.family,
                candidate.hyperparameters,
                protocol="speaker",
                seed=seed,
                scores={"inner": winner.inner, "outer": outer},
                report=summary(judged),
            )
            yield replace(winner, outer=outer, file=file), model_of(fitted, table, made, Path(file).stem)


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    probabilities: NDArray[np.float64]
    seconds: float
    error: str | None


def _attempt(fold: Fold) -> _Attempt:
    start = time.perf_counter()
    error = None
    probabilities = np.zeros((0, fold.classes))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            probabilities = judge(fold)
        if not np.isfinite(probabilities).all():
            error = "its probabilities are not finite"
    except Exception as problem:  # a candidate may fail in any way that its libraries know
        error = " ".join(f"{type(problem).__name__}: {problem}".split())[:200]
    return _Attempt(probabilities, time.perf_counter() - start, error)


def _inner(
    tried: Sequence[_Attempt],
    folds: Sequence[tuple[Indices, Indices]],
    development: FeatureTable,
    labels: NDArray[np.int64],
    seed: int,
) -> dict[str, Score]:
    probabilities = np.zeros((len(labels), len(development.classes)))
    for attempt, (_, test) in zip(tried, folds, strict=True):
        probabilities[test] = attempt.probabilities
    guesses = probabilities.argmax(axis=1)
    return bootstrap_over_speakers(labels, guesses, development.speakers, len(development.classes), seed=seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Final:
    estimator: Any
    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    speakers: NDArray[np.str_] | None
    test: NDArray[np.float32]


def _finish(task: _Final) -> tuple[Any, NDArray[np.float64]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = fit(task.estimator, task.values, task.labels, task.speakers)
    return fitted, guess(fitted, task.test, int(task.labels.max()) + 1)
