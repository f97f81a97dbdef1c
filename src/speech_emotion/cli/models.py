"""``speech-emotion models``: what a model file holds, and whether it is sound."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

app = typer.Typer(help="Models: list, show, verify.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show the built-in models."""
    from ..models import bundle

    rows: list[dict[str, Any]] = []
    for name in bundle.builtin_names():
        manifest = bundle.verify(name)
        rows.append(
            {
                "name": name,
                "emotions": list(manifest.emotions),
                "bytes": bundle.locate(name).stat().st_size,
                "licence": manifest.provenance.licence,
                "non_commercial": manifest.provenance.non_commercial,
                "uar": manifest.provenance.scores.get("speaker", {}).get("uar"),
                "default": name == bundle.DEFAULT,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        uar = f"UAR {100 * row['uar']['value']:.1f} % on new speakers" if row["uar"] else "not scored"
        size = f"{row['bytes'] / 1e6:.1f} MB"
        print(f"{row['name']:<12} {size:>8}  {row['licence']:<16} {uar}  {', '.join(row['emotions'])}")


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
