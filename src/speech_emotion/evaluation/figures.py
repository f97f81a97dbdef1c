"""The pictures of a report: confusions, calibration, risk against coverage, and each speaker as a dot.

Each is an SVG element for a page, with all that it shows in its title; the confusion matrix is also a picture file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..writing import replacing
from .breakdown import Part
from .evaluate import Report
from .probabilities import guesses, reliability, risk_coverage
from .svg import BAR, GROUND, INK, LINE, OTHER, SOFT, WIDTH, element, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHADE = 0.5
"""How dark the darkest cell is, from 0 to 1, so that the same ink can be read on all of them, by day and by night."""

SEXES = {"female": ("women", BAR, "o"), "male": ("men", OTHER, "s"), "": ("sex unknown", SOFT, "D")}
"""How the speakers of each sex are called and drawn: not by colour alone."""


def confusion_svg(report: Report, name: str = "confusion") -> str:
    """Of 100 clips of each emotion, how many were heard as each, as an SVG element."""
    shares = _shares(report)
    wrong = shares - np.diag(np.diag(shares))
    lines = [f"{emotion} {_whole(recall)}" for emotion, recall in report.recalls.items()]
    title = f"Confusion matrix. Recognised, of 100 clips of each emotion: {', '.join(lines)}."
    if wrong.max() > 0:
        row, column = divmod(int(wrong.argmax()), len(report.emotions))
        title += (
            f" The most frequent confusion: {report.emotions[row]} heard as {report.emotions[column]}, "
            f"{_whole(wrong[row, column])} of 100."
        )
    return element(name, title, _height(report), lambda empty: _confusion(report, empty))


def confusion_png(report: Report, path: str | os.PathLike[str]) -> None:
    """Write a confusion matrix as a picture, whole or not at all."""
    with replacing(Path(path)) as part, figure(_height(report)) as empty:
        empty.set_facecolor(GROUND)
        _confusion(report, empty)
        empty.savefig(part, format="png", dpi=150)


def reliability_svg(report: Report, name: str = "reliability") -> str:
    """How often answers are right, against how sure the model was, in 15 bins of equal mass; as an SVG element."""
    bins = reliability(*guesses(report.truth, report.probabilities))
    said, true = np.array([part.confidence for part in bins]), np.array([part.accuracy for part in bins])
    ends = ((said[0], true[0]), (said[-1], true[-1]))
    title = "Reliability diagram. " + "; ".join(
        f"where the model is {which} sure it says {_percent(confidence)} and is right {_percent(accuracy)} of the time"
        for which, (confidence, accuracy) in zip(("least", "most"), ends, strict=True)
    )

    def draw(empty: Figure) -> None:
        axes = _unit_square(empty)
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1, label="as often as it says")
        axes.vlines(said, np.minimum(said, true), np.maximum(said, true), color=LINE, linewidth=3)
        axes.plot(said, true, color=BAR, marker="o", markersize=4, linewidth=1.5, label="this model")
        axes.set_xlabel("how sure it says it is")
        axes.set_ylabel("how often it is right")
        axes.legend(loc="upper left", fontsize=9)

    return element(name, f"{title}. Calibration error: {report.scores['ece'].value:.3f}.", 3.6, draw)


def risk_coverage_svg(report: Report, name: str = "risk") -> str:
    """What part is wrong, if only the surest are answered; as an SVG element."""
    coverage, risk = risk_coverage(*guesses(report.truth, report.probabilities))
    told = [f"{_percent(part)} answered, {_percent(error_at(coverage, risk, part))} wrong" for part in (0.2, 0.5, 1.0)]
    chosen = report.scores.get("coverage")
    sure = report.scores.get("sure_accuracy")

    def draw(empty: Figure) -> None:
        axes = _unit_square(empty)
        axes.axhline(risk[-1], color=SOFT, linestyle="--", linewidth=1, label="if it did not know how sure it is")
        axes.plot(coverage, risk, color=BAR, linewidth=1.5, label="this model")
        if chosen and sure:
            axes.plot(
                [chosen.value], [1 - sure.value], color=OTHER, marker="D", linestyle="", label="with its threshold"
            )
        axes.set_xlabel("answered, the surest first")
        axes.set_ylabel("wrong among the answers")
        axes.legend(loc="best", fontsize=9)

    return element(name, f"Risk against coverage: {'; '.join(told)}.", 3.6, draw)


def speakers_svg(parts: Sequence[Part], sexes: dict[str, str], chance: float, name: str = "speakers") -> str:
    """Each speaker as a dot at its UAR, women and men on lines of their own; as an SVG element.

    Args:
        parts: a report's speakers, the worst first.
        sexes: of each speaker, by name; empty where unknown.
        chance: the UAR of guessing.
        name: of the figure on its page.
    """
    values = np.array([part.uar.value for part in parts])
    there = [sex for sex in SEXES if sex in set(sexes.values())]
    worst, best = parts[0], parts[-1]
    title = (
        f"UAR of each of {len(parts)} speakers: from {_percent(worst.uar.value)} for {worst.name}, the worst, to "
        f"{_percent(best.uar.value)} for {best.name}; median {_percent(float(np.median(values)))}."
    )

    def draw(empty: Figure) -> None:
        axes = empty.add_subplot()
        for row, sex in enumerate(reversed(there)):
            _, colour, marker = SEXES[sex]
            its = np.array([part.uar.value for part in parts if sexes[part.name] == sex])
            axes.scatter(its, row + _spread(its), color=colour, marker=marker, s=34, alpha=0.85, linewidth=0)
            if sexes[worst.name] == sex:
                place, right = (worst.uar.value, row + float(_spread(its)[0])), worst.uar.value > 0.6
                line = {"arrowstyle": "-", "color": SOFT, "shrinkB": 4, "linewidth": 0.8}
                below = (worst.uar.value, row - 0.46)
                side = "right" if right else "left"
                axes.annotate(worst.name, place, xytext=below, ha=side, va="center", color=INK, arrowprops=line)
        axes.axvline(chance, color=SOFT, linestyle="--", linewidth=1)
        axes.text(chance + 0.01, len(there) - 0.52, "chance", color=SOFT, va="top")
        axes.set_yticks(range(len(there)), [SEXES[sex][0] for sex in reversed(there)])
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.75, len(there) - 0.5)
        _in_percent(axes.xaxis)
        axes.set_xlabel("UAR of a speaker")

    return element(name, title, 1.1 + 0.85 * len(there), draw)


def error_at(coverage: NDArray[np.float64], risk: NDArray[np.float64], part: float) -> float:
    """The risk where at least this part is answered."""
    return float(risk[min(int(np.searchsorted(coverage, part - 1e-12)), len(risk) - 1)])


def _confusion(report: Report, empty: Figure) -> None:
    from matplotlib.patches import Rectangle

    shares = _shares(report)
    axes = empty.add_subplot()
    count = len(report.emotions)
    for row in range(count):
        for column in range(count):
            share = float(shares[row, column])
            corner = (column - 0.48, row - 0.48)
            axes.add_patch(Rectangle(corner, 0.96, 0.96, facecolor=BAR, alpha=SHADE * share, linewidth=0))
            bold = "bold" if row == column else "normal"
            axes.text(column, row, _whole(share), ha="center", va="center", color=INK, fontweight=bold)
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_xticks(range(count), report.emotions, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(count), report.emotions)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("heard as")
    axes.set_ylabel("acted")


def _shares(report: Report) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = report.confusion / report.confusion.sum(axis=1, keepdims=True).clip(1)
    return shares


def _height(report: Report) -> float:
    return min(1.3 + 0.36 * len(report.emotions), 2 * WIDTH)


def _unit_square(empty: Figure) -> Any:
    axes = empty.add_subplot()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for axis in (axes.xaxis, axes.yaxis):
        _in_percent(axis)
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def _in_percent(axis: Any) -> None:
    axis.set_ticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Up and down by turns, so that like values do not hide each other."""
    return np.resize([0.0, 0.2, -0.2, 0.1, -0.1], len(values))


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"


def _percent(share: float) -> str:
    return f"{_whole(share)} %"
