"""``demo``: the whole road on one corpus, in minutes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..workers import Progress
from .terminal import output, progress, say

if TYPE_CHECKING:
    from rich.table import Table

    from ..training.demo import Demonstration

SECONDS_TO_ANSWER = 4.0
"""How long the home of the recordings may take to answer before synthetic voices are used."""

SYNTHETIC = (
    "these voices are SYNTHETIC, made by this package: the scores say nothing about people. For real ones: "
    "speech-emotion corpus fetch ravdess, or set SPEECH_EMOTION_DATA to the folder that has them"
)


def demo(
    corpus: Annotated[
        str | None,
        typer.Argument(help="A corpus; RAVDESS if not given, or synthetic voices where it is not to be had."),
    ] = None,
    budget: Annotated[str, typer.Option(help="Time for the search: 60s, 5m.")] = "60s",
    folder: Annotated[Path, typer.Option(help="For the report, the models and the features.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
) -> None:
    """Walk the whole road: recordings, features, honest scores, a search, one prediction, a report."""
    from .. import corpora
    from ..evaluation.fitting import require
    from ..training.demo import demonstrate, search_lines
    from ..training.search import parse_budget

    parse_budget(budget)
    require("the demo")
    name = corpus or _at_hand()
    warning = SYNTHETIC if name == "synthetic" else ""
    if warning:
        say(f"note: {warning}")
    with progress(f"opening {name}", unit="bytes" if name == "ravdess" else "") as step:
        recordings = corpora.open(name, progress=step)
    say(f"{recordings.name}: {len(recordings)} utterances, {len(recordings.speakers)} speakers ({recordings.licence})")
    repeat = shlex.join(["speech-emotion", "demo", name, "--budget", budget, "--seed", str(seed)])
    shown = demonstrate(
        recordings, folder, budget=budget, seed=seed, workers=workers, repeat=repeat, warning=warning, step=_step
    )
    console = output()
    console.print(_table(shown))
    for line in search_lines(shown.result):
        console.print(line)
    label, score = shown.prediction.scores[0]
    console.print(f"{shown.clip} ({shown.speaker}, acted {shown.truth}): sounds {label} ({score:.0%})")
    console.print(f"features: {len(shown.table)} recordings in {shown.seconds:.1f} s")
    console.print(f"report: {shown.page}   picture: {shown.picture}   models: {shown.result.paths[0].parent}")
    console.print(
        "These were the prototype's features. The built-in models hear far better (README has the figures): "
        "speech-emotion predict FILES; train your own on the same encoder: speech-emotion train CORPUS -o mine.semodel"
    )
    if warning:
        say(f"note: {warning}")


@contextmanager
def _step(line: str) -> Iterator[Progress]:
    say(f"… {line}")
    with progress("  ") as told:
        yield told


def _at_hand() -> str:
    """RAVDESS where it is on this machine or its home answers; else the synthetic voices."""
    from .. import corpora

    archive = corpora.known("ravdess").ARCHIVE
    if corpora.find("ravdess") or (archive and corpora.answers(archive, SECONDS_TO_ANSWER)):
        return "ravdess"
    say("note: RAVDESS is not on this machine, and its home does not answer")
    return "synthetic"


def _table(shown: Demonstration) -> Table:
    from rich.table import Table

    table = Table(title="UAR: how many clips of an emotion are recognised, mean over emotions (95 % interval)")
    for column in ("task", "random split", "new speakers", "accuracy, new speakers", "chance", "listeners"):
        table.add_column(column, justify="left" if column == "task" else "right")
    for study in shown.studies:
        honest = study.honest
        cells = [study.reports["random"].scores["uar"], honest.scores["uar"], honest.scores["accuracy"]]
        human = "–" if study.human is None else f"{100 * study.human:.0f} %"
        table.add_row(study.task, *map(str, cells), f"{100 * honest.chance:.1f} %", human)
    return table
