"""How a study is printed: scores side by side, and what a reader must know beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scores import TOO_KIND, brackets, percent
from .terminal import output, say

if TYPE_CHECKING:
    from rich.table import Table

    from ..evaluation.evaluate import Report
    from ..evaluation.robustness import Robustness
    from ..evaluation.study import Study

ROWS = {
    "uar": "UAR",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "ece": "ECE",
    "coverage": "answered",
    "sure_accuracy": "right of those",
}
"""The scores that are printed; ``--json`` has all."""

KNOWN_VOICES = "With new sentences the model still knows the voices: expect less of a new one (--protocol speaker)."
UNCALIBRATED = "* Judged without calibration, which changes no answer but this: not to be compared with the others."
HEARD = {"all": "after all clips", "session": "after the session"}
ADAPTED = (
    "Adapted: as if so many other tested clips of the same speaker (session: of all speakers) had been heard before, "
    "their emotions unknown."
)


def show(study: Study) -> None:
    """Print it on standard output; what could not be done, on standard error."""
    from ..evaluation.breakdown import sex_gap

    reports, honest = list(study.reports.values()), study.honest
    console = output()
    console.print(_side_by_side(study, reports))
    if any(side.report is not None and not side.calibrated for side in study.sides):
        console.print(UNCALIBRATED)
    if honest.adapted:
        console.print(_adapted(honest))
        console.print(ADAPTED)
    one = f"UAR {100 / len(honest.recalls):.1f} %, accuracy {100 * honest.majority:.1f} %"
    known = [f"chance: UAR {100 * honest.chance:.1f} %", f"always the most frequent: {one}"]
    known += [f"people who only hear it: accuracy {100 * study.human:.0f} %"] if study.human else []
    console.print("; ".join(known))
    gap = sex_gap(honest)
    if gap:
        value, low, high = (_hundredths(end) for end in (gap.value, gap.low, gap.high))
        console.print(f"UAR of women less that of men: {value} points ({low} to {high})")
    if study.systems:
        listed = ", ".join(f"{system.name} {100 * system.uar:.1f} %" for system in study.systems)
        console.print(f"published on the same folds (EmoBox), UAR: {listed}")
    console.print(brackets(len(set(honest.speakers.tolist()))))
    if study.robustness:
        _show_robustness(study.robustness)
    _warn_of_known_voices(study)
    for side in study.sides:
        if side.why_not:
            say(f"note: '{side.protocol}' is not possible: {side.why_not}")
    for note in study.notes:
        say(f"note: {note}")


def _side_by_side(study: Study, reports: list[Report]) -> Table:
    from rich.table import Table

    from ..evaluation.breakdown import parts, speakers
    from ..evaluation.study import tested_on

    table = Table("", *(tested_on(report) for report in reports), box=None)
    marks = ["" if side.calibrated else "*" for side in study.sides if side.report is not None]
    for name, title in ROWS.items():
        if any(name in report.scores for report in reports):
            cells = [percent(report.scores[name].as_dict()) if name in report.scores else "–" for report in reports]
            if name == "ece":
                cells = [f"{cell}{mark}" for cell, mark in zip(cells, marks, strict=True)]
            table.add_row(title, *cells)
    for emotion in study.honest.emotions:
        recalls = [report.recalls.get(emotion) for report in reports]
        table.add_row(f"recall {emotion}", *("–" if value is None else f"{100 * value:.0f} %" for value in recalls))
    for aspect in ("sex", "corpus", "intensity"):
        found = [{part.name: part for part in parts(report, aspect)} for report in reports]
        for name in found[0] if len(found[0]) > 1 else ():
            table.add_row(f"UAR {name}", *(percent(each[name].uar.as_dict()) for each in found))
    worst = [speakers(report)[0] for report in reports]
    table.add_row("worst speaker", *(f"{part.name}: UAR {100 * part.uar.value:.0f} %" for part in worst))
    return table


def _adapted(report: Report) -> Table:
    """Without adaptation and with it, side by side."""
    from rich.table import Table

    from ..evaluation.study import tested_on

    shown = [name for name in ("uar", "accuracy", "ece", "coverage", "sure_accuracy") if name in report.scores]
    table = Table(tested_on(report), *(ROWS[name] for name in shown), box=None)
    for title, each in {"not adapted": report, **report.adapted}.items():
        cells = [percent(each.scores[name].as_dict()) if name in each.scores else "–" for name in shown]
        table.add_row(HEARD.get(title, f"after {title} clips" if title.isdecimal() else title), *cells)
    return table


def _warn_of_known_voices(study: Study) -> None:
    """Say it where a score that is printed is of voices that the model has heard."""
    if "random" in study.reports:
        alone = "There is one speaker only, so nothing is known of other voices."
        output().print(TOO_KIND if study.honest.protocol != "random" else alone)
    elif study.asked == "sentence":
        output().print(KNOWN_VOICES)


def _show_robustness(found: Robustness) -> None:
    from rich.table import Table

    table = Table(f"{found.clips} clips in worse sound", "UAR", "lost", "same answer", box=None)
    table.add_row("as recorded", percent(found.clean.as_dict()), "", "")
    for row in found.rows:
        if row.uar and row.drop and row.unchanged:
            cells = [percent(row.uar.as_dict()), f"{100 * row.drop.value:.1f}", f"{100 * row.unchanged.value:.0f} %"]
            table.add_row(row.title, *cells)
        else:
            table.add_row(row.title, "–", "–", "–")
            say(f"note: {row.title} not measured: {row.missing}")
    output().print(table)
    for note in found.notes:
        say(f"note: {note}")


def _hundredths(value: float) -> str:
    return f"{round(100 * value, 1) + 0.0:+.1f}"
