"""What a model answers about clips as they are and under worse conditions.

Models are fitted on clean clips only, once for each fold, and asked about all conditions at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..audio.carried import shared
from ..corpora.utterance import Corpus
from ..errors import FeatureError
from ..features.config import FeatureConfig
from ..features.table import FeatureTable
from ..models.model import Model
from .clips import choose, measured, voices
from .conditions import Clip, Heard, Stretch, hear
from .evaluate import fewer
from .fitting import examples, fit, guess, learnt, require
from .known import as_known_to, check_unseen, left_out_by, recipe_of
from .protocols import folds_of, splitter


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is to be answered, on which recordings, by models fitted on which of them.

    Attributes:
        model: to be asked as it is, where there is no ``estimator``.
        estimator: to be fitted anew for each fold; None for a saved model.
        table: the recordings whose emotions the model knows, as they are.
        places: where the recording of each row is.
        classes: what the answers count by.
        pairs: rows to fit on and to test on, fold by fold; none for a saved model.
        notes: what a reader should know.
    """

    model: Any
    estimator: Any
    table: FeatureTable
    places: Sequence[Stretch]
    classes: tuple[str, ...]
    pairs: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
    notes: tuple[str, ...]


def question(
    model: Any,
    recordings: Corpus | FeatureTable,
    config: FeatureConfig | None,
    protocol: str,
    folds: int,
    seed: int,
    workers: int | str | None,
    allow_overlap: bool,
) -> Question:
    """Bring a model and recordings together; the arguments and errors are those of ``robustness``."""
    require("evaluation")
    splitter(protocol, folds, seed)
    estimator = recipe_of(model)
    notes: tuple[str, ...] = ()
    table, places = measured(recordings, model.config if isinstance(model, Model) else config, workers)
    if isinstance(model, Model):
        kept = np.flatnonzero(np.isin(table.emotions, model.emotions))
        table, places, notes = as_known_to(model, table), [places[row] for row in kept], left_out_by(model, table)
        if estimator is None:
            note = check_unseen(model, table, protocol, allow_overlap)
            return Question(model, None, table, places, model.emotions, (), (note, *notes))
    examples(table)
    pairs = folds_of(protocol, table, folds, seed)
    if protocol in ("random", "speaker") and len(pairs) < folds:
        notes = (fewer(protocol, folds, len(pairs)), *notes)
    return Question(model, estimator, table, places, table.classes, pairs, notes)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What was answered.

    Attributes:
        tested: the clips, as they are.
        classes: what ``named`` counts by.
        named: the likeliest class of each clip, shape (1 + conditions, n), the first row of the clips as they are.
        missing: for each row of ``named`` why there are no answers; empty where there are.
        folds: how many models were fitted.
        notes: what a reader should know.
    """

    tested: FeatureTable
    classes: tuple[str, ...]
    named: NDArray[np.int64]
    missing: tuple[str, ...]
    folds: int
    notes: tuple[str, ...]


def ask(
    asked: Question,
    conditions: tuple[str, ...],
    clips: int | None,
    seed: int,
    workers: int | str | None,
    progress: pool.Progress | None,
) -> Answers:
    """Measure clips under each condition and let the models answer; the arguments are those of ``robustness``.

    Raises:
        FeatureError: if a recording cannot be read (again), or is not what the table was made of.
    """
    table, notes = asked.table, asked.notes
    rows = choose(table, clips, seed)
    if len(rows) < len(table):
        notes = (f"tested on {len(rows)} of {len(table)} clips, drawn evenly from speakers and emotions", *notes)
    talkers, alone = voices(table, rows, seed)
    if alone and any(name.startswith("babble") for name in conditions):
        notes = (*notes, "the other voices are the speaker's own: there is nobody else in the recordings")
    tests = [np.flatnonzero(np.isin(rows, test)) for _, test in asked.pairs]
    steps = _Steps(progress, len(rows) + sum(len(test) > 0 for test in tests))
    tasks = [
        Clip(asked.places[row], tuple(asked.places[other] for other in others), conditions, table.config, seed)
        for row, others in zip(rows.tolist(), talkers, strict=True)
    ]
    hands = workers if shared([task.place.path for task in tasks], workers) else None  # who reads the recordings again
    heard = []
    for row, one in zip(rows.tolist(), pool.run(hear, tasks, hands), strict=True):
        _check(one, table, row)
        heard.append(one)
        steps.done()
    values = np.stack([one.values for one in heard], axis=1)
    missing = tuple(_missing([one.reasons[number] for one in heard]) for number in range(len(values)))
    works = np.array([not reason for reason in missing])
    named = np.zeros(values.shape[:2], dtype=np.int64)
    if asked.estimator is None:
        for number in np.flatnonzero(works):
            named[number] = asked.model.predict_proba(values[number]).argmax(axis=1)
    else:
        named[works] = _named(asked, tests, table.speakers[rows], values[works], workers, steps)
    return Answers(table.rows(rows), asked.classes, named, missing, len(asked.pairs), notes)


@dataclass(slots=True)
class _Steps:
    """Tells how far the work is."""

    progress: pool.Progress | None
    total: int
    count: int = 0

    def done(self) -> None:
        self.count += 1
        if self.progress:
            self.progress(self.count, self.total)


def _check(one: Heard, table: FeatureTable, row: int) -> None:
    if one.reasons[0]:
        raise FeatureError(one.reasons[0])
    if not np.allclose(one.values[0], table.values[row], rtol=0.01, atol=0.01):
        raise FeatureError(
            f"{table.paths[row]} is not what the table was made of (changed since, or only a part of it was "
            "measured); give the corpus in place of the table"
        )


def _missing(reasons: Sequence[str]) -> str:
    """Why a condition has no scores: the commonest reason, and of how many clips."""
    given = [reason for reason in reasons if reason]
    if not given:
        return ""
    most = max(sorted(set(given)), key=given.count)
    return most if len(given) == len(reasons) else f"{len(given)} of {len(reasons)} clips: {most}"


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    """One model to fit on clean rows and to ask about degraded ones, shape (conditions, n, features), of ``voices``."""

    estimator: Any
    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    speakers: NDArray[np.str_] | None
    asked: NDArray[np.float32]
    voices: NDArray[np.str_]
    classes: int


def _answer(fold: _Fold) -> NDArray[np.int64]:
    fitted = fit(fold.estimator, fold.values, fold.labels, fold.speakers)
    # One condition at a time: what is known of a speaker by these clips must not be mixed of several.
    return np.stack([guess(fitted, values, fold.classes, fold.voices).argmax(axis=1) for values in fold.asked])


def _named(
    asked: Question,
    tests: Sequence[NDArray[np.intp]],
    asked_of: NDArray[np.str_],
    values: NDArray[np.float32],
    workers: int | str | None,
    steps: _Steps,
) -> NDArray[np.int64]:
    """The class that each fold's model names for the clips that it tests, shape (conditions, n)."""
    table, classes = asked.table, len(asked.classes)
    clean, labels = examples(table)
    named = np.zeros(values.shape[:2], dtype=np.int64)
    parts = [
        _Fold(
            asked.estimator,
            *learnt(clean, labels, table.speakers, tuple(table.copies.values()), train),
            values[:, those],
            asked_of[those],
            classes,
        )
        for (train, _), those in zip(asked.pairs, tests, strict=True)
        if len(those)
    ]
    for those, answers in zip(filter(len, tests), pool.run(_answer, parts, workers), strict=True):
        named[:, those] = answers
        steps.done()
    return named
