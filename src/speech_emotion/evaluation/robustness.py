"""What is left of a model where the sound is worse: noise, a telephone, a codec, a room, half a sentence.

A model is fitted on recordings as they are, and asked about others, degraded. Nothing of a test speaker is
learnt, degraded or not, and nothing degraded is learnt at all: it is the same split as in
:func:`speech_emotion.evaluation.evaluate.evaluate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..corpora.utterance import Corpus
from ..errors import FeatureError, UsageError, unknown
from ..features.config import FeatureConfig
from ..features.table import FeatureTable
from ..models.model import Model
from .breakdown import gap_between_sexes
from .clips import choose, measured, voices
from .compare import by_speaker, paired
from .conditions import CONDITIONS, Clip, Heard, Stretch, hear
from .evaluate import as_known_to, check_unseen, fewer
from .fitting import examples, fit, guess, numbered, require
from .intervals import Score, bootstrap_over_speakers
from .metrics import accuracy, uar
from .protocols import folds_of, splitter


@dataclass(frozen=True, slots=True)
class Row:
    """What a model is worth under one condition. All scores have intervals over speakers.

    Attributes:
        condition: a name from :data:`speech_emotion.evaluation.conditions.CONDITIONS`: ``white_10``.
        group: what it belongs to, for a heading: ``noise``, ``level``, ``channel``, ``room``, ``speed`` or ``length``.
        title: for people: ``white noise, 10 dB``.
        uar: on the degraded clips.
        drop: the UAR on the clean clips less that on the degraded ones; above 0 is a loss.
        unchanged: the part of the clips that are given the same emotion as when they were clean, right or wrong.
        sex_gap: the UAR of women less that of men; None where the clips are not of both.
        missing: why there are no scores (which are then None), empty where there are.
    """

    condition: str
    group: str
    title: str
    uar: Score | None
    drop: Score | None
    unchanged: Score | None
    sex_gap: Score | None = None
    missing: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        scores = {name: getattr(self, name) for name in ("uar", "drop", "unchanged", "sex_gap")}
        return {
            "condition": self.condition,
            "group": self.group,
            "title": self.title,
            **{name: None if score is None else score.as_dict() for name, score in scores.items()},
            **({"missing": self.missing} if self.missing else {}),
        }


@dataclass(frozen=True, slots=True)
class Robustness:
    """What a model is worth on degraded sound.

    Attributes:
        protocol: who was tested on what, as in :class:`speech_emotion.evaluation.evaluate.Report`.
        folds: how many models were fitted; 0 where a saved one was judged as it is.
        seed: of the split, the choice of clips, the noise and the intervals.
        clips: how many were tested, under each condition.
        speakers: by how many people.
        chance: the UAR of guessing: 1 / classes.
        clean: the UAR, of all folds together, on the same clips as they are.
        clean_sex_gap: the UAR of women less that of men on them; None where the clips are not of both.
        rows: one for each condition, in the order in which they were asked for.
        notes: what a reader should know, a line each.
    """

    protocol: str
    folds: int
    seed: int
    clips: int
    speakers: int
    chance: float
    clean: Score
    clean_sex_gap: Score | None
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "protocol": self.protocol,
            "folds": self.folds,
            "seed": self.seed,
            "clips": self.clips,
            "speakers": self.speakers,
            "chance": self.chance,
            "clean": self.clean.as_dict(),
            "clean_sex_gap": self.clean_sex_gap.as_dict() if self.clean_sex_gap else None,
            "rows": [row.as_dict() for row in self.rows],
            "notes": list(self.notes),
        }


def robustness(
    model: Any,
    recordings: Corpus | FeatureTable,
    *,
    protocol: str = "speaker",
    folds: int = 5,
    seed: int = 0,
    conditions: Sequence[str] | None = None,
    clips: int | None = None,
    config: FeatureConfig | None = None,
    workers: int | None = None,
    progress: pool.Progress | None = None,
    allow_overlap: bool = False,
) -> Robustness:
    """Judge a model on recordings that it was not fitted on, as they are and under worse conditions.

    Args:
        model: as :func:`speech_emotion.evaluation.evaluate.evaluate` takes it.
        recordings: a corpus; or its table, whose files are read again, and must be those that it was made of.
        protocol: as ``evaluate`` takes it. The scores are those of all folds together.
        folds: how many, from 2.
        seed: of the split, the choice of clips, the noise and the intervals.
        conditions: names from :data:`speech_emotion.evaluation.conditions.CONDITIONS`; None takes all.
        clips: how many to test, drawn evenly from speakers and emotions; None takes all. Models are fitted on all
            clips of the training speakers all the same.
        config: what to measure in a corpus, for an estimator; by default mel, chroma and MFCC.
        workers: how many processes; None takes all cores. The result is the same with any number.
        progress: called with steps done and all steps: a clip heard under all conditions, or a model fitted.
        allow_overlap: judge a saved model also on speakers that it was trained on; the notes then say so.

    Returns:
        A row for each condition. One that this machine cannot do, for want of a codec, has the reason instead of
        scores.

    Raises:
        UsageError: if there is no such protocol or condition, ``clips`` is less than 1, or the model has neither
            ``fit`` nor a recipe.
        TrainingError: if the recordings cannot be split so, or are of speakers that a saved model was trained on.
        FeatureError: if a recording cannot be read (again), or is not what the table was made of.
    """
    names = _names(conditions, clips)
    asked = _question(model, recordings, config, protocol, folds, seed, allow_overlap, workers)
    table, pairs, notes = asked.table, asked.pairs, asked.notes
    rows = choose(table, clips, seed)
    if len(rows) < len(table):
        notes = (f"tested on {len(rows)} of {len(table)} clips, drawn evenly from speakers and emotions", *notes)
    steps = _Steps(progress, len(rows) + len(pairs))
    talkers, alone = voices(table, rows, seed)
    if alone and any(name.startswith("babble") for name in names):
        notes = (*notes, "the other voices are the speakers' own: there is nobody else in the recordings")
    tasks = [
        Clip(asked.places[row], tuple(asked.places[other] for other in others), names, table.config, seed)
        for row, others in zip(rows.tolist(), talkers, strict=True)
    ]
    heard = []
    for row, one in zip(rows.tolist(), pool.run(hear, tasks, workers), strict=True):
        _check(one, table, row)
        heard.append(one)
        steps.done()
    values = np.stack([one.values for one in heard], axis=1)
    missing = [_missing([one.reasons[number] for one in heard]) for number in range(1 + len(names))]
    works = np.array([not reason for reason in missing])
    named = np.zeros((len(works), len(rows)), dtype=np.int64)
    if asked.estimator is None:
        for number in np.flatnonzero(works):
            named[number] = model.predict_proba(values[number]).argmax(axis=1)
    else:
        named[works] = _named(asked, rows, values[works], workers, steps)
    scored = partial(_scored, asked.classes, table.rows(rows), seed)
    clean, *rest = (scored(guesses, named[0]) for guesses in named)
    return Robustness(
        protocol=protocol,
        folds=len(pairs),
        seed=seed,
        clips=len(rows),
        speakers=len(np.unique(table.speakers[rows])),
        chance=1 / len(asked.classes),
        clean=clean["uar"],
        clean_sex_gap=clean["sex_gap"],
        rows=tuple(map(_row, names, rest, missing[1:])),
        notes=notes,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What is asked about: the recordings that the model knows, and the models to fit; none for a saved one."""

    estimator: Any
    table: FeatureTable
    places: Sequence[Stretch]
    classes: tuple[str, ...]
    pairs: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
    notes: tuple[str, ...]


