"""The pictures of a search: scores over time, what they cost, and what mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..evaluation.svg import BAR, INK, LINE, OTHER, SOFT, element
from .trial import Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = ("solid", "dashed", "dotted")


def progress_svg(curves: Mapping[str, Sequence[tuple[float, float]]], trials: Sequence[Trial], chance: float) -> str:
    """The best inner UAR over time, a line for each search in the folder; as an SVG element.

    Args:
        curves: by the name of the strategy pairs of seconds and UAR.
        trials: of the search that the page is of: dots.
        chance: the UAR of guessing.
    """
    whole = [trial for trial in trials if trial.inner]
    end = max([trial.at for trial in trials] + [at for curve in curves.values() for at, _ in curve], default=1.0)

    def draw(empty: Figure) -> None:
        axes = empty.add_subplot()
        at, uars = [trial.at for trial in whole], [100 * trial.inner["uar"].value for trial in whole]
        axes.scatter(at, uars, s=9, color=LINE, linewidth=0, label="a candidate")
        for (name, curve), style, colour in zip(curves.items(), LINES * 9, (BAR, OTHER, SOFT) * 9, strict=False):
            times, best = [at for at, _ in curve], [100 * uar for _, uar in curve]
            axes.step([*times, end], [*best, best[-1]], where="post", color=colour, linestyle=style, label=name)
        axes.axhline(100 * chance, color=SOFT, linestyle="--", linewidth=1)
        axes.text(end, 100 * chance, "chance ", color=SOFT, va="bottom", ha="right")
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds")
        axes.set_ylabel("UAR among those chosen by, %")
        axes.legend(loc="center right", fontsize=9)

    told = "; ".join(f"{name} from {100 * c[0][1]:.1f} to {100 * c[-1][1]:.1f} %" for name, c in curves.items() if c)
    return element("progress", f"The best inner UAR over {end:.0f} seconds: {told}.", 3.2, draw)


def front_svg(trials: Sequence[Trial], kept: Sequence[Trial]) -> str:
    """UAR against the multiplications of one prediction; as an SVG element.

    Args:
        trials: all.
        kept: those that were saved.
    """
    whole = [trial for trial in trials if trial.inner]
    front = sorted((trial for trial in kept if trial.front), key=lambda trial: trial.cost)
    few = max((trial.cost for trial in whole), default=1) < 10 * min((trial.cost for trial in whole), default=1)

    def draw(empty: Figure) -> None:
        from matplotlib.ticker import MaxNLocator, NullLocator

        axes = empty.add_subplot()
        axes.set_xscale("log")
        axes.scatter(
            [trial.cost / 1e6 for trial in whole],
            [100 * trial.inner["uar"].value for trial in whole],
            s=9,
            color=LINE,
            linewidth=0,
            label="a candidate",
        )
        costs, uars = [t.cost / 1e6 for t in front], [100 * t.inner["uar"].value for t in front]
        axes.plot(costs, uars, color=BAR, marker="o", markersize=5, label="the front")
        others = [trial for trial in kept if not trial.front]
        axes.scatter(
            [trial.cost / 1e6 for trial in others],
            [100 * trial.inner["uar"].value for trial in others],
            s=26,
            marker="D",
            color=OTHER,
            linewidth=0,
            label="kept, not on the front",
        )
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")
        axes.xaxis.set_minor_formatter("")
        if few:  # less than a power of ten: round numbers, no more than there is room for
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("million multiplications for three seconds (logarithmic)")
        axes.set_ylabel("UAR among those chosen by, %")
        axes.legend(loc="lower right", fontsize=9)

    told = "; ".join(f"{t.cost / 1e6:.3g} million, {100 * t.inner['uar'].value:.1f} %" for t in front)
    return element("front", f"UAR against what a prediction costs. On the front: {told}.", 3.2, draw)


def importance_svg(importances: Mapping[str, float], name: str) -> str:
    """How much of the scores' variance each choice explains, as bars; as an SVG element.

    Args:
        importances: by the choice's name, fractions, the largest first.
        name: of the figure.
    """
    shown = list(importances.items())[:10]

    def draw(empty: Figure) -> None:
        axes = empty.add_subplot()
        places = np.arange(len(shown))[::-1]
        shares = [100 * share for _, share in shown]
        axes.barh(places, shares, color=BAR, height=0.6)
        for place, share in zip(places, shares, strict=True):
            axes.text(share + 1, place, f"{share:.0f} %", va="center", color=INK)
        axes.set_yticks(places, [name for name, _ in shown])
        axes.set_xlim(0, max(shares, default=1) * 1.15 + 5)
        axes.set_xlabel("of the variance of the scores, %")

    told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shown)
    return element(name, f"What mattered: {told}.", 0.7 + 0.28 * len(shown), draw)
