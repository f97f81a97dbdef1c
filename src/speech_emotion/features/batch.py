"""Some recordings as numbers: what a worker does at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..audio.carried import Carried, carried
from ..audio.read import read
from ..corpora.utterance import Utterance
from ..errors import AudioError, FeatureError, SpeechEmotionError
from .config import FeatureConfig
from .copies import copy_of
from .measure import measure


@dataclass(frozen=True, slots=True)
class Batch:
    """Recordings to be measured: a task for one worker.

    Attributes:
        utterances: where they are.
        config: what is measured.
        copies: what else is made of each, and measured too.
        sounds: the recordings themselves, or why there is none; empty where the worker reads them by their paths.
    """

    utterances: tuple[Utterance, ...]
    config: FeatureConfig
    copies: tuple[str, ...]
    sounds: tuple[Carried | AudioError, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A batch as numbers.

    Attributes:
        values: of those that could be measured, shape (1 + copies, measured, features).
        durations: of the same, seconds, shape (measured,).
        reasons: why an utterance could not be measured; empty for one that was.
    """

    values: NDArray[np.float32]
    durations: NDArray[np.float32]
    reasons: tuple[str, ...]


def with_sounds(batch: Batch) -> Batch:
    """The same batch for a worker that cannot read these paths."""
    return replace(batch, sounds=tuple(carried(utterance.path) for utterance in batch.utterances))


def measured(batch: Batch) -> Measured:
    """Read and measure each recording of a batch.

    Raises:
        MissingExtraError: if a group needs a library that is not installed.
    """
    values, durations, reasons = [], [], []
    for utterance, sound in zip(batch.utterances, batch.sounds or [u.path for u in batch.utterances], strict=True):
        try:
            if isinstance(sound, AudioError):
                raise sound
            waveform = read(sound, batch.config.rate, utterance.start, utterance.end)
        except SpeechEmotionError as error:
            reasons.append(str(error).removeprefix(f"{utterance.path}: "))
            continue
        try:
            sounds = [waveform, *(copy_of(waveform, name, utterance.path) for name in batch.copies)]
            rows = np.stack([measure(sound, batch.config) for sound in sounds])
        except FeatureError as error:  # not that a group's library is missing: that ends the work
            reasons.append(str(error))
            continue
        if not np.isfinite(rows).all():
            reasons.append("a feature is not finite")
            continue
        reasons.append("")
        values.append(rows)
        durations.append(waveform.duration)
    return Measured(
        np.array(values, dtype=np.float32)
        .reshape(len(values), 1 + len(batch.copies), batch.config.size)
        .swapaxes(0, 1),
        np.array(durations, dtype=np.float32),
        tuple(reasons),
    )
