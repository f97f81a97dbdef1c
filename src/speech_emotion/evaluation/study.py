"""All that is known of a model on some recordings: its scores side by side under several protocols, and what they
rest on.

One protocol's score is easily taken for the truth. So a study judges under all that the recordings allow, says of
each other why not, and keeps what was left out and what may have leaked beside the scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..models.card import PROTOCOLS
from . import breakdown
from .evaluate import Report
from .probabilities import guesses, reliability, risk_coverage
from .published import System, human, systems
from .robustness import Robustness

COVERAGES = tuple(part / 20 for part in range(1, 21))
"""Where the risk–coverage curve is told in numbers: 5 %, 10 %, … of the clips answered."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One row of the honest table.

    Attributes:
        protocol: its name.
        report: the scores under it; None where it does not work on these recordings.
        why_not: the reason, empty where it works.
        calibrated: whether the recipe was judged with its calibration, if it has any.
    """

    protocol: str
    report: Report | None = None
    why_not: str = ""
    calibrated: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What a model is worth on some recordings, as a page and a JSON document show it.

    Attributes:
        task: what was told apart: ``"8 emotions"``.
        asked: the protocol that was asked for.
        sides: the protocols, in the order of the honest table; ``asked`` is among them, and has a report.
        robustness: what is left of it in worse sound, where that was asked for.
        not_robust: why that could not be measured, where it was asked for.
        left_out: what was not judged, counted by reason.
        leaks: warnings, a line each.
        about: facts, each a name and a value: the corpora, their licences, the features.
    """

    task: str
    asked: str
    sides: tuple[Side, ...]
    robustness: Robustness | None = None
    not_robust: str = ""
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
            "robustness": self.robustness.as_dict() if self.robustness else None,
            **({"not_robust": self.not_robust} if self.not_robust else {}),
            "left_out": dict(self.left_out),
            "leaks": list(self.leaks),
            "about": [{"name": name, "value": value} for name, value in self.about],
        }


def tested_on(report: Report) -> str:
    """Who was tested, in words; never "new speakers" where the model was trained on any of them."""
    heard = any(note.startswith("OVERLAP") for note in report.notes)
    return "speakers that it has heard" if heard else PROTOCOLS[report.protocol]


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
