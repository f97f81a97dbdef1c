"""A corpus to a feature table, on all cores or a cluster, resumable, in memory or in shards on disk.

Work is cut into shards of consecutive utterances. A finished shard is written as a table of its own (see
:mod:`.shards`), so that a run that was killed goes on where it stopped. Values do not depend on the number of workers:
each utterance is measured by itself, and rows are in the corpus's order.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import astuple, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .. import workers as workers_
from ..audio.carried import shared
from ..corpora.locks import alone_in
from ..corpora.utterance import Corpus, Utterance
from ..errors import FeatureError, UsageError
from ..workers import Progress
from ..writing import writable
from .batch import Batch, Measured, measured, with_sounds
from .config import FeatureConfig
from .copies import chosen
from .defaults import copies_of, features_of
from .shards import MANIFEST, SUFFIX, Shard, ShardedTable, hashed, joined
from .table import Failure, FeatureTable

BATCH = 32
"""Utterances that a worker measures at once; without shards on disk, a second or less of work to lose."""

SHARD = 256
"""Utterances a shard on disk: a few megabytes."""


def extract(
    corpus: Corpus,
    features: Sequence[str] | None = None,
    statistics: Sequence[str] | None = None,
    *,
    config: FeatureConfig | None = None,
    copies: Sequence[str] | None = None,
    workers: int | str | None = None,
    resume: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> FeatureTable:
    """Measure every utterance of a corpus.

    Args:
        corpus: what to measure.
        features: groups, from :data:`speech_emotion.features.config.FEATURES`; None takes the speech encoder's
            ``tone``, or mel, chroma and mfcc where statistics are named.
        statistics: over frames, from :data:`speech_emotion.features.config.STATISTICS`; None takes the mean.
        config: every parameter; in place of ``features`` and ``statistics``.
        copies: each clip once more as it might have sounded, to be learnt from: names from
            :data:`speech_emotion.features.copies.COPIES`. None makes slower and faster ones where the features are not
            named either, and none elsewhere.
        workers: processes, all cores if None, or a Dask scheduler's address. The values are the same.
        resume: a folder for finished shards. What a killed run left there is used; :func:`forget` clears it.
        progress: called with utterances done and all utterances.

    Returns:
        A row an utterance, in the corpus's order. Recordings that could not be used are not in it; ``failures`` lists
        each with its reason.

    Raises:
        UsageError: if a feature, statistic or copy is unknown.
        FeatureError: if no recording could be used.
        MissingExtraError: if a group needs a library that is not installed.
        ClusterError: if the cluster cannot be reached or goes away.
    """
    config, wanted = _asked(features, statistics, config, copies)
    work = _Work(corpus, config, wanted, BATCH, None if resume is None else Path(resume))
    tables = list(work.tables(workers, progress))
    if not any(map(len, tables)):
        raise _nothing(corpus, next((failure for table in tables for failure in table.failures), None))
    return replace(joined(tables), left_out=dict(corpus.left_out))


def extract_shards(
    corpus: Corpus,
    folder: str | os.PathLike[str],
    features: Sequence[str] | None = None,
    statistics: Sequence[str] | None = None,
    *,
    config: FeatureConfig | None = None,
    copies: Sequence[str] | None = None,
    shard: int = SHARD,
    workers: int | str | None = None,
    progress: Progress | None = None,
) -> ShardedTable:
    """As :func:`extract`, for more recordings than memory holds: the table is written to a folder, shard by shard.

    Memory grows with the list of recordings only. What a run that was killed left in the folder is used.

    Args:
        corpus: what to measure.
        folder: for the shards and their manifest; made where it is missing. A table that is there stays until the new
            one is whole.
        features: as of :func:`extract`; so are ``statistics``, ``config``, ``copies``, ``workers`` and ``progress``.
        shard: utterances a shard.

    Raises:
        UsageError: if the folder holds other things than a sharded table, another process writes one there, or
            ``shard`` is less than 1; or as :func:`extract`.
    """
    if shard < 1:
        raise UsageError(f"a shard has 1 utterance or more, not {shard}")
    config, wanted = _asked(features, statistics, config, copies)
    place = own(Path(folder))
    with alone_in(place, "extract", f"{MANIFEST}.lock"):
        work = _Work(corpus, config, wanted, shard, place)
        voices: defaultdict[str, Counter[str]] = defaultdict(Counter)
        shards, first = [], None
        for file, table in zip(work.files, work.tables(workers, progress), strict=True):
            shards.append(Shard(file.name, len(table), len(table.failures)))
            first = first or next(iter(table.failures), None)
            for speaker, emotion in zip(table.speakers.tolist(), table.emotions.tolist(), strict=True):
                voices[speaker][emotion] += 1
        if not voices:
            raise _nothing(corpus, first)
        spoken = {speaker: dict(voices[speaker]) for speaker in sorted(voices)}
        left_out = dict(corpus.left_out)
        whole = ShardedTable(place, config, corpus.origins, work.copies, spoken, tuple(shards), left_out)
        whole.save(hashed([file.name for file in work.files]))
        return whole


def _asked(
    features: Sequence[str] | None,
    statistics: Sequence[str] | None,
    config: FeatureConfig | None,
    copies: Sequence[str] | None,
) -> tuple[FeatureConfig, tuple[str, ...]]:
    """What is to be measured of each sound, and of which copies."""
    named = features is not None or config is not None
    if config is None:
        groups = features_of(statistics=statistics) if features is None else features
        config = FeatureConfig(features=_all(groups), statistics=_all(statistics or ("mean",)))
    return config, chosen(copies_of(config.features, copies, named=named))


def _all(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def forget(resume: str | os.PathLike[str]) -> None:
    """Remove the shards that :func:`extract` left in a folder, once its table is saved; other files there stay."""
    folder = Path(resume)
    for file in folder.glob(f"*{SUFFIX}*"):
        file.unlink(missing_ok=True)
    with suppress(OSError):  # not empty, or not there
        folder.rmdir()


def own(folder: Path) -> Path:
    """See that a folder may take shards: that it can be written, and holds nothing else.

    Raises:
        UsageError: if it may not.
    """
    writable(folder)
    if folder.is_dir() and any(MANIFEST not in file.name and SUFFIX not in file.name for file in folder.iterdir()):
        raise UsageError(f"{folder} holds other files; name a folder of its own for the shards")
    return folder


class _Work:
    """A corpus, cut into shards of ``size`` utterances, which are kept in a folder where there is one."""

    def __init__(
        self, corpus: Corpus, config: FeatureConfig, copies: tuple[str, ...], size: int, folder: Path | None
    ) -> None:
        self.corpus = corpus
        self.config = config
        self.copies = copies
        self.starts = range(0, len(corpus), size)
        self.files = [] if folder is None else [folder / self._name(self._part(start)) for start in self.starts]

    def tables(self, workers: int | str | None, progress: Progress | None) -> Iterator[FeatureTable]:
        """One a shard, in order: kept ones, and new ones once they are kept."""
        there = [
            self._kept(file, self._part(start)) is not None
            for file, start in zip(self.files, self.starts, strict=False)
        ] or [False] * len(self.starts)
        batches = _Batches(self, [start for start, kept in zip(self.starts, there, strict=True) if not kept])
        by_path = shared([self.corpus.utterances[first].path for first in batches.firsts], workers)
        done = 0
        with closing(workers_.run(measured, batches if by_path else map(with_sounds, batches), workers)) as results:
            for number, start in enumerate(self.starts):
                part = self._part(start)
                kept = self._kept(self.files[number], part) if there[number] else None
                if there[number] and kept is None:
                    raise FeatureError(f"{self.files[number]} was removed while it was needed; run this again")
                if kept is None:
                    kept = self._table(part, [next(results) for _ in range(0, len(part), BATCH)])
                    if self.files:
                        kept.save(self.files[number])
                done += len(part)
                if progress is not None:
                    progress(done, len(self.corpus))
                yield kept

    def _part(self, start: int) -> tuple[Utterance, ...]:
        """Of a shard; made when it is asked for, as all of them would be as many megabytes as the corpus's list."""
        return self.corpus.utterances[start : start + self.starts.step]

    def _name(self, part: tuple[Utterance, ...]) -> str:
        """A file's, which changes with the recordings and with every parameter."""
        stamped = [astuple(utterance) + _stamp(utterance.path) for utterance in part]
        return f"{hashed([version('speech-emotion'), self.config.as_dict(), self.copies, stamped])[:24]}{SUFFIX}"

    def _kept(self, file: Path, part: tuple[Utterance, ...]) -> FeatureTable | None:
        """The table in a file, if it is whole."""
        try:
            table = FeatureTable.load(file)
        except FeatureError:
            return None
        named = Counter(table.paths.tolist()) + Counter(failure.path for failure in table.failures)
        whole = named == Counter(utterance.path for utterance in part)
        return table if whole and table.config == self.config and tuple(table.copies) == self.copies else None

    def _table(self, part: tuple[Utterance, ...], found: Sequence[Measured]) -> FeatureTable:
        reasons = [reason for one in found for reason in one.reasons]
        pairs = list(zip(part, reasons, strict=True))
        kept = [utterance for utterance, reason in pairs if not reason]
        values, *changed = (np.concatenate(rows) for rows in zip(*(one.values for one in found), strict=True))
        labels: dict[str, Any] = {
            name: np.array([getattr(utterance, attribute) or "" for utterance in kept], dtype=np.str_)
            for name, attribute in LABELS.items()
        }
        return FeatureTable(
            values=values,
            **labels,
            durations=np.concatenate([one.durations for one in found]),
            config=self.config,
            origins=self.corpus.origins,
            failures=tuple(Failure(utterance.path, reason) for utterance, reason in pairs if reason),
            copies=dict(zip(self.copies, changed, strict=True)),
        )


