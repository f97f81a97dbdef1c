"""One model's honest scores on one table.

A model is judged only on utterances that it was not fitted on: it is fitted anew for each fold of a protocol,
and the guesses for all folds are scored together. A model that cannot be fitted anew (a bundle from disk) is
judged as it is, and only on speakers that it was not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..errors import FeatureError, TrainingError, UsageError
from ..features.table import FeatureTable
from ..models.model import Model
from .fitting import Fold, examples, judge, numbered, require
from .intervals import Score, bootstrap_over_speakers
from .metrics import confusion, recalls
from .protocols import splitter


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a model is worth.

    Attributes:
        protocol: who was tested on what: a name from :data:`speech_emotion.evaluation.protocols.PROTOCOLS`.
        folds: how many models were fitted; 0 where a saved one was judged as it is.
        seed: of the split and of the intervals.
        emotions: the classes; every array below counts them in this order.
        scores: ``uar``, ``accuracy`` and ``macro_f1``, each with its interval over speakers.
        recalls: for each emotion that occurs, the part of its utterances that was recognised.
        confusion: counts, shape (classes, classes), a row for each true emotion.
        chance: the UAR of guessing: 1 / classes.
        majority: the accuracy of always naming the most frequent emotion.
        truth: the true class of each utterance, shape (n,).
        probabilities: of each class for each utterance, by a model that had not seen it, shape (n, classes).
        speakers: who spoke each utterance, shape (n,).
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
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; all but what is there for each utterance."""
        return {
            "protocol": self.protocol,
            "folds": self.folds,
            "seed": self.seed,
            "emotions": list(self.emotions),
            "utterances": len(self.truth),
            "speakers": len(np.unique(self.speakers)),
            "scores": {name: score.as_dict() for name, score in self.scores.items()},
            "recalls": dict(self.recalls),
            "confusion": self.confusion.tolist(),
            "chance": self.chance,
            "majority": self.majority,
            "notes": list(self.notes),
        }


def evaluate(
    model: Any,
    table: FeatureTable,
    protocol: str = "speaker",
    *,
    folds: int = 5,
    seed: int = 0,
    workers: int | None = None,
    progress: pool.Progress | None = None,
) -> Report:
    """Judge a model on utterances that it was not fitted on.

    Args:
        model: a scikit-learn estimator with ``fit`` and ``predict_proba``, which is copied and fitted anew
            for each fold; a model from :func:`speech_emotion.train`, whose recipe is; or one loaded from a
            bundle, which is judged as it is, on speakers that it was not trained on. Our own models are
            judged on the features and emotions that they know.
        table: the recordings.
        protocol: ``speaker``, new voices, or ``random``, clips shuffled.
        folds: how many, from 2; fewer where there are fewer speakers, and the report says so.
        seed: of the split and of the intervals.
        workers: how many processes; None takes all cores. The report is the same with any number.
        progress: called with folds done and folds in all.

    Returns:
        The scores of all folds together.

    Raises:
        UsageError: if there is no such protocol, or the model has neither ``fit`` nor a recipe.
        TrainingError: if the table cannot be split so, or holds speakers that a saved model was trained on.
        FeatureError: if the table lacks features that the model needs.
    """
    require("evaluation")
    splits = splitter(protocol, folds, seed)
    estimator = model
    if isinstance(model, Model):
        table = _as_known_to(model, table)
        estimator = getattr(model.classifier, "pipeline", None)
        if estimator is None:
            return _as_it_is(model, table, protocol, seed)
    if not (hasattr(estimator, "fit") and hasattr(estimator, "predict_proba")):
        raise UsageError(f"a model must have fit and predict_proba, and {type(model).__name__} has not")
    values, labels = examples(table)
    pairs = list(splits.split(values, table.emotions, table.speakers))
    parts = [Fold(estimator, values, labels, train, test, len(table.classes)) for train, test in pairs]
    probabilities = np.zeros((len(table), len(table.classes)))
    for done, (part, guesses) in enumerate(zip(parts, pool.run(judge, parts, workers), strict=True), 1):
        probabilities[part.test] = guesses
        if progress:
            progress(done, len(parts))
    notes = () if len(parts) == folds else (fewer(protocol, folds, len(parts)),)
    return report(
        probabilities,
        labels,
        table.speakers,
        table.classes,
        protocol=protocol,
        folds=len(parts),
        seed=seed,
        notes=notes,
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
    notes: tuple[str, ...] = (),
) -> Report:
    """The scores of guesses that are there already; the arguments are the report's attributes."""
    named = probabilities.argmax(axis=1)
    counts = confusion(truth, named, len(emotions))
    each = zip(emotions, recalls(counts).tolist(), strict=True)
    return Report(
        protocol=protocol,
        folds=folds,
        seed=seed,
        emotions=emotions,
        scores=bootstrap_over_speakers(truth, named, speakers, len(emotions), seed=seed),
        recalls={emotion: recall for emotion, recall in each if not np.isnan(recall)},
        confusion=counts,
        chance=1 / len(emotions),
        majority=float(counts.sum(axis=1).max() / counts.sum()),
        truth=truth,
        probabilities=probabilities,
        speakers=speakers,
        notes=notes,
    )


def fewer(protocol: str, asked: int, folds: int) -> str:
    """The line for a report that has fewer folds than were asked for."""
    reason = "there are no more speakers" if protocol == "speaker" else "the rarest emotion has no more clips"
    return f"{folds} folds, not {asked}: {reason}"


def _as_known_to(model: Model, table: FeatureTable) -> FeatureTable:
    table = table.narrow(model.config.features, model.config.statistics)
    for field in fields(model.config):
        made, wanted = getattr(table.config, field.name), getattr(model.config, field.name)
        if made != wanted:
            raise FeatureError(f"the table was made with {field.name} = {made}, and the model needs {wanted}")
    known = np.isin(table.emotions, model.emotions)
    return table if known.all() else table.rows(known)


def _as_it_is(model: Model, table: FeatureTable, protocol: str, seed: int) -> Report:
    if protocol != "speaker":
        raise UsageError(f"a saved model cannot be fitted anew, so not judged by '{protocol}' (valid: speaker)")
    seen = sorted(set(table.speakers.tolist()) & set(model.provenance.speakers))
    if seen:
        raise TrainingError(
            f"{model.name} was trained on {len(seen)} of these speakers ({', '.join(seen[:3])}"
            f"{', …' if len(seen) > 3 else ''}); judge it on others, or train its recipe anew"
        )
    if not len(table):
        raise TrainingError(f"the table has none of the emotions of {model.name}: {', '.join(model.emotions)}")
    truth = numbered(table.emotions, model.emotions)
    notes = ("judged as it is, on speakers that it was not trained on",)
    return report(
        model.predict_proba(table),
        truth,
        table.speakers,
        model.emotions,
        protocol=protocol,
        folds=0,
        seed=seed,
        notes=notes,
    )
