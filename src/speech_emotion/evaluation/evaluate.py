"""One model's honest scores on one table.

A model is judged only on utterances that it was not fitted on: it is fitted anew for each fold of a protocol,
and the guesses for all folds are scored together. A model that cannot be fitted anew (a bundle from disk) is
judged as it is, and only on speakers that it was not trained on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..errors import UsageError
from ..features.table import FeatureTable
from ..models.model import Model
from .adapted import Adapt, adapted, asked, in_words, too_few
from .fitting import Answer, Fold, examples, numbered, require
from .intervals import Score, bootstrap_over_speakers, bootstrap_probabilities
from .known import as_known_to, check_unseen, left_out_by, only_known_to, recipe_of
from .metrics import confusion, recalls
from .protocols import folds_of, splitter
from .resume import answers

ASPECTS = {"sex": "sexes", "corpus": "corpora", "intensity": "intensities"}
"""What a report is broken down by, and the column of a table that holds it."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a model is worth.

    Attributes:
        protocol: who was tested on what: a name from :data:`speech_emotion.evaluation.protocols.PROTOCOLS`.
        folds: how many models were fitted; 0 where a saved one was judged as it is.
        seed: of the split and of the intervals.
        emotions: the classes; every array below counts them in this order.
        scores: ``uar``, ``accuracy``, ``macro_f1``, ``log_loss``, ``brier``, ``ece`` and ``aurc``, each with its
            interval over speakers; where the model may say "not sure" also ``coverage``, how much it answers,
            and ``sure_accuracy``, the accuracy of those answers. Under ``emobox`` the first three are the means
            of the six folds' scores, as published.
        recalls: for each emotion that occurs, the part of its utterances that was recognised.
        confusion: counts, shape (classes, classes), a row for each true emotion.
        chance: the UAR of guessing among the emotions that occur: 1 / their number.
        majority: the accuracy of always naming the most frequent emotion.
        truth: the true class of each utterance, shape (n,).
        probabilities: of each class for each utterance, by a model that had not seen it, shape (n, classes).
        speakers: who spoke each utterance, shape (n,).
        fold: where the main scores are means of the folds' scores, the fold that tested each utterance, shape (n,).
        adapted: the same after adaptation to other tested clips, their emotions unknown, by what was heard:
            ``"10"``, so many of the speaker; ``"all"``, all of the speaker; ``"session"``, all of the fold.
        aspects: ``sex``, ``corpus`` and ``intensity`` of each utterance, each of shape (n,), empty where unknown.
        notes: what a reader should know, a line each.
    """

    protocol: str
    folds: int
    seed: int
    emotions: tuple[str, ...]
    scores: dict[str, Score]
    recalls: dict[str, float]
    confusion: NDArray[np.int64]
    chance: float
    majority: float
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    speakers: NDArray[np.str_]
    aspects: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fold: NDArray[np.intp] | None = None
    adapted: Mapping[str, Report] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; all but what is there for each utterance."""
        return {
            "protocol": self.protocol,
            "folds": self.folds,
            "seed": self.seed,
            "emotions": list(self.emotions),
            "utterances": len(self.truth),
            "speakers": len(np.unique(self.speakers)),
            **{name: score.as_dict() for name, score in self.scores.items()},
            "recalls": dict(self.recalls),
            "confusion": self.confusion.tolist(),
            "chance": self.chance,
            "majority": self.majority,
            "notes": list(self.notes),
            **({"adapted": {name: each.as_dict() for name, each in self.adapted.items()}} if self.adapted else {}),
        }


