"""``corpus check``: what makes scores on recordings untrue."""

from __future__ import annotations

import json
import os
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted, visible
from .terminal import progress

if TYPE_CHECKING:
    from ..evaluation.findings import Check, Finding

SHOWN = 5
"""Findings of one kind that are shown; ``--json`` has all."""

BETWEEN = {"exact": " = ", "near": " ≈ ", "copies": " ≠ "}


def check(
    corpus: Annotated[
        list[str],
        typer.Argument(help="One set of recordings, or several: for training and for testing.", metavar="CORPUS…"),
    ],
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Look for what makes scores untrue: damage, wrong labels, duplicates, and leaks between sets.

    Downloads nothing. Exit status 1 where something makes the recordings, or scores on them, unsafe.
    """
    from .. import corpora
    from ..evaluation.leaks import check as look

    with progress("making voices") as bar:
        sets = [corpora.open(name, fetch=False, progress=bar) for name in corpus]
    places = [corpora.place(name) for name in corpus]
    with progress("recordings") as bar:
        found = look(sets, places, seed=seed, workers=workers, progress=bar)
    if as_json:
        print(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        _show(found, [utterance.path for each in sets for utterance in each.utterances])
    if found.unsafe:
        raise typer.Exit(1)


def _show(found: Check, paths: list[str]) -> None:
    from ..evaluation.findings import KINDS
    from ..evaluation.nuisance import ALL, FEWEST_SPEAKERS

    root = _root(paths)
    below = f", below {visible(root)}" if root else ""
    print(f"checked {', '.join(f'{name} ({count} recordings)' for name, count in found.sets)}{below}")
    for kind, group in groupby(found.findings, key=lambda finding: finding.kind):
        findings = list(group)
        print(f"\n{KINDS[kind]} ({len(findings)})")
        for finding in findings[:SHOWN]:
            print(visible(f"  {_line(finding, root)}"))
        if len(findings) > SHOWN:
            print(f"  … and {len(findings) - SHOWN} more (--json lists all)")
    print()
    for (name, _), scored in zip(found.sets, found.nuisances, strict=True):
        if scored is None or ALL not in scored.scores:
            print(f"{name}: too little to score what length, silence, level and format tell")
        else:
            heard = "" if scored.protocol == "speaker" else ", on voices that it has heard"
            if scored.speakers < FEWEST_SPEAKERS:
                are = "is" if scored.speakers == 1 else "are"
                heard += f"; {counted(scored.speakers, 'speaker')} {are} too few to tell it from chance"
            print(
                f"{name}: without the voice, by length, silence, level and format, a small model reaches UAR "
                f"{scored.scores[ALL]}; chance {100 * scored.chance:.1f} %{heard} "
                "(near chance is good: what is above it may be learnt in place of the tone)"
            )
    print(_verdict(found))


def _root(paths: list[str]) -> str:
    """The folder or archive that all lie in; none where they share nothing, or no more than the drive."""
    try:
        root = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    except ValueError:
        return ""
    return "" if os.path.dirname(root) == root else root


def _line(finding: Finding, root: str) -> str:
    paths = [os.path.relpath(path, root) if root else path for path in finding.paths]
    listed = BETWEEN.get(finding.kind, ", ").join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    return ": ".join(part for part in (listed, finding.text) if part)


def _verdict(found: Check) -> str:
    unsafe = sum(finding.unsafe for finding in found.findings)
    others = len(found.findings) - unsafe
    if not found.findings:
        return "nothing found"
    harmless = f"{others} to know of" if others else ""
    if unsafe:
        return f"UNSAFE: {unsafe} to put right{f', {harmless}' if harmless else ''}"
    return f"nothing that makes scores untrue; {harmless}"
