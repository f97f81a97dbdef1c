"""Whether a recording is sound, and what there is to say of it apart from the voice.

Everything here is measured on the recording as it is stored, before channels are mixed or the rate is changed. Levels
are in dB of full scale.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOWEST_DB = -120.0
"""The level of nothing at all."""

SILENT_DB = -70.0
"""A recording whose loudest frame stays below is silent: ten steps of 16 bit. RAVDESS's softest clip reaches -54."""

CLIPPED_RUNS = 3
"""So many runs of samples stuck at the peak make a recording clipped; one or two may be chance."""

_STUCK = 3  # samples in a row at the peak; a wave that is not clipped turns within less
_LOUD_ENOUGH = 0.25  # of full scale; below that even many equal samples are no sign of clipping
_AS_LOUD = 0.9995  # of the peak: a lossless copy at another rounding is still stuck

LARGEST = 2.0**15
"""Of full scale; a sample beyond is damage. Integers that were stored as floating point, unscaled, stay below."""

FRAME_SECONDS = 0.010
SPOKEN_DB = 30.0  # below the loudest frame: quieter ones at the ends are silence


@dataclass(frozen=True, slots=True)
class Soundness:
    """What is known of a recording without listening to the voice.

    Attributes:
        seconds: its length; 0 where it is empty.
        leading: seconds until somebody speaks.
        trailing: seconds after somebody has spoken.
        level: root mean square between the two, dB.
        peak: the largest sample, dB.
        loudest: root mean square of the loudest 10 ms, dB.
        rate: Hz.
        channels: how many are stored.
        bits: the fewest, of 8, 16, 24 and 32, that hold the samples.
        invalid: samples that are no finite number, or far beyond what any recorder writes.
        clipped: runs of three samples or more that are stuck at the peak.
        digest: equal for equal samples at an equal rate, whatever the file's format.
    """

    seconds: float
    leading: float
    trailing: float
    level: float
    peak: float
    loudest: float
    rate: int
    channels: int
    bits: int
    invalid: int
    clipped: int
    digest: str

    @property
    def silent(self) -> bool:
        """Whether there is nothing to be heard."""
        return self.loudest < SILENT_DB

    @property
    def is_clipped(self) -> bool:
        """Whether its loudest moments were cut off."""
        return self.clipped >= CLIPPED_RUNS


def examine(samples: NDArray[np.float32], rate: int) -> Soundness:
    """Measure a recording.

    Args:
        samples: shape (n, channels), as :func:`speech_emotion.audio.read.channels` gives them.
        rate: Hz.

    Example:
        >>> tone = np.sin(np.arange(8_000) * 0.4)[:, None].astype(np.float32)
        >>> found = examine(np.concatenate([np.zeros((4_000, 1), np.float32), tone / 2]), 8_000)
        >>> found.seconds, found.leading, round(found.peak), round(found.level), found.silent
        (1.5, 0.5, -6, -9, False)
    """
    stored, samples = samples, _numbers(samples)
    mono = mixed(samples)
    frame = max(1, round(FRAME_SECONDS * rate))
    count = -(-len(mono) // frame)
    energies = np.zeros(count * frame)
    energies[: len(mono)] = mono - (mono.mean() if len(mono) else 0)  # a constant offset is not heard
    energies = (energies.reshape(count, frame) ** 2).mean(axis=1)
    spoken = np.flatnonzero(energies > energies.max(initial=0) * 10 ** (-SPOKEN_DB / 10))
    first, last = (int(spoken[0]), int(spoken[-1]) + 1) if len(spoken) else (0, 0)
    return Soundness(
        seconds=len(mono) / rate,
        leading=first * frame / rate,
        trailing=max(0.0, (len(mono) - last * frame) / rate),
        level=_decibels(energies[first:last].mean() if last > first else 0.0),
        peak=_decibels(float(np.abs(samples).max(initial=0)) ** 2),
        loudest=_decibels(energies.max(initial=0)),
        rate=rate,
        channels=samples.shape[1],
        bits=_bits(samples),
        invalid=0 if samples is stored else int((samples != stored).sum()),
        clipped=max((_stuck(channel) for channel in samples.T), default=0),
        digest=hashlib.sha256(f"{rate} ".encode() + np.ascontiguousarray(mono + np.float32(0)).tobytes()).hexdigest(),
    )


def mixed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the channels, shape (n,); what is no finite number counts as 0."""
    samples = _numbers(samples)
    mono: NDArray[np.float32] = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    return mono


def _numbers(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The samples, if all are within reason; else a copy, with 0 for what is no finite number and the rest cut off."""
    if not samples.size or max(samples.max(), -samples.min()) <= LARGEST:  # so written, not-a-number fails too
        return samples
    return np.clip(np.nan_to_num(samples, nan=0, posinf=0, neginf=0), -LARGEST, LARGEST)


def _decibels(power: float) -> float:
    return max(LOWEST_DB, 10 * float(np.log10(max(power, 1e-30))))


def _bits(samples: NDArray[np.float32]) -> int:
    for bits in (8, 16, 24):
        scaled = samples * np.float32(2.0 ** (bits - 1))
        if (scaled == np.rint(scaled)).all():
            return bits
    return 32


def _stuck(channel: NDArray[np.float32]) -> int:
    """How many runs there are of samples in a row that are all at the peak, on one side."""
    runs = 0
    for side in (channel, -channel):
        peak = side.max(initial=0)
        if peak < _LOUD_ENOUGH:
            continue
        at_peak = np.flatnonzero(side >= min(peak, 1.0) * _AS_LOUD)
        edges = np.flatnonzero(np.diff(at_peak) > 1) + 1
        runs += sum(len(run) >= _STUCK for run in np.split(at_peak, edges))
    return runs
