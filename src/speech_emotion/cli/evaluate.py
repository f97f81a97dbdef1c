"""``evaluate``: what a model, or a recipe for one, is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .recordings import Cluster, hands, table_of
from .scores import percent, say_licence
from .terminal import again, output, progress, say, warn, words

if TYPE_CHECKING:
    from ..evaluation.robustness import Robustness
    from ..evaluation.study import Study
    from ..features.table import FeatureTable

ROWS = {
    "uar": "UAR",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "ece": "ECE",
    "coverage": "answered",
    "sure_accuracy": "right of those",
}
"""The scores that are printed; ``--json`` has all."""

WHY = (
    "In the random split the model has heard every voice that it is tested on, so it is too kind: expect the "
    "score for new speakers."
)
KNOWN_VOICES = "With new sentences the model still knows the voices: expect less of a new one (--protocol speaker)."
BRACKETS = "In brackets: 95 % intervals, by bootstrap over speakers."


def evaluate(
    context: typer.Context,
    corpus: Annotated[
        list[str],
        typer.Argument(
            help="A name (ravdess), a path or name:path; or a table from extract (.npz). Several are joined."
        ),
    ],
    *,
    model: Annotated[str | None, typer.Option(help="A .semodel file, or a built-in model's name.")] = None,
    family: Annotated[
        str | None, typer.Option(help="A recipe instead: mlp, svm, lda, ridge, logistic or extra_trees.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Groups, by comma.  [default: mel,chroma,mfcc; of a table, all]", show_default=False),
    ] = None,
    statistics: Annotated[
        str | None,
        typer.Option(help="Over frames, by comma.  [default: mean; of a table, all]", show_default=False),
    ] = None,
    emotions: Annotated[str | None, typer.Option(help="Only these emotions, by comma.")] = None,
    copies: Annotated[
        str | None,
        typer.Option(help="Learn each clip also changed so, by comma: slower,faster,noise,room,…", show_default=False),
    ] = None,
    protocol: Annotated[str, typer.Option(help="random, speaker, loso, sentence, emobox or corpus.")] = "speaker",
    folds: Annotated[int, typer.Option(min=2, help="Of random and speaker.")] = 5,
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Fit a temperature on inner speakers.")
    ] = True,
    sure_at: Annotated[float | None, typer.Option(help="Answer only where this accuracy is likely: 0.9.")] = None,
    allow_overlap: Annotated[
        bool, typer.Option("--allow-overlap", help="Judge a model also on voices that it was trained on.")
    ] = False,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also with noise, a telephone, codecs, a room … over the recordings.")
    ] = False,
    clips: Annotated[int | None, typer.Option(min=1, help="How many --robustness degrades; all if not given.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a page, with the other protocols beside this one: .html.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="A folder for what is finished, for a run that may be stopped.  [default: REPORT.parts]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
    cluster: Cluster = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Say how good a model or a recipe is, on what it has not heard.

    The random split is never shown without the score for new speakers beside it.
    """
    from ..evaluation.protocols import splitter
    from ..evaluation.report import Page, check_target, write
    from ..evaluation.side_by_side import BESIDE, study
    from ..evaluation.together import together

    splitter(protocol, folds, seed)
    who = hands(workers, cluster)
    if (model is None) == (family is None):
        raise UsageError("name either a model (--model) or a recipe (--family mlp)")
    if clips is not None and not robustness:
        raise UsageError("--clips goes with --robustness")
    if report is not None:
        check_target(report)
    judged, subject, groups, over_frames = _what(model, family, features, statistics, calibrate, sure_at, seed)
    kept = resume or (report and report.with_name(f"{report.name}.parts"))
    tables = [table_of(name, groups, over_frames, words(emotions), who, words(copies), kept) for name in corpus]
    table, dropped = together(tables)
    for emotion, count in dropped.items():
        warn(f"{count} recordings left out: '{emotion}' is not in all of them")
    say_licence(table.origins)
    honest = ("speaker",) if protocol == "random" and _has_voices(table) else ()
    found = study(
        judged,
        table,
        protocol,
        beside=BESIDE if report else honest,
        subject=subject,
        folds=folds,
        seed=seed,
        workers=who,
        step=progress,
        allow_overlap=allow_overlap,
        resume=kept,
        degraded=robustness,
        clips=clips,
    )
    for line in found.leaks:
        warn(line)
    repeat = again(context, without=("workers", "cluster", "resume", "as_json"))
    if report is not None:
        write(Page(f"Emotions in {table.name}: {model or family}", [found], repeat=repeat), report)
    if kept and not resume:
        _forget(kept)
    if as_json:
        print(json.dumps({**found.as_dict(), "repeat": repeat}, indent=2, ensure_ascii=False))
    else:
        _show(found)
    if report is not None:
        say(f"report: {report}")
    if found.not_robust:
        warn(f"not measured in worse sound: {found.not_robust}")
        raise typer.Exit(1)