def evaluate(
    model: Any,
    table: FeatureTable,
    protocol: str = "speaker",
    *,
    folds: int = 5,
    seed: int = 0,
    workers: int | str | None = None,
    progress: pool.Progress | None = None,
    allow_overlap: bool = False,
    resume: str | os.PathLike[str] | None = None,
    adapt: Adapt = (),
) -> Report:
    """Judge a model on utterances that it was not fitted on.

    Args:
        model: a scikit-learn estimator with ``fit`` and ``predict_proba``, which is copied and fitted anew
            for each fold (its ``notes``, if it has such, go into the report); a model from
            :func:`speech_emotion.train`, whose recipe is; or one loaded from a bundle, which is judged as it is, on
            speakers that it was not trained on. Our own models are judged on the features and emotions that they know.
        table: the recordings.
        protocol: a name from :data:`speech_emotion.evaluation.protocols.PROTOCOLS`: ``speaker``, new voices;
            ``random``, clips shuffled; ``loso``, one voice at a time; ``sentence``, new words; ``emobox``,
            RAVDESS's published folds; ``corpus``, other recordings.
        folds: how many, from 2; fewer where there are fewer speakers, and the report says so. Only ``speaker`` and
            ``random`` heed it.
        seed: of the split and of the intervals.
        workers: how many processes, all cores if None, or a Dask scheduler's address; the report is the same.
        progress: called with folds done and folds in all.
        allow_overlap: judge a saved model also on speakers that it was trained on; the report is then marked.
        resume: a folder for finished folds. What a killed run left there is used, the report is the same;
            :func:`speech_emotion.evaluation.resume.forget` clears it.
        adapt: also score the answers after adaptation to other tested clips, their emotions unknown: so many of the
            speaker, drawn at random (``10``); ``"all"`` of the speaker; or the ``"session"``: all of the fold. One or
            several. Needs a calibrated recipe or a saved model that can adapt.

    Returns:
        The scores of all folds together; those after adaptation beside them, in ``adapted``.

    Raises:
        UsageError: if there is no such protocol or adaptation, the model has neither ``fit`` nor a recipe, or it
            cannot adapt.
        TrainingError: if the table cannot be split so, or holds speakers that a saved model was trained on.
        FeatureError: if the table lacks features that the model needs.
    """
    require("evaluation")
    splitter(protocol, folds, seed)
    heard = asked(adapt)
    estimator = recipe_of(model)
    strange: tuple[str, ...] = ()
    if isinstance(model, Model):
        table, strange = as_known_to(model, table), left_out_by(model, table)
        if estimator is None:
            return _as_it_is(model, table, protocol, seed, allow_overlap, strange, heard)
    if heard and not hasattr(estimator, "sure_at"):
        raise UsageError("only a calibrated recipe can adapt: leave out --no-calibrate, or --adapt")
    values, labels = examples(table)
    pairs = folds_of(protocol, table, folds, seed)
    copies = tuple(table.copies.values())
    parts = [Fold(estimator, values, labels, *pair, len(table.classes), table.speakers, copies) for pair in pairs]
    answered = []
    for number, found in enumerate(answers(parts, workers, resume)):
        answered.append((parts[number].test, found))
        if progress:
            progress(number + 1, len(parts))
    return _reported(
        answered,
        table,
        labels,
        table.classes,
        heard,
        protocol=protocol,
        folds=len(parts),
        seed=seed,
        by_fold=protocol == "emobox",
        may_be_silent=getattr(estimator, "sure_at", None) is not None,
        notes=(*_notes(protocol, folds, len(parts)), *getattr(estimator, "notes", ()), *strange),
    )


