"""All that is known of a model on some recordings: its scores side by side under several protocols, and what they
rest on.

One protocol's score is easily taken for the truth. So a study judges under all that the recordings allow, says of
each other why not, and keeps what was left out and what may have leaked beside the scores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..errors import TrainingError, UsageError
from ..features.table import FeatureTable
from ..models.model import Model
from ..workers import Progress
from . import breakdown
from .evaluate import Report, evaluate
from .probabilities import guesses, reliability, risk_coverage
from .published import System, human, systems

BESIDE = ("random", "speaker", "sentence", "corpus")
"""The protocols of the honest table, in its order."""

COVERAGES = tuple(part / 20 for part in range(1, 21))
"""Where the risk–coverage curve is told in numbers: 5 %, 10 %, … of the clips answered."""

Step = Callable[[str], AbstractContextManager[Progress]]
"""Called when a step begins, with what it is; what it gives is told how far the step is."""


@contextmanager
def silent(line: str) -> Iterator[Progress]:
    """A step that nobody is told of."""
    yield lambda done, total: None


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One row of the honest table.

    Attributes:
        protocol: its name.
        report: the scores under it; None where it does not work on these recordings.
        why_not: the reason, empty where it works.
    """

    protocol: str
    report: Report | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What a model is worth on some recordings, as a page and a JSON document show it.

    Attributes:
        task: what was told apart: ``"8 emotions"``.
        asked: the protocol that was asked for.
        sides: the protocols, in the order of the honest table; ``asked`` is among them, and has a report.
        left_out: what was not judged, counted by reason.
        leaks: warnings, a line each.
        about: facts, each a name and a value: the corpora, their licences, the features.
    """

    task: str
    asked: str
    sides: tuple[Side, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    leaks: tuple[str, ...] = ()
    about: tuple[tuple[str, str], ...] = ()

    @property
    def reports(self) -> dict[str, Report]:
        """Of each protocol that works, by name."""
        return {side.protocol: side.report for side in self.sides if side.report is not None}

    @property
    def honest(self) -> Report:
        """The scores to go by: those that were asked for, but of new speakers where that is the random split."""
        reports = self.reports
        return reports.get("speaker", reports[self.asked]) if self.asked == "random" else reports[self.asked]

    @property
    def human(self) -> float | None:
        """The accuracy of people at the same task, a fraction, where published."""
        return human(self.honest)

    @property
    def systems(self) -> tuple[System, ...]:
        """The published systems that were judged on the same folds, where these are among the protocols."""
        return systems(self.reports["emobox"]) if "emobox" in self.reports else ()

    @property
    def flattery(self) -> float | None:
        """By how much the random split's UAR is above that of new speakers, a fraction; None where one is missing."""
        reports = self.reports
        if not {"random", "speaker"} <= set(reports):
            return None
        return reports["random"].scores["uar"].value - reports["speaker"].scores["uar"].value

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the scores, each line once."""
        return tuple(dict.fromkeys(note for report in self.reports.values() for note in report.notes))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, as ``docs/report.schema.json`` describes them: the asked protocol's at the top."""
        reports = self.reports
        beside = reports.get("speaker") if self.asked == "random" else None
        return {
            **_facts(reports[self.asked]),
            **({"beside": _facts(beside)} if beside else {}),
            "protocols": {
                side.protocol: side.report.as_dict() if side.report else {"why_not": side.why_not}
                for side in self.sides
            },
            "left_out": dict(self.left_out),
            "leaks": list(self.leaks),
            "about": dict(self.about),
        }