def _names(conditions: Sequence[str] | None, clips: int | None) -> tuple[str, ...]:
    names = tuple(CONDITIONS) if conditions is None else tuple(dict.fromkeys(conditions))
    for name in names:
        if name not in CONDITIONS:
            raise unknown("condition", name, CONDITIONS)
    if clips is not None and clips < 1:
        raise UsageError(f"clips must be 1 or more, not {clips}")
    return names


def _question(
    model: Any,
    recordings: Corpus | FeatureTable,
    config: FeatureConfig | None,
    protocol: str,
    folds: int,
    seed: int,
    allow_overlap: bool,
    workers: int | None,
) -> _Question:
    require("evaluation")
    splitter(protocol, folds, seed)
    estimator = getattr(model.classifier, "recipe", None) if isinstance(model, Model) else model
    if estimator is not None and not (hasattr(estimator, "fit") and hasattr(estimator, "predict_proba")):
        raise UsageError(f"a model must have fit and predict_proba, and {type(model).__name__} has not")
    notes: tuple[str, ...] = ()
    table, places = measured(recordings, model.config if isinstance(model, Model) else config, workers)
    if isinstance(model, Model):
        kept = np.flatnonzero(np.isin(table.emotions, model.emotions))
        if len(kept) < len(table):
            notes = (f"{len(table) - len(kept)} utterances left out: the model does not know their emotions",)
        table, places = as_known_to(model, table), [places[row] for row in kept]
        if estimator is None:
            note = check_unseen(model, table, protocol, allow_overlap)
            return _Question(None, table, places, model.emotions, (), (note, *notes))
    examples(table)
    pairs = folds_of(protocol, table, folds, seed)
    if protocol in ("random", "speaker") and len(pairs) < folds:
        notes = (fewer(protocol, folds, len(pairs)), *notes)
    return _Question(estimator, table, places, table.classes, pairs, notes)


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
    """One model to fit on clean rows and to ask about degraded ones, shape (conditions, n, features)."""

    estimator: Any
    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    speakers: NDArray[np.str_]
    asked: NDArray[np.float32]
    classes: int


