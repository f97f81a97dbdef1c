"""``evaluate``: what a model, or a recipe for one, is worth."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .recordings import Cluster, hands, status, table_of
from .scores import say_licence
from .studies import show
from .terminal import again, progress, say, warn, words

if TYPE_CHECKING:
    from ..features.table import FeatureTable
    from ..models.model import Model


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
        str | None,
        typer.Option(
            help="A recipe instead: ridge, mlp, svm, lda, logistic or extra_trees.  "
            "[default: ridge; mlp without tone, tone-large]"
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="Groups, by comma.  [default: tone; mel,chroma,mfcc with another family than ridge; of a table, all]",
            show_default=False,
        ),
    ] = None,
    statistics: Annotated[
        str | None,
        typer.Option(help="Over frames, by comma.  [default: mean; of a table, all]", show_default=False),
    ] = None,
    emotions: Annotated[str | None, typer.Option(help="Only these emotions, by comma.")] = None,
    copies: Annotated[
        str | None,
        typer.Option(
            help="Learn each clip also changed so, by comma: slower,faster,noise,room,…; or none.  "
            "[default: slower,faster of an encoder's, if no --features are named; of a table, all]",
            show_default=False,
        ),
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
    adapt: Annotated[
        str | None,
        typer.Option(
            help="Also after hearing so many other clips of each speaker, all of them, or all that are tested, "
            "emotions unknown: 10, all, session; by comma.",
            show_default=False,
        ),
    ] = None,
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
    from ..evaluation.adapted import asked
    from ..evaluation.protocols import splitter
    from ..evaluation.report import Page, check_target, write
    from ..evaluation.side_by_side import BESIDE, study
    from ..evaluation.together import together
    from ..features.defaults import NO_COPIES, family_of
    from ..models.bundle import load

    splitter(protocol, folds, seed)
    twice = [name for name, count in Counter(corpus).items() if count > 1]
    if twice:
        raise UsageError(f"{twice[0]} is named twice; each set of recordings once")
    who = hands(workers, cluster)
    heard = asked(words(adapt) or ())
    own = bool(features or statistics or copies or sure_at is not None or not calibrate)
    _refuse(model, family, own, bool(heard) and not calibrate, clips is not None and not robustness)
    if report is not None:
        check_target(report)
    loaded = None if model is None else load(model)
    _judged(loaded, model, family, calibrate, sure_at, seed)  # refuses, before the work, what cannot be
    kept = resume or (report and report.with_name(f"{report.name}.parts"))
    groups, over_frames, changed = words(features), words(statistics), words(copies)
    if loaded is not None:
        groups, over_frames, changed = list(loaded.config.features), list(loaded.config.statistics), list(NO_COPIES)
    tables = [table_of(name, groups, over_frames, words(emotions), who, changed, kept, family) for name in corpus]
    table, dropped = together(tables)
    for emotion, count in dropped.items():
        warn(f"{count} recordings left out: '{emotion}' is not in all of them")
    say_licence(table.origins)
    family = family or family_of(table.config.features)
    judged, subject = _judged(loaded, model, family, calibrate, sure_at, seed, len(table.copies))
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
        adapt=heard,
    )
    for line in found.leaks:
        warn(line)
    repeat = again(context, without=("workers", "cluster", "resume", "as_json"))
    if report is not None:
        name = Path(model).name if model else family
        write(Page(f"Emotions in {table.name}: {name}", [found], repeat=repeat), report)
    if kept and not resume:
        _forget(kept)
    if as_json:
        print(json.dumps({**found.as_dict(), "repeat": repeat}, indent=2, ensure_ascii=False))
    else:
        show(found)
    if report is not None:
        say(f"report: {report}")
    if found.not_robust:
        warn(f"not measured in worse sound: {found.not_robust}")
    if found.not_robust or status(*zip(corpus, tables, strict=True)):
        raise typer.Exit(1)


def _refuse(model: str | None, family: str | None, own: bool, unadapted: bool, clips: bool) -> None:
    """Refuse options that contradict each other."""
    if model is not None and family is not None:
        raise UsageError("name either a model (--model) or a recipe (--family mlp), not both")
    if model is not None and own:
        raise UsageError("a model has its own features and calibration; those options go with --family")
    if unadapted:
        raise UsageError("adaptation starts from what calibration finds; leave out --no-calibrate, or --adapt")
    if clips:
        raise UsageError("--clips goes with --robustness")


def _judged(
    loaded: Model | None,
    model: str | None,
    family: str | None,
    calibrate: bool,
    sure_at: float | None,
    seed: int,
    copies: int = 0,
) -> tuple[Any, str]:
    """What to judge, and what it is in words."""
    from ..training.train import described, recipe

    if loaded is not None:
        return loaded, f"{loaded.name} ({Path(model or '').name}), as it is"
    built = recipe(family, seed=seed, calibrate=calibrate, sure_at=sure_at, copies=copies)
    return built, described(family, calibrate, sure_at, copies)


def _forget(kept: Path) -> None:
    """Remove what was kept for a run that is now finished."""
    from ..evaluation import resume
    from ..features import extract

    resume.forget(kept)
    extract.forget(kept)


def _has_voices(table: FeatureTable) -> bool:
    return len(set(table.speakers.tolist())) > 1
