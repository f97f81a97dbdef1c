"""The CORPUS argument of the commands that learn: recordings, as features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .terminal import progress, warn

if TYPE_CHECKING:
    from ..features.table import FeatureTable


def table_of(
    corpus: str,
    features: Sequence[str] | None = None,
    statistics: Sequence[str] | None = None,
    emotions: Sequence[str] | None = None,
    workers: int | str | None = None,
    copies: Sequence[str] | None = None,
    resume: Path | None = None,
) -> FeatureTable:
    """The features of a corpus, computed now or read from a table that ``extract`` saved.

    Warns on standard error of what was left out and of what could not be used.

    Args:
        corpus: a name, a path or ``name:path``; or an ``.npz`` file.
        features: groups; None takes mel, chroma and mfcc, or all that the table has.
        statistics: over frames; None takes the mean, or all that the table has.
        emotions: those to keep; None keeps all.
        workers: how many processes; None takes all cores.
        copies: each recording once more, changed so; None makes none, or takes all that the table has.
        resume: where to keep what is done while it is not all done.
    """
    from ..features.table import FeatureTable

    if corpus.endswith(".npz"):
        table = FeatureTable.load(corpus)
        if emotions:
            table = table.select(emotions)
        if copies is not None:
            table = table.with_copies(copies)
        if features or statistics:
            table = table.narrow(features or table.config.features, statistics)
    else:
        table = measured(corpus, features, statistics, emotions, workers, copies, resume)
    if table.failures:
        first = table.failures[0]
        count = len(table.failures)
        warn(f"{count} of {len(table) + count} recordings could not be used: {first.path}: {first.reason}")
    return table


def measured(
    corpus: str,
    features: Sequence[str] | None,
    statistics: Sequence[str] | None,
    emotions: Sequence[str] | None,
    workers: int | str | None,
    copies: Sequence[str] | None = None,
    resume: Path | None = None,
) -> FeatureTable:
    """The features of a corpus, computed now; warns on standard error of what was left out.

    Args:
        corpus: a name, a path or ``name:path``.
        features: groups; None takes mel, chroma and mfcc.
        statistics: over frames; None takes the mean.
        emotions: those to keep; None keeps all.
        workers: how many processes; None takes all cores.
        copies: each recording once more, changed so; None makes none, or takes all that the table has.
        resume: where to keep what is done while it is not all done.
    """
    from .. import corpora
    from ..features.config import FeatureConfig
    from ..features.copies import chosen
    from ..features.extract import extract

    chosen(copies or ())

    default = FeatureConfig()
    config = default.narrowed(features or default.features, statistics or default.statistics)
    with progress(f"opening {Path(corpus).name}", unit="bytes") as step:
        recordings = corpora.open(corpus, progress=step)
    for reason, count in recordings.left_out.items():
        warn(f"{count} files left out: {reason}")
    if emotions:
        recordings = recordings.select(emotions)
    with progress("features") as step:
        return extract(recordings, config=config, copies=copies or (), workers=workers, resume=resume, progress=step)