class _Batches:
    """The batches of some shards, each made when it is its turn."""

    def __init__(self, work: _Work, starts: Sequence[int]) -> None:
        self._work = work
        end = len(work.corpus)
        self.firsts = [first for start in starts for first in range(start, min(start + work.starts.step, end), BATCH)]

    def __len__(self) -> int:
        return len(self.firsts)

    def __iter__(self) -> Iterator[Batch]:
        size = self._work.starts.step
        for first in self.firsts:
            end = min(first + BATCH, first // size * size + size)
            yield Batch(self._work.corpus.utterances[first:end], self._work.config, self._work.copies)


LABELS = {
    "emotions": "emotion",
    "speakers": "speaker",
    "sentences": "sentence",
    "intensities": "intensity",
    "sexes": "sex",
    "corpora": "corpus",
    "paths": "path",
}
"""Columns of a table, and what they are called of one utterance."""


def _stamp(path: str) -> tuple[int, int]:
    """Size and time of the file (or its archive), so that a changed recording is measured again."""
    place = Path(path)
    for file in (place, *place.parents):
        if os.path.isfile(file):
            stat = file.stat()
            return stat.st_size, stat.st_mtime_ns
    return 0, 0


def _nothing(corpus: Corpus, failure: Failure | None) -> FeatureError:
    first = f"; the first: {failure.path}: {failure.reason}" if failure else ""
    error = FeatureError(f"none of the {len(corpus)} recordings of {corpus.name} could be used{first}")
    error.exit_status = 1
    return error