def report(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    speakers: NDArray[np.str_],
    emotions: tuple[str, ...],
    *,
    protocol: str,
    folds: int,
    seed: int,
    fold: NDArray[np.intp] | None = None,
    sure: NDArray[np.bool_] | None = None,
    aspects: Mapping[str, NDArray[np.str_]] | None = None,
    notes: tuple[str, ...] = (),
    drawn: NDArray[Any] | None = None,
) -> Report:
    """The scores of guesses that are there already; the arguments are the report's attributes.

    Where ``fold`` is given, the main scores are the means of the folds'. ``sure`` is whether the model is sure
    enough to answer, ``drawn`` what is drawn together for the intervals, shape (n,): the speakers, where it is not
    given.
    """
    drawn = speakers if drawn is None else drawn
    named = probabilities.argmax(axis=1)
    counts = confusion(truth, named, len(emotions))
    each = zip(emotions, recalls(counts).tolist(), strict=True)
    return Report(
        protocol=protocol,
        folds=folds,
        seed=seed,
        emotions=emotions,
        scores={
            **bootstrap_over_speakers(truth, named, drawn, len(emotions), folds=fold, seed=seed),
            **bootstrap_probabilities(truth, probabilities, drawn, sure=sure, seed=seed),
        },
        recalls={emotion: recall for emotion, recall in each if not np.isnan(recall)},
        confusion=counts,
        chance=1 / int((counts.sum(axis=1) > 0).sum()),
        majority=float(counts.sum(axis=1).max() / counts.sum()),
        truth=truth,
        probabilities=probabilities,
        speakers=speakers,
        aspects=aspects or {},
        notes=notes,
        fold=fold,
    )


def fewer(protocol: str, asked: int, folds: int) -> str:
    """The line for a report that has fewer folds than were asked for."""
    reason = "there are no more speakers" if protocol == "speaker" else "the rarest emotion has no more clips"
    return f"{folds} folds, not {asked}: {reason}"


def _notes(protocol: str, asked: int, folds: int) -> tuple[str, ...]:
    if protocol == "emobox":
        return ("UAR, accuracy and macro F1 are the means of the six folds' scores, as published",)
    return (fewer(protocol, asked, folds),) if protocol in ("random", "speaker") and folds < asked else ()


def _as_it_is(
    model: Model,
    table: FeatureTable,
    protocol: str,
    seed: int,
    allow_overlap: bool,
    strange: tuple[str, ...],
    heard: tuple[str, ...],
) -> Report:
    note = check_unseen(model, table, protocol, allow_overlap)
    centre = model.adaptation().centre if heard else ()
    found = Answer(model.predict_proba(table), model.sure_above, tuple(centre))
    return _reported(
        [(np.arange(len(table)), found)],
        table,
        numbered(table.emotions, model.emotions),
        model.emotions,
        heard,
        protocol=protocol,
        folds=0,
        seed=seed,
        by_fold=False,
        may_be_silent=model.sure_above > 0,
        notes=(note, *strange, *only_known_to(model, table)),
    )


def _reported(
    answered: list[tuple[NDArray[np.intp], Answer]],
    table: FeatureTable,
    truth: NDArray[np.int64],
    emotions: tuple[str, ...],
    heard: tuple[str, ...],
    *,
    protocol: str,
    folds: int,
    seed: int,
    by_fold: bool,
    may_be_silent: bool,
    notes: tuple[str, ...],
) -> Report:
    """The scores of all folds' answers, each with the rows that it is of, and beside them the same adapted."""
    fold = np.zeros(len(table), dtype=np.intp)
    for number, (rows, _) in enumerate(answered):
        fold[rows] = number

    def scored(parts: list[Answer], notes: tuple[str, ...]) -> Report:
        probabilities, sure = np.zeros((len(table), len(emotions))), np.ones(len(table), dtype=np.bool_)
        for (rows, _), each in zip(answered, parts, strict=True):
            probabilities[rows], sure[rows] = each.probabilities, each.sure
        return report(
            probabilities,
            truth,
            table.speakers,
            emotions,
            protocol=protocol,
            folds=folds,
            seed=seed,
            fold=fold if by_fold else None,
            sure=sure if may_be_silent else None,
            aspects={aspect: getattr(table, column) for aspect, column in ASPECTS.items()},
            notes=notes,
        )

    whole = scored([found for _, found in answered], notes)
    after = {}
    for name in heard:
        parts = [adapted(found, table.speakers[rows], rows, name, seed) for rows, found in answered]
        short = too_few(table.speakers, name)
        after[name] = scored(
            parts, (f"adapted {in_words(name)}, emotions unknown", *([short] if short else []), *notes)
        )
    return replace(whole, adapted=after)
