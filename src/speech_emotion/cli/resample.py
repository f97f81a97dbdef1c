"""``speech-emotion resample``: a tree of recordings to 16 kHz mono copies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def resample(
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A folder, a zip archive, or one recording.", show_default=False),
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The folder for the copies; for one recording, it may be the name of the copy.",
            show_default=False,
        ),
    ],
    rate: Annotated[int, typer.Option(help="Rate of the copies, in Hz.")] = 16_000,
    format: Annotated[
        str | None,
        typer.Option(help="wav or flac, both 16 bit.", show_default="as OUT ends, else wav"),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes.", show_default="all cores")] = None,
) -> None:
    """Save mono copies of all recordings at one rate, in the same tree of folders.

    Copies that are there already, and newer than their originals, are left alone. Recordings that cannot be
    read are listed; then the exit status is 1.
    """
    from ..audio.resample import resample_tree
    from .terminal import progress, say

    suffix = f".{format.lower().removeprefix('.')}" if format else None
    with progress("resampling") as show:
        result = resample_tree(source, target, rate, suffix=suffix, workers=workers, progress=show)
    written, skipped, failed = len(result.written), len(result.skipped), len(result.failed)
    for _, reason in result.failed:
        say(f"failed: {reason}")
    print(f"{written} written, {skipped} already there, {failed} failed: {target}")
    if result.failed:
        raise typer.Exit(1)
