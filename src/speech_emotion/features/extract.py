"""A corpus to a feature table, on all cores, resumable.

Work is cut into shards of consecutive utterances. A finished shard is written to a folder beside the result, so that
a run that was killed goes on where it stopped. Values do not depend on the number of workers: each utterance is
measured by itself, and rows are in the corpus's order.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import workers as workers_
from ..audio.read import read
from ..corpora.paths import replacing
from ..corpora.utterance import Corpus, Utterance
from ..errors import FeatureError, SpeechEmotionError
from ..workers import Progress
from .config import FeatureConfig
from .copies import chosen, copy_of
from .defaults import copies_of, features_of
from .measure import measure
from .table import Failure, FeatureTable

SHARD = 32
"""Utterances a shard: a second or less of work to lose."""

SHARD_SUFFIX = ".shard.npz"


def extract(
    corpus: Corpus,
    features: Sequence[str] | None = None,
    statistics: Sequence[str] | None = None,
    *,
    config: FeatureConfig | None = None,
    copies: Sequence[str] | None = None,
    workers: int | None = None,
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
        workers: processes; None takes all cores. The values are the same with any number.
        resume: a folder for finished shards. What a killed run left there is used; :func:`forget` clears it.
        progress: called with utterances done and all utterances.

    Returns:
        A row an utterance, in the corpus's order. Recordings that could not be used are not in it; ``failures`` lists
        each with its reason.

    Raises:
        UsageError: if a feature, statistic or copy is unknown.
        FeatureError: if no recording could be used.
        MissingExtraError: if a group needs a library that is not installed.
    """
    named = features is not None or config is not None
    if config is None:
        groups = features_of(statistics=statistics) if features is None else features
        config = FeatureConfig(features=_all(groups), statistics=_all(statistics or ("mean",)))
    folder = None if resume is None else os.fspath(resume)
    wanted = chosen(copies_of(config.features, copies, named=named))
    shards = [
        _Shard(corpus.utterances[first : first + SHARD], config, wanted, folder)
        for first in range(0, len(corpus), SHARD)
    ]
    measured: list[_Measured] = []
    done = 0
    for shard, result in zip(shards, workers_.run(_measure_shard, shards, workers), strict=True):
        measured.append(result)
        done += len(shard.utterances)
        if progress is not None:
            progress(done, len(corpus))
    return _table(corpus, config, wanted, measured)


def _all(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def forget(resume: str | os.PathLike[str]) -> None:
    """Remove the shards that :func:`extract` left in a folder, once its table is saved; other files there stay."""
    folder = Path(resume)
    for file in folder.glob(f"*{SHARD_SUFFIX}*"):
        file.unlink(missing_ok=True)
    with suppress(OSError):  # not empty, or not there
        folder.rmdir()


@dataclass(frozen=True, slots=True)
class _Shard:
    utterances: tuple[Utterance, ...]
    config: FeatureConfig
    copies: tuple[str, ...]
    folder: str | None

    @property
    def file(self) -> Path | None:
        """Where its result is kept; the name changes with the recordings and with every parameter."""
        if self.folder is None:
            return None
        about = [
            version("speech-emotion"),
            self.config.as_dict(),
            self.copies,
            [astuple(utterance) + _stamp(utterance) for utterance in self.utterances],
        ]
        key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:24]
        return Path(self.folder) / f"{key}{SHARD_SUFFIX}"


@dataclass(frozen=True, slots=True)
class _Measured:
    """The rows of one shard, shape (1 + copies, utterances, features); ``reasons`` is empty for one that has a row."""

    values: NDArray[np.float32]
    durations: NDArray[np.float32]
    reasons: tuple[str, ...]


def _stamp(utterance: Utterance) -> tuple[int, int]:
    """Size and time of the file (or its archive), so that a changed recording is measured again."""
    place = Path(utterance.path)
    for file in (place, *place.parents):
        if os.path.isfile(file):
            stat = file.stat()
            return stat.st_size, stat.st_mtime_ns
    return 0, 0


def _measure_shard(shard: _Shard) -> _Measured:
    file = shard.file
    if file is not None and (kept := _kept(file, shard)) is not None:
        return kept
    values, durations, reasons = [], [], []
    for utterance in shard.utterances:
        try:
            waveform = read(utterance.path, shard.config.rate, utterance.start, utterance.end)
        except SpeechEmotionError as error:
            reasons.append(str(error).removeprefix(f"{utterance.path}: "))
            continue
        try:
            sounds = [waveform, *(copy_of(waveform, name, utterance.path) for name in shard.copies)]
            rows = np.stack([measure(sound, shard.config) for sound in sounds])
        except FeatureError as error:  # not that a group's library is missing: that ends the work
            reasons.append(str(error))
            continue
        if not np.isfinite(rows).all():
            reasons.append("a feature is not finite")
            continue
        reasons.append("")
        values.append(rows)
        durations.append(waveform.duration)
    measured = _Measured(
        np.array(values, dtype=np.float32)
        .reshape(len(values), 1 + len(shard.copies), shard.config.size)
        .swapaxes(0, 1),
        np.array(durations, dtype=np.float32),
        tuple(reasons),
    )
    if file is not None:
        _keep(file, measured)
    return measured


def _keep(file: Path, measured: _Measured) -> None:
    with replacing(file) as part, part.open("wb") as out:
        np.savez(
            out,
            allow_pickle=False,
            values=measured.values,
            durations=measured.durations,
            reasons=np.array(json.dumps(measured.reasons)),
        )


def _kept(file: Path, shard: _Shard) -> _Measured | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            reasons = tuple(json.loads(str(kept["reasons"])))
            values, durations = kept["values"], kept["durations"]
    except (OSError, ValueError, KeyError, EOFError, MemoryError, zlib.error, zipfile.BadZipFile):
        return None
    rows = reasons.count("")
    whole = len(reasons) == len(shard.utterances) and durations.shape == (rows,)
    whole = whole and values.shape == (1 + len(shard.copies), rows, shard.config.size)
    if not whole or values.dtype != np.float32 or durations.dtype != np.float32 or not np.isfinite(values).all():
        return None
    return _Measured(values, durations, reasons)


def _table(corpus: Corpus, config: FeatureConfig, copies: tuple[str, ...], measured: list[_Measured]) -> FeatureTable:
    reasons = [reason for shard in measured for reason in shard.reasons]
    pairs = list(zip(corpus.utterances, reasons, strict=True))
    kept = [utterance for utterance, reason in pairs if not reason]
    failures = tuple(Failure(utterance.path, reason) for utterance, reason in pairs if reason)
    if not kept:
        first = f"; the first: {failures[0].path}: {failures[0].reason}" if failures else ""
        error = FeatureError(f"none of the {len(corpus)} recordings of {corpus.name} could be used{first}")
        error.exit_status = 1
        raise error
    values, *changed = (np.concatenate(rows) for rows in zip(*(shard.values for shard in measured), strict=True))
    return FeatureTable(
        values=values,
        emotions=np.array([u.emotion for u in kept]),
        speakers=np.array([u.speaker for u in kept]),
        sentences=np.array([u.sentence or "" for u in kept]),
        intensities=np.array([u.intensity or "" for u in kept]),
        sexes=np.array([u.sex or "" for u in kept]),
        corpora=np.array([u.corpus for u in kept]),
        paths=np.array([u.path for u in kept]),
        durations=np.concatenate([shard.durations for shard in measured]),
        config=config,
        origins=corpus.origins,
        failures=failures,
        left_out=dict(corpus.left_out),
        copies=dict(zip(copies, changed, strict=True)),
    )
