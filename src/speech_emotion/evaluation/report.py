"""Scores that people can look at: one HTML page that needs no other file, and a confusion matrix as a picture."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import MissingExtraError
from .evaluate import Report


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The same model on the same recordings, with the speakers shuffled and with them kept apart.

    Attributes:
        task: what was told apart: ``"8 emotions"``.
        random: with every speaker on both sides.
        speaker: on speakers that were not trained on.
        human: the accuracy of people at the same task, a fraction, where published.
    """

    task: str
    random: Report
    speaker: Report
    human: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What an HTML report shows, from top to bottom.

    Attributes:
        title: its heading.
        about: facts, each a name and a value: the corpus, its licence, the features.
        comparisons: the honest table, a task each.
        winner: lines on the model that a search chose, if there was one.
        heard: a prediction, as (clip, true emotion, scores), where one was made.
        repeat: the command that makes this page again.
        warning: what must be said first, such as that the voices are synthetic.
    """

    title: str
    about: Sequence[tuple[str, str]]
    comparisons: Sequence[Comparison]
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
        loader=PackageLoader("speech_emotion.evaluation"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["percent"] = lambda fraction: f"{100 * fraction:.1f} %".replace(".0 %", " %")
    pictures = [confusion_svg(comparison.speaker) for comparison in page.comparisons]
    return environment.get_template("report.html").render(page=page, pictures=pictures)


def confusion_svg(report: Report) -> str:
    """A confusion matrix as an SVG element, to be put into a page."""
    picture = io.BytesIO()
    _save(report, picture, "svg")
    text = picture.getvalue().decode()
    return text[text.index("<svg") :]


def confusion_png(report: Report, path: str | os.PathLike[str]) -> None:
    """Write a confusion matrix as a picture, whole or not at all."""
    target = Path(path)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as picture:
            _save(report, picture, "png")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _save(report: Report, file: BinaryIO, kind: str) -> None:
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("a picture", "train") from error
    shares = report.confusion / report.confusion.sum(axis=1, keepdims=True).clip(1)
    size = 1.6 + 0.62 * len(report.emotions)
    with matplotlib.rc_context({"svg.hashsalt": "speech-emotion", "font.family": "sans-serif"}):  # same ids each time
        figure = Figure(figsize=(size + 0.6, size), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        ticks = range(len(report.emotions))
        axes.set_xticks(ticks, report.emotions, rotation=45, ha="right")
        axes.set_yticks(ticks, report.emotions)
        axes.set_xlabel("recognised as")
        axes.set_ylabel("acted")
        axes.set_title("of 100 clips acted so, how many were heard as …", fontsize=10)
        for row, column in [(row, column) for row in ticks for column in ticks]:
            share = shares[row, column]
            colour = "white" if share > 0.5 else "black"
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour)
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {}
        figure.savefig(file, format=kind, dpi=150, metadata=metadata)
