"""One model from a table that is on disk in shards: as :func:`.train.train`, with a shard at a time in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..audio.carried import shared
from ..errors import require_list
from ..evaluation.breakdown import summary
from ..evaluation.evaluate import ASPECTS, Report, report
from ..evaluation.fitting import examples, fit, guess, numbered
from ..evaluation.protocols import Indices, folds_of
from ..features.rows import Rows
from ..features.shards import ShardedTable
from ..features.table import FeatureTable
from ..models.model import Model
from .blocks import by_blocks
from .families import family as family_named
from .train import (
    check_origin,
    check_seed,
    model_of,
    most_honest,
    provenance_of,
    recipe,
    require_answers,
)


def train_shards(
    table: ShardedTable,
    family: str = "ridge",
    *,
    seed: int = 0,
    protocols: Sequence[str] = ("random", "speaker"),
    folds: int = 5,
    calibrate: bool = True,
    sure_at: float | None = None,
    workers: int | str | None = None,
    progress: pool.Progress | None = None,
    name: str | None = None,
    **hyperparameters: Any,
) -> Model:
    """Train one model, and judge its recipe under each protocol, from rows on disk.

    The model is that of :func:`.train.train` on the whole table, but for rounding. Memory holds the labels, a shard,
    and for each worker a matrix of columns by columns.

    Args:
        table: the recordings; all its rows are learnt.
        family: one that learns from shards: ``ridge`` or ``lda``.
        workers: processes, all cores if None, or a Dask scheduler's address; workers that do not see the shards are
            not asked.
        seed: as of :func:`.train.train`, and so are all others and the errors.

    Raises:
        UsageError: if the family cannot learn from shards.
    """
    require_list("protocols", protocols)
    check_seed(seed)
    hyperparameters = {**family_named(family).usual(len(table.copies)), **hyperparameters}
    estimator = by_blocks(family, seed, **hyperparameters)
    built = recipe(family, seed=seed, calibrate=calibrate, sure_at=sure_at, **hyperparameters)
    if calibrate:
        built.estimator = estimator
    else:
        built = estimator
    labels = table.labels()
    examples(labels)
    check_origin(labels, name)
    pairs = {protocol: folds_of(protocol, labels, folds, seed) for protocol in protocols}
    everything = np.arange(len(labels))
    of = (Rows(table), numbered(labels.emotions, labels.classes), labels.speakers)
    parts = [_Part(built, *of, everything, everything[:0], len(labels.classes))]
    for protocol, splits in pairs.items():
        judged = estimator if protocol == "random" else built
        parts += [_Part(judged, *of, *split, len(labels.classes)) for split in splits]
    files = [str(table.folder / shard.file) for shard in table.shards]
    answers = pool.run(_learn, parts, workers if shared(files, workers) else None)
    fitted = next(answers).fitted
    require_answers(fitted, sure_at)
    done = 1
    reports: dict[str, Report] = {}
    for protocol, splits in pairs.items():
        found = []
        for _ in splits:
            found.append(next(answers))
            done += 1
            if progress:
                progress(done, len(parts))
        reports[protocol] = _report(protocol, labels, splits, found, seed, sure_at is not None and protocol != "random")
    honest = most_honest(reports)
    made = provenance_of(
        labels,
        family,
        hyperparameters,
        protocol=", ".join(protocols),
        seed=seed,
        scores={protocol: each.scores for protocol, each in reports.items()},
        report=summary(reports[honest]) if honest else None,
    )
    return model_of(_in_memory(fitted), labels, made, name)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One model to fit on some rows and their copies, and to ask about others: a task for one worker."""

    estimator: Any
    rows: Rows
    labels: NDArray[np.int64]
    speakers: NDArray[np.str_]
    train: Indices
    test: Indices
    classes: int


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    fitted: Any
    probabilities: NDArray[np.float64]
    sure: NDArray[np.bool_]


def _learn(part: _Part) -> _Answer:
    times = 1 + len(part.rows.table.copies)
    labels, speakers = (np.tile(column[part.train], times) for column in (part.labels, part.speakers))
    fitted = fit(part.estimator, part.rows[part.train].with_copies(), labels, speakers)  # type: ignore[arg-type]
    probabilities = guess(fitted, part.rows[part.test], part.classes)  # type: ignore[arg-type]
    sure = probabilities.max(axis=1, initial=0.0) >= getattr(fitted, "sure_above_", 0.0)
    return _Answer(None if len(part.test) else fitted, probabilities, sure)


def _report(
    protocol: str,
    labels: FeatureTable,
    splits: Sequence[tuple[Indices, Indices]],
    found: Sequence[_Answer],
    seed: int,
    wanted: bool,
) -> Report:
    probabilities = np.zeros((len(labels), len(labels.classes)))
    sure, fold = np.ones(len(labels), dtype=np.bool_), np.zeros(len(labels), dtype=np.intp)
    for number, ((_, test), answer) in enumerate(zip(splits, found, strict=True)):
        probabilities[test], sure[test], fold[test] = answer.probabilities, answer.sure, number
    return report(
        probabilities,
        numbered(labels.emotions, labels.classes),
        labels.speakers,
        labels.classes,
        protocol=protocol,
        folds=len(splits),
        seed=seed,
        fold=fold if protocol == "emobox" else None,
        sure=sure if wanted else None,
        aspects={aspect: getattr(labels, column) for aspect, column in ASPECTS.items()},
    )


def _in_memory(fitted: Any) -> Any:
    """What was fitted by blocks, as what answers rows in memory."""
    if not hasattr(fitted, "fitted_"):
        return fitted.pipeline_
    fitted.estimator = fitted.estimator.pipeline
    fitted.fitted_ = fitted.fitted_.pipeline_
    return fitted
