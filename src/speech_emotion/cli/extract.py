"""``extract``: features and labels of a corpus, as numpy arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ..errors import StorageError, UsageError
from ..writing import writable
from .recordings import Cluster, hands, measured, opened
from .terminal import progress, say, warn, words


def extract(
    corpus: Annotated[str, typer.Argument(help="A corpus: a name (ravdess), a path, or name:path.")],
    out: Annotated[
        str, typer.Argument(help="The file to write: .npz, which numpy.load opens; or a folder, FOLDER/, for shards.")
    ],
    features: Annotated[
        str | None,
        typer.Option(
            help="Groups, by comma: tone, tone-large, mel, chroma, mfcc, zcr, rms, f0, egemaps, compare.  "
            "[default: tone]",
            show_default=False,
        ),
    ] = None,
    statistics: Annotated[
        str | None,
        typer.Option(
            help="Over frames, by comma: mean, std, slope, delta, and percentiles such as p10.  [default: mean]",
            show_default=False,
        ),
    ] = None,
    emotions: Annotated[str | None, typer.Option(help="Only these emotions, by comma.")] = None,
    copies: Annotated[
        str | None,
        typer.Option(
            help="Each recording also changed so, to be learnt from, by comma: slower,faster,noise,room,…; or none.  "
            "[default: slower,faster of an encoder's, if no --features are named]",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
    cluster: Cluster = None,
) -> None:
    """Compute the features of every utterance and save them with the labels.

    A run that was stopped, by Ctrl-C too, goes on where it was when it is called again. A folder takes more recordings
    than memory holds: it is written shard by shard.
    """
    wanted = (corpus, words(features), words(statistics), words(emotions))
    who = hands(workers, cluster)
    place = Path(out)
    in_shards = place.suffix != ".npz" and (out.endswith(("/", os.sep)) or place.is_dir())
    if not in_shards and place.is_dir():
        raise UsageError(f"{out} is a folder; name a file")
    if not in_shards and place.suffix != ".npz":
        raise UsageError(
            f"the table is saved as a file that ends in .npz, not as '{out}'; name it {place.stem or 'table'}.npz, or "
            f"{place.stem or 'table'}/ for a folder of shards"
        )
    saved = _in_shards if in_shards else _in_one_file
    utterances, columns, failed = saved(wanted, words(copies), place, who)
    say(f"{out}: {utterances} utterances, {columns} features, {failed} failed")
    if failed:
        raise typer.Exit(1)


Wanted: TypeAlias = "tuple[str, list[str] | None, list[str] | None, list[str] | None]"
"""Corpus, features, statistics, emotions."""


def _in_one_file(wanted: Wanted, copies: list[str] | None, out: Path, who: int | str | None) -> tuple[int, int, int]:
    from ..features.extract import forget

    writable(out.parent)
    parts = out.with_suffix(".npz.parts")
    with _going_on(parts):
        table = measured(*wanted, who, copies, resume=parts)
        table.save(out)
    forget(parts)
    for failure in table.failures:
        warn(f"{failure.path}: {failure.reason}")
    return len(table), len(table.columns), len(table.failures)


def _in_shards(wanted: Wanted, copies: list[str] | None, out: Path, who: int | str | None) -> tuple[int, int, int]:
    from ..features.extract import extract_shards, own

    own(out)
    recordings, config, changed = opened(*wanted, copies)
    with _going_on(out), progress("features") as step:
        table = extract_shards(recordings, out, config=config, copies=changed, workers=who, progress=step)
    for failure in table.failed():
        warn(f"{failure.path}: {failure.reason}")
    return len(table), len(table.columns), table.failures


@contextmanager
def _going_on(folder: Path) -> Iterator[None]:
    """Say, where the work ends early, that what was done is kept."""
    from ..features.shards import SUFFIX

    try:
        yield
    except (KeyboardInterrupt, OSError, StorageError):  # of a cluster that goes away its own error says so
        if any(folder.glob(f"*{SUFFIX}")):
            say(f"note: what was measured is kept in {folder}, and the same command goes on with it")
        raise