def _answer(fold: _Fold) -> NDArray[np.int64]:
    fitted = fit(fold.estimator, fold.values, fold.labels, fold.speakers)
    flat = fold.asked.reshape(-1, fold.asked.shape[-1])
    named: NDArray[np.int64] = guess(fitted, flat, fold.classes).argmax(axis=1).astype(np.int64)
    return named.reshape(fold.asked.shape[:2])


def _named(
    asked: _Question, rows: NDArray[np.intp], values: NDArray[np.float32], workers: int | None, steps: _Steps
) -> NDArray[np.int64]:
    """The class that models of the folds name for each of the chosen rows, shape (conditions, rows)."""
    table, classes = asked.table, len(asked.classes)
    clean, labels = examples(table)
    named = np.zeros(values.shape[:2], dtype=np.int64)
    tested = [np.flatnonzero(np.isin(rows, test)) for _, test in asked.pairs]
    parts = [
        _Fold(asked.estimator, clean[train], labels[train], table.speakers[train], values[:, those], classes)
        for (train, _), those in zip(asked.pairs, tested, strict=True)
        if len(those)
    ]
    for those, answers in zip(filter(len, tested), pool.run(_answer, parts, workers), strict=True):
        named[:, those] = answers
        steps.done()
    return named


def _scored(
    classes: tuple[str, ...],
    tested: FeatureTable,
    seed: int,
    guesses: NDArray[np.int64],
    clean: NDArray[np.int64],
) -> dict[str, Any]:
    """The scores of the classes that are named for clips, and what has changed since they were clean."""
    truth, speakers, count = numbered(tested.emotions, classes), tested.speakers, len(classes)
    score = partial(bootstrap_over_speakers, speakers=speakers, classes=count, seed=seed)
    first, second = (by_speaker(truth, named, speakers, count) for named in (clean, guesses))
    return {
        "uar": score(truth, guesses, metrics={"uar": uar})["uar"],
        "drop": paired(first, second, np.random.default_rng(seed)),
        "unchanged": score(clean, guesses, metrics={"unchanged": accuracy})["unchanged"],
        "sex_gap": gap_between_sexes(truth, guesses, speakers, tested.sexes, count, seed=seed),
    }


def _row(name: str, scores: dict[str, Any], missing: str) -> Row:
    condition = CONDITIONS[name]
    if missing:
        return Row(name, condition.group, condition.title, None, None, None, missing=missing)
    return Row(name, condition.group, condition.title, **scores)
