"""``speech-emotion profiles``: the voices that ``predict --speaker`` remembers."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from ..errors import counted
from .terminal import output, say

app = typer.Typer(help="Voices that are remembered: list, show, delete.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("list")
def list_profiles(as_json: AsJson = False) -> None:
    """Show the voices that are remembered."""
    from rich.table import Table

    from ..errors import BundleError
    from ..models import profiles

    facts = []
    for name in profiles.names():
        try:
            facts.append(_facts(name))
        except BundleError as error:
            facts.append({"speaker": name, "error": str(error)})
    if as_json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    table = Table("speaker", "recordings", "model", box=None)
    for each in facts:
        table.add_row(each["speaker"], str(each.get("recordings", "–")), each.get("model", each.get("error")))
    if facts:
        output().print(table)
    say(f"{len(facts)} in {profiles.folder()}")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="The voice, as predict --speaker named it.")], as_json: AsJson = False
) -> None:
    """Show what is remembered of a voice: all of it, since no sound is."""
    facts = _facts(name)
    if as_json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    print(f"{facts['speaker']}: {counted(facts['recordings'], 'recording')}, heard by {facts['model']}")
    for number, (sounded, shift) in enumerate(zip(facts["sounded"], facts["shift"], strict=True)):
        label = facts["emotions"][number] if facts["emotions"] else f"emotion {number + 1}"
        print(f"  {label}: {100 * sounded:.0f} % on average; taken from the logarithm of its probability: {shift:+.2f}")
    print(facts["file"])


@app.command("delete")
def delete(names: Annotated[list[str], typer.Argument(help="The voices to forget.")]) -> None:
    """Forget voices: their files are removed. One that is not remembered costs its own line only (exit status 2)."""
    from ..errors import UsageError
    from ..models import profiles

    unknown = False
    for name in names:
        try:
            profiles.delete(name)
        except UsageError as error:
            unknown = True
            say(f"error: {error}")
        else:
            say(f"forgotten: {name}")
    if unknown:
        raise typer.Exit(2)


def _facts(name: str) -> dict[str, Any]:
    from ..models import profiles

    heard = profiles.load(name)
    voice = heard.session
    count = voice.count
    return {
        "speaker": name,
        "model": heard.model,
        "recordings": count,
        "emotions": list(heard.emotions),
        "sounded": (voice.probabilities / max(1, count)).tolist(),
        "shift": heard.shift(name).tolist(),
        "file": str(profiles.path_of(name)),
    }