def study(
    model: Any,
    table: FeatureTable,
    protocol: str = "speaker",
    *,
    beside: Sequence[str] = BESIDE,
    subject: str = "",
    folds: int = 5,
    seed: int = 0,
    workers: int | None = None,
    step: Step = silent,
    allow_overlap: bool = False,
    resume: str | os.PathLike[str] | None = None,
) -> Study:
    """Judge a model under a protocol and, beside it, under others.

    Under the others a calibrated recipe is judged without its calibration, which takes most of the time and changes
    no answer; but not so for new speakers.

    Args:
        model: as for :func:`speech_emotion.evaluation.evaluate.evaluate`.
        table: the recordings.
        protocol: the one that is asked for; where it does not work, that is an error.
        beside: others; where one does not work, the study says why.
        subject: the model, in words, for the page.
        folds: how many, from 2; only ``speaker`` and ``random`` heed it.
        seed: of the splits and of the intervals.
        workers: how many processes; None takes all cores.
        step: who is told of each step.
        allow_overlap: judge a saved model also on speakers that it was trained on.
        resume: a folder for finished folds.

    Raises:
        SpeechEmotionError: whatever :func:`speech_emotion.evaluation.evaluate.evaluate` refuses of ``protocol``.
    """

    def judged(name: str, estimator: Any) -> Report:
        with step(f"evaluating, {name}") as progress:
            return evaluate(
                estimator,
                table,
                name,
                folds=folds,
                seed=seed,
                workers=workers,
                progress=progress,
                allow_overlap=allow_overlap,
                resume=resume,
            )

    found = {protocol: Side(protocol, judged(protocol, model))}
    for name in beside:
        if name not in found:
            try:
                found[name] = Side(name, judged(name, model if name == "speaker" else _answering(model)))
            except (TrainingError, UsageError) as error:
                found[name] = Side(name, why_not=str(error))
    order = [*BESIDE, *(name for name in found if name not in BESIDE)]
    report = found[protocol].report
    assert report is not None
    return Study(
        task=f"{len(report.emotions)} emotions",
        asked=protocol,
        sides=tuple(found[name] for name in order if name in found),
        left_out=left_out(table),
        about=about(table, subject, report),
    )


def about(table: FeatureTable, subject: str, report: Report) -> tuple[tuple[str, str], ...]:
    """What scores rest on, each fact a name and a value."""
    seconds = float(table.durations.sum())
    facts = [
        ("Model", subject),
        *(("Recordings", _origin(origin.name, origin.licence, origin.citation)) for origin in table.origins),
        (
            "Of them judged",
            f"{len(report.truth)} clips, {seconds / 3600:.1f} hours, {len(set(report.speakers.tolist()))} speakers",
        ),
        ("Emotions", ", ".join(report.emotions)),
        (
            "Features",
            f"{', '.join(table.config.features)} ({', '.join(table.config.statistics)} over frames): "
            f"{len(table.columns)} numbers a clip",
        ),
        ("Seed", str(report.seed)),
    ]
    return tuple((name, value) for name, value in facts if value)


def left_out(table: FeatureTable) -> dict[str, int]:
    """What is not in a table, counted by reason: other files, and recordings that could not be used."""
    reasons = dict(table.left_out)
    for failure in table.failures:
        reasons[failure.reason] = reasons.get(failure.reason, 0) + 1
    return {reason: count for reason, count in reasons.items() if count}


def _origin(name: str, licence: str, citation: str) -> str:
    return ". ".join(part.rstrip(".") for part in (f"{name}, {licence}", citation) if part)


def _answering(model: Any) -> Any:
    """A recipe without what only says how sure it is."""
    recipe = getattr(model.classifier, "recipe", None) if isinstance(model, Model) else model
    inner = getattr(recipe, "estimator", None)
    if isinstance(model, Model) or inner is None or not hasattr(recipe, "sure_at"):
        return model
    return inner


def _facts(report: Report) -> dict[str, Any]:
    confidence, right = guesses(report.truth, report.probabilities)
    coverage, risk = risk_coverage(confidence, right)
    count = len(coverage)
    at = [max(1, round(part * count)) - 1 for part in COVERAGES]
    return {
        **report.as_dict(),
        "by": breakdown.as_dict(report),
        "human": human(report),
        "published": {system.name: system.uar for system in systems(report)},
        "reliability": [
            {"confidence": each.confidence, "accuracy": each.accuracy, "utterances": each.utterances}
            for each in reliability(confidence, right)
        ],
        "risk_coverage": [{"coverage": float(coverage[row]), "risk": float(risk[row])} for row in at],
    }
