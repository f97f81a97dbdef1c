"""``speech-emotion models``: what a model file holds, and whether it is sound; and which of two is better."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

app = typer.Typer(help="Models: list, show, verify, compare.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show the built-in models."""
    from ..features.tone import encoder_bytes
    from ..models import bundle

    rows: list[dict[str, Any]] = []
    for name in bundle.builtin_names():
        manifest = bundle.verify(name)
        rows.append(
            {
                "name": name,
                "emotions": list(manifest.emotions),
                "bytes": bundle.locate(name).stat().st_size,
                "encoder_bytes": encoder_bytes(manifest.config.features),
                "sure_above": manifest.sure_above,
                "licence": manifest.provenance.licence,
                "non_commercial": manifest.provenance.non_commercial,
                "corpora": [origin.name for origin in manifest.provenance.origins],
                "uar": manifest.provenance.scores.get("speaker", {}).get("uar"),
                "chance": 1 / len(manifest.emotions),
                "default": name == bundle.DEFAULT,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        uar = "not scored"
        if row["uar"]:
            uar = f"UAR {100 * row['uar']['value']:.1f} % on new speakers of {' and '.join(row['corpora'])}"
            uar += f" (chance {100 * row['chance']:.1f} %)"
        size = f"{(row['bytes'] + row['encoder_bytes']) / 1e6:.1f} MB"
        default = " (default)" if row["default"] else ""
        print(f"{row['name']:<12} {size:>8}  {row['licence']:<16} {uar}  {', '.join(row['emotions'])}{default}")


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="A bundle's path, or a built-in model's name.")],
    as_json: AsJson = False,
) -> None:
    """Print a model's card; with --json all that its bundle says."""
    from ..models import bundle, card

    manifest = bundle.verify(model)
    if as_json:
        print(json.dumps(manifest.as_dict(), indent=2, ensure_ascii=False))
    else:
        print(card.text(manifest), end="")


@app.command()
def verify(
    models: Annotated[list[str], typer.Argument(help="Bundles' paths, or built-in models' names.")],
) -> None:
    """Audit models without running them; exit status 1 if one is refused."""
    from ..errors import SpeechEmotionError
    from ..models import bundle

    refused = 0
    for model in models:
        try:
            manifest = bundle.verify(model)
        except SpeechEmotionError as error:
            refused += 1
            print(f"refused  {error}")
        else:
            print(f"ok       {model}: {manifest.name}, {len(manifest.emotions)} emotions")
    if refused:
        raise typer.Exit(1)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A bundle's path, or a built-in model's name.")],
    second: Annotated[str, typer.Argument(help="Another, of the same emotions.")],
    *,
    corpus: Annotated[str, typer.Option(help="Recordings that neither was trained on; or a table from extract.")],
    allow_overlap: Annotated[
        bool, typer.Option("--allow-overlap", help="Judge them also on voices that they were trained on.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which of two models is better on the same recordings, and whether that may be luck."""
    from ..evaluation.compare import compare as compared
    from ..evaluation.evaluate import evaluate
    from ..features.defaults import NO_COPIES
    from ..models.bundle import load
    from .recordings import status, table_of
    from .terminal import say

    reports = []
    for model in (load(first), load(second)):
        config = model.config
        table = table_of(corpus, config.features, config.statistics, workers=workers, copies=NO_COPIES)
        reports.append(evaluate(model, table, seed=seed, workers=workers, allow_overlap=allow_overlap))
    found = compared(*reports, seed=seed)
    if as_json:
        print(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        value, low, high = (100 * getattr(found.difference, end) for end in ("value", "low", "high"))
        print(f"UAR {100 * found.first:.1f} % and {100 * found.second:.1f} %, on {found.utterances} utterances")
        print(
            f"difference {value:+.1f} points ({low:+.1f} to {high:+.1f}), p = {found.p:.3f}, {found.speakers} speakers"
        )
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        say(f"note: {note}")
    if status((corpus, table)):
        raise typer.Exit(1)
