"""The CORPUS argument of the commands that learn: recordings, as features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import typer

from ..errors import UsageError
from .terminal import progress, warn

if TYPE_CHECKING:
    from ..corpora.utterance import Corpus
    from ..features.config import FeatureConfig
    from ..features.shards import ShardedTable
    from ..features.table import FeatureTable

Cluster: TypeAlias = Annotated[
    str | None,
    typer.Option(help="A running Dask scheduler, in place of --workers: tcp://HOST:PORT.", show_default=False),
]
"""The option that names one."""

Table = TypeVar("Table", "FeatureTable", "ShardedTable")


def hands(workers: int | None, cluster: str | None) -> int | str | None:
    """Who works: what ``--workers`` or ``--cluster`` says.

    Raises:
        UsageError: if both are given, or the cluster's address is none.
        MissingExtraError: if Dask is not installed.
    """
    if cluster is None:
        return workers
    if workers is not None:
        raise UsageError("--workers are processes of this machine, and --cluster has its own; give one of the two")
    from ..cluster import check

    return check(cluster)


def table_of(
    corpus: str,
    features: Sequence[str] | None = None,
    statistics: Sequence[str] | None = None,
    emotions: Sequence[str] | None = None,
    workers: int | str | None = None,
    copies: Sequence[str] | None = None,
    resume: Path | None = None,
    family: str | None = None,
) -> FeatureTable:
    """The features of a corpus, computed now or read from a table that ``extract`` saved.

    Warns on standard error of what was left out and of what could not be used.

    Args:
        corpus: a name, a path or ``name:path``; or an ``.npz`` file or a folder of shards.
        features: groups; None takes what goes with the family, or all that the table has.
        statistics: over frames; None takes the mean, or all that the table has.
        emotions: those to keep; None keeps all.
        workers: how many processes, all cores if None; or a Dask scheduler's address.
        copies: each recording once more, changed so; None makes what goes with the features, or takes all that the
            table has.
        resume: where to keep what is done while it is not all done.
        family: that will learn from them, where one is named.
    """
    from ..features.shards import is_sharded
    from ..features.table import FeatureTable

    if is_sharded(corpus):
        table = sharded(corpus, features, statistics, emotions, copies).whole()
    elif corpus.endswith(".npz"):
        table = _chosen(FeatureTable.load(corpus), features, statistics, emotions, copies)
    else:
        table = measured(corpus, features, statistics, emotions, workers, copies, resume, family)
    if table.failures:
        first = table.failures[0]
        count = len(table.failures)
        warn(f"{count} of {len(table) + count} recordings could not be used: {first.path}: {first.reason}")
    return table


def status(*given: tuple[str, FeatureTable]) -> int:
    """What a command exits with once its work is done: 1 where recordings that it measured could not be used.

    A table that was saved without some is whole as it is: whoever made it was told.

    Args:
        given: each corpus as it was named, and its table.
    """
    return int(any(table.failures and not is_table(corpus) for corpus, table in given))


def is_table(corpus: str) -> bool:
    """Whether what was named is a table that ``extract`` saved, not recordings."""
    from ..features.shards import is_sharded

    return corpus.endswith(".npz") or is_sharded(corpus)


def sharded(
    folder: str,
    features: Sequence[str] | None = None,
    statistics: Sequence[str] | None = None,
    emotions: Sequence[str] | None = None,
    copies: Sequence[str] | None = None,
) -> ShardedTable:
    """A table that ``extract`` saved in shards; the arguments are those of :func:`table_of`."""
    from ..features.shards import ShardedTable

    return _chosen(ShardedTable.load(folder), features, statistics, emotions, copies)


def _chosen(
    table: Table,
    features: Sequence[str] | None,
    statistics: Sequence[str] | None,
    emotions: Sequence[str] | None,
    copies: Sequence[str] | None,
) -> Table:
    from ..features.defaults import copies_of

    if emotions:
        table = table.select(emotions)
    if copies is not None:
        table = table.with_copies(copies_of(table.config.features, copies))
    if features or statistics:
        table = table.narrow(features or table.config.features, statistics)
    return table


def measured(
    corpus: str,
    features: Sequence[str] | None,
    statistics: Sequence[str] | None,
    emotions: Sequence[str] | None,
    workers: int | str | None,
    copies: Sequence[str] | None = None,
    resume: Path | None = None,
    family: str | None = None,
) -> FeatureTable:
    """The features of a corpus, computed now; warns on standard error of what was left out.

    Args:
        corpus: a name, a path or ``name:path``.
        features: groups; None takes what goes with the family.
        statistics: over frames; None takes the mean.
        emotions: those to keep; None keeps all.
        workers: how many processes, all cores if None; or a Dask scheduler's address.
        copies: each recording once more, changed so; None makes what goes with the features.
        resume: where to keep what is done while it is not all done.
        family: that will learn from them, where one is named.
    """
    from ..features.extract import extract

    recordings, config, wanted = opened(corpus, features, statistics, emotions, copies, family)
    with progress("features") as step:
        return extract(recordings, config=config, copies=wanted, workers=workers, resume=resume, progress=step)


def opened(
    corpus: str,
    features: Sequence[str] | None,
    statistics: Sequence[str] | None,
    emotions: Sequence[str] | None,
    copies: Sequence[str] | None,
    family: str | None = None,
) -> tuple[Corpus, FeatureConfig, tuple[str, ...]]:
    """The recordings of a corpus, what is to be measured, and which copies; the arguments are :func:`measured`'s."""
    from .. import corpora
    from ..features.config import FeatureConfig
    from ..features.copies import chosen
    from ..features.defaults import copies_of, features_of

    default = FeatureConfig()
    config = default.narrowed(features or features_of(family, statistics), statistics or default.statistics)
    wanted = chosen(copies_of(config.features, copies, named=features is not None))
    with progress(f"opening {Path(corpus).name}", unit="bytes") as step:
        recordings = corpora.open(corpus, progress=step)
    for reason, count in recordings.left_out.items():
        warn(f"{count} files left out: {reason}")
    return recordings.select(emotions) if emotions else recordings, config, wanted
