"""Scores that people can look at: one HTML page that needs no other file.

Styles and pictures are inside, nothing is loaded and nothing runs. It is made for a phone as for a desk, by day and by
night, for paper, and for a reader that speaks.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError, UsageError
from ..models.card import PROTOCOLS
from ..writing import replaceable, replacing, writable
from . import breakdown
from .adapted import in_words
from .breakdown import Part
from .figures import confusion_svg, reliability_svg, risk_coverage_svg, speakers_svg
from .intervals import Score
from .study import Study, tested_on

SUFFIXES = (".html", ".htm")

ASPECTS = {"sex": "Sex", "corpus": "Corpus", "intensity": "Intensity"}

SCORES = {
    "uar": "UAR",
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "ece": "Calibration error (ECE)",
    "aurc": "Error among the surest (AURC)",
    "coverage": "Answered",
    "sure_accuracy": "Right of the answers",
}
"""How a person calls each score of a report."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What an HTML report shows, from top to bottom.

    Attributes:
        title: its heading.
        studies: the honest table and the pictures, a task each.
        about: facts, each a name and a value, before those of the studies.
        winner: lines on the model that a search chose, if there was one.
        heard: a prediction, as (clip, true emotion, scores), where one was made.
        repeat: the command that makes this page again.
        warning: what must be said first, such as that the voices are synthetic.
    """

    title: str
    studies: Sequence[Study]
    about: Sequence[tuple[str, str]] = ()
    winner: Sequence[str] = ()
    heard: tuple[str, str, Sequence[tuple[str, float]]] | None = None
    repeat: str = ""
    warning: str = ""


def render(page: Page) -> str:
    """The page as HTML: styles and pictures inside, nothing to load, no script.

    Raises:
        MissingExtraError: if jinja2 or matplotlib is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("a report", "train") from error
    environment = Environment(
        loader=PackageLoader("speech_emotion.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(without_folders=without_folders, file_name=_named)
    environment.filters.update(percent=percent, points=points, plain=plain, middle=middle, interval=interval, span=span)
    environment.globals.update(protocols=PROTOCOLS, scores=SCORES, tested_on=tested_on, in_words=in_words)
    shown = [_Shown.of(study, f"s{number}") for number, study in enumerate(page.studies, 1)]
    return environment.get_template("report.html").render(page=page, shown=shown)


def write(page: Page, path: str | os.PathLike[str]) -> None:
    """Write the page, whole or not at all; its folder is made where it is missing.

    Raises:
        MissingExtraError: if jinja2 or matplotlib is not installed.
    """
    text = render(page)
    with replacing(Path(path)) as part:
        part.write_text(text, encoding="utf-8")


def check_target(path: str | os.PathLike[str]) -> None:
    """Refuse a report's file that cannot be written, before the work is done.

    Raises:
        UsageError: if it is a folder or a device, does not end in ``.html``, or its folder cannot be written.
        MissingExtraError: if what draws the report is not installed.
    """
    from importlib.util import find_spec

    target = replaceable(Path(path))
    if target.suffix.lower() not in SUFFIXES:  # so that a slip overwrites no table and no model
        raise UsageError(f"a report is saved as .html, not as '{target.name}'; name it {target.stem or 'report'}.html")
    writable(target.parent)
    if find_spec("jinja2") is None or find_spec("matplotlib") is None:
        raise MissingExtraError("a report", "train")


def without_folders(text: str) -> str:
    """A command or a path with the file's own name in place of each path: a page that is sent around says no more.

    Example:
        >>> without_folders("speech-emotion evaluate 'ravdess:/home/ann lee/speech.zip' --report out/r.html")
        'speech-emotion evaluate ravdess:speech.zip --report r.html'
    """
    try:
        words = shlex.split(text)
    except ValueError:
        words = [text]
    return shlex.join(_named(word) for word in words)


def _named(word: str) -> str:
    before, colon, path = word.rpartition(":") if not re.match(r"[A-Za-z]:[\\/]", word) else ("", "", word)
    return before + colon + path.rstrip("/").replace("\\", "/").rpartition("/")[2]


def percent(fraction: float) -> str:
    """As people read it, with one decimal place, so that a column is even.

    Example:
        >>> percent(0.125), percent(0.49)
        ('12.5\\xa0%', '49.0\\xa0%')
    """
    return f"{100 * fraction:.1f}\N{NO-BREAK SPACE}%"


def points(fraction: float) -> str:
    """A difference of two percentages.

    Example:
        >>> points(-0.0312)
        '−3.1 points'
    """
    return f"{round(100 * fraction, 1) + 0.0:+.1f} points".replace("-", "−")


def middle(score: Score) -> str:
    """A score without its interval: ``55.1 %``."""
    return f"{100 * score.value:.1f}\N{NO-BREAK SPACE}%"


def interval(score: Score) -> str:
    """The interval of a score alone: ``(49.0–61.0)``."""
    return f"({100 * score.low:.1f}–{100 * score.high:.1f})"


def span(score: Score) -> str:
    """The interval of a difference: ``(−1.8 to 16.2)``."""
    return f"({100 * score.low:.1f} to {100 * score.high:.1f})".replace("-", "−")


def plain(score: Score) -> str:
    """The interval of a score that is no part of a hundred: ``(1.50–1.81)``."""
    return f"({score.low:.2f}–{score.high:.2f})"


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A study with its pictures and tables."""

    study: Study
    name: str
    confusion: str
    reliability: str
    risk: str
    dots: str
    speakers: list[Part]
    sexes: dict[str, str]
    groups: list[tuple[str, list[Part]]]
    gap: Score | None
    emotions: list[dict[str, Any]]

    @classmethod
    def of(cls, study: Study, name: str) -> _Shown:
        report = study.honest
        speakers = breakdown.speakers(report)
        known = report.aspects.get("sex")
        sexes = dict.fromkeys((part.name for part in speakers), "")
        if known is not None:
            sexes.update(zip(report.speakers.tolist(), known.tolist(), strict=True))
        groups = [(title, breakdown.parts(report, aspect)) for aspect, title in ASPECTS.items()]
        return cls(
            study=study,
            name=name,
            confusion=confusion_svg(report, f"{name}-confusion"),
            reliability=reliability_svg(report, f"{name}-reliability"),
            risk=risk_coverage_svg(report, f"{name}-risk"),
            dots=speakers_svg(speakers, sexes, report.chance, f"{name}-speakers"),
            speakers=speakers,
            sexes=sexes,
            groups=[(title, parts) for title, parts in groups if len(parts) > 1],
            gap=breakdown.sex_gap(report),
            emotions=_emotions(study),
        )


def _emotions(study: Study) -> list[dict[str, Any]]:
    """Each emotion with its recall, and what it is most often taken for."""
    report = study.honest
    rows = []
    for number, emotion in enumerate(report.emotions):
        counts = report.confusion[number].copy()
        total = int(counts.sum())
        counts[number] = 0
        taken = int(counts.argmax())
        instead = (report.emotions[taken], float(counts[taken] / total)) if counts[taken] else None
        recall = report.recalls.get(emotion)
        rows.append({"emotion": emotion, "recall": recall, "utterances": total, "instead": instead})
    return rows
