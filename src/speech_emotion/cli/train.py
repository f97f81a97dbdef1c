"""``train``: one model, judged and saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError, counted
from ..writing import writable
from .recordings import Cluster, hands, sharded, status, table_of
from .scores import TOO_KIND, brackets, percent, say_licence
from .terminal import output, progress, say, warn, words

if TYPE_CHECKING:
    from ..models.model import Model

ONE_SPEAKER = (
    "The model has heard the voice that it is tested on: on other voices expect less. How much less cannot "
    "be known from one speaker."
)


def train(
    corpus: Annotated[
        str, typer.Argument(help="A name (ravdess), a path or name:path; or a table from extract (.npz).")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The model to write: .semodel.")],
    family: Annotated[
        str | None,
        typer.Option(
            help="ridge, mlp, svm, lda, logistic or extra_trees.  [default: ridge; mlp without tone, tone-large]",
            show_default=False,
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
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Fit a temperature on inner speakers.")
    ] = True,
    sure_at: Annotated[float | None, typer.Option(help="Answer only where this accuracy is likely: 0.9.")] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also judge it in worse sound, for its card.")
    ] = False,
    clips: Annotated[int | None, typer.Option(min=1, help="How many --robustness degrades; all if not given.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
    cluster: Cluster = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Train one model on all recordings, say how good its recipe is, and save it.

    Two scores are printed side by side, with 95 % intervals: with clips shuffled, and on speakers that the
    model has not heard. Only the second says what to expect of a new voice.
    """
    from ..features.defaults import family_of
    from ..features.shards import is_sharded
    from ..training.train import recipe
    from ..training.train import train as fit

    if clips is not None and not robustness:
        raise UsageError("--clips goes with --robustness")
    check_target(out)
    who = hands(workers, cluster)
    recipe(family, seed=seed, calibrate=calibrate, sure_at=sure_at)
    chosen = (words(features), words(statistics), words(emotions))
    asked: dict[str, Any] = {"seed": seed, "calibrate": calibrate, "sure_at": sure_at, "workers": who, "name": out.stem}
    failed = 0
    if is_sharded(corpus):
        if robustness:
            raise UsageError("--robustness needs the table in memory: extract to one .npz file")
        from ..training.blocks import by_blocks
        from ..training.train_shards import train_shards

        shards = sharded(corpus, *chosen, words(copies))
        family = family or family_of(shards.config.features)
        by_blocks(family)
        say_licence(shards.origins)
        if shards.failures:
            warn(f"{shards.failures} recordings could not be used when the table was made")
        utterances = len(shards)
        with progress(f"training {family}") as step:
            model = train_shards(shards, family, protocols=_protocols(len(shards.voices)), progress=step, **asked)
    else:
        table = table_of(corpus, *chosen, who, words(copies), family=family)
        family = family or family_of(table.config.features)
        failed = status((corpus, table))
        say_licence(table.origins)
        utterances, protocols = len(table), _protocols(len(set(table.speakers.tolist())))
        with progress(f"training {family}") as step:
            model = fit(table, family, protocols=protocols, degraded=robustness, clips=clips, progress=step, **asked)
    model.save(out)
    if as_json:
        print(json.dumps(_facts(model, out), indent=2, ensure_ascii=False))
    else:
        _show(model)
    heard = len(model.provenance.speakers)
    say(f"{out}: {family}, {utterances} utterances of {counted(heard, 'speaker')}")
    if failed:
        raise typer.Exit(failed)


def _protocols(speakers: int) -> list[str]:
    return ["random", "speaker"] if speakers > 1 else ["random"]


def check_target(out: Path) -> None:
    """Refuse a model's file that cannot be written, before the work is done.

    Raises:
        UsageError: if it does not end in ``.semodel``, or its folder cannot be written.
    """
    if out.suffix != ".semodel":
        raise UsageError(f"a model is saved as .semodel, not as '{out.name}'; name it {out.stem}.semodel")
    if out.is_dir():
        raise UsageError(f"{out} is a folder; name a file in it")
    writable(out.parent)


def _facts(model: Model, out: Path) -> dict[str, object]:
    made = model.provenance
    return {
        "model": str(out),
        "name": model.name,
        "family": made.family,
        "emotions": list(model.emotions),
        "utterances": made.utterances,
        "speakers": len(made.speakers),
        "seed": made.seed,
        "licence": made.licence,
        "chance": 1 / len(model.emotions),
        "temperature": model.temperature,
        "sure_above": model.sure_above,
        "scores": {protocol: dict(scores) for protocol, scores in made.scores.items()},
    }


def _show(model: Model) -> None:
    from rich.table import Table

    scores = model.provenance.scores
    table = Table("", "random split", "new speakers", "chance", box=None)
    for metric, name in (("uar", "UAR"), ("accuracy", "accuracy")):
        cells = [
            percent(scores[protocol][metric]) if protocol in scores else "unknown" for protocol in ("random", "speaker")
        ]
        table.add_row(name, *cells, f"{100 / len(model.emotions):.1f} %" if metric == "uar" else "")
    console = output()
    console.print(table)
    console.print(f"{TOO_KIND if 'speaker' in scores else ONE_SPEAKER} {brackets(len(model.provenance.speakers))}")
    told = scores.get("speaker", {})
    if "ece" in told:
        console.print(f"Calibration error (ECE) on new speakers: {percent(told['ece'])}.")
    if "coverage" in told:
        right = percent(told["sure_accuracy"]) if "sure_accuracy" in told else "–"
        console.print(
            f'Below a confidence of {model.sure_above:.2f} it says "not sure": of new speakers\' clips it answers '
            f"{percent(told['coverage'])}, and {right} of those answers are right."
        )
