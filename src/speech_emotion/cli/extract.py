"""``extract``: features and labels of a corpus, as numpy arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..corpora.paths import writable
from ..errors import UsageError
from .recordings import measured
from .terminal import say, warn, words


def extract(
    corpus: Annotated[str, typer.Argument(help="A corpus: a name (ravdess), a path, or name:path.")],
    out: Annotated[Path, typer.Argument(help="The file to write: .npz, which numpy.load opens.")],
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
            help="Over frames, by comma: mean, std, slope, and percentiles such as p10.  [default: mean]",
            show_default=False,
        ),
    ] = None,
    emotions: Annotated[str | None, typer.Option(help="Only these emotions, by comma.")] = None,
    copies: Annotated[
        str | None,
        typer.Option(
            help="Each recording also changed so, to be learnt from, by comma: slower,faster,noise,room,…; or none.  "
            "[default: slower,faster if no --features are named]",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
) -> None:
    """Compute the features of every utterance and save them with the labels.

    A run that was stopped goes on where it was when it is called again.
    """
    from ..features.extract import forget

    if out.suffix != ".npz" or out.is_dir():
        raise UsageError(
            f"the table is saved as a file that ends in .npz, not as '{out}'; name it {out.stem or 'table'}.npz"
        )
    writable(out.parent)
    parts = out.with_suffix(".npz.parts")
    table = measured(corpus, words(features), words(statistics), words(emotions), workers, words(copies), resume=parts)
    table.save(out)
    forget(parts)
    for failure in table.failures:
        warn(f"{failure.path}: {failure.reason}")
    say(f"{out}: {len(table)} utterances, {len(table.columns)} features, {len(table.failures)} failed")
    if table.failures:
        raise typer.Exit(1)