def _what(
    model: str | None,
    family: str | None,
    features: str | None,
    statistics: str | None,
    calibrate: bool,
    sure_at: float | None,
    seed: int,
) -> tuple[Any, str, list[str] | None, list[str] | None]:
    """What to judge, what it is in words, and the features and statistics that it reads."""
    if model is not None:
        from ..models.bundle import load

        if features or statistics or sure_at is not None or not calibrate:
            raise UsageError("a model has its own features and calibration; those options go with --family")
        loaded = load(model)
        subject = f"{loaded.name} ({model}), as it is"
        return loaded, subject, list(loaded.config.features), list(loaded.config.statistics)
    from ..training.train import described, recipe

    built = recipe(family or "", seed=seed, calibrate=calibrate, sure_at=sure_at)
    return built, described(family or "", calibrate, sure_at), words(features), words(statistics)


def _forget(kept: Path) -> None:
    """Remove what was kept for a run that is now finished."""
    from ..evaluation import resume
    from ..features import extract

    resume.forget(kept)
    extract.forget(kept)


def _has_voices(table: FeatureTable) -> bool:
    return len(set(table.speakers.tolist())) > 1


def _show(study: Study) -> None:
    from rich.table import Table

    from ..evaluation.breakdown import parts, sex_gap, speakers
    from ..evaluation.study import tested_on

    reports, honest = list(study.reports.values()), study.honest
    table = Table("", *(tested_on(report) for report in reports), box=None)
    for name, title in ROWS.items():
        if any(name in report.scores for report in reports):
            cells = [percent(report.scores[name].as_dict()) if name in report.scores else "–" for report in reports]
            table.add_row(title, *cells)
    for emotion in honest.emotions:
        recalls = [report.recalls.get(emotion) for report in reports]
        table.add_row(f"recall {emotion}", *("–" if value is None else f"{100 * value:.0f} %" for value in recalls))
    for aspect in ("sex", "corpus", "intensity"):
        found = [{part.name: part for part in parts(report, aspect)} for report in reports]
        for name in found[0] if len(found[0]) > 1 else ():
            table.add_row(f"UAR {name}", *(percent(each[name].uar.as_dict()) for each in found))
    worst = [speakers(report)[0] for report in reports]
    table.add_row("worst speaker", *(f"{part.name}: UAR {100 * part.uar.value:.0f} %" for part in worst))
    console = output()
    console.print(table)
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
    console.print(BRACKETS)
    if study.robustness:
        _show_robustness(study.robustness)
    _warn_of_known_voices(study)
    for side in study.sides:
        if side.why_not:
            say(f"note: '{side.protocol}' is not possible: {side.why_not}")
    for note in study.notes:
        say(f"note: {note}")


def _warn_of_known_voices(study: Study) -> None:
    """Say it where a score that is printed is of voices that the model has heard."""
    if "random" in study.reports:
        alone = "There is one speaker only, so nothing is known of other voices."
        output().print(WHY if study.honest.protocol != "random" else alone)
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
