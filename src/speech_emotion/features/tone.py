"""How speech sounds to a speech encoder: the layers of small networks that learnt to write down speech, over time.

A network that learnt to write down what was said hears the tone as well; its layers tell emotions of new speakers
apart far better than spectral features do. ``tone`` is the lower half of the encoder of Moonshine's base model
(Jeffries et al., 2024, arXiv:2410.15608), ``tone-large`` the same and beside it four of the six layers of Whisper
base's (Radford et al., 2022, arXiv:2212.04356): two that learnt differently hear more than one that is larger. Of each
layer that is read, the mean and the standard deviation over the frames of speech. Their files were made
by ``tools/export_moonshine.py`` and ``tools/export_encoder.py``; origin, licence and checksums are in
``encoders/README.md``. What these groups measure never changes once released: a better encoder gets another name, so
that a model always meets its own.

Neither the level of a recording nor the silence around the speech is a clue: the loudest band energy is moved to one
level, and the ends are cut off.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import runtime
from .log_mel import FRAMES_PER_SECOND, HOP, log_mel, scaled

if TYPE_CHECKING:
    from .config import FeatureConfig


class Encoder(NamedTuple):
    """What is known of an encoder's file.

    Attributes:
        file: its name.
        hears: the sound itself, or its log-mel; the name of its input.
        layers: of which it gives statistics, 0 being the convolutions' output.
        width: of each.
        sha256: of the file.
    """

    file: str
    hears: Literal["sound", "mel"]
    layers: range
    width: int
    sha256: str


ENCODERS = {
    "moonshine": Encoder(
        "moonshine.onnx", "sound", range(2, 5), 416, "2176cb9414194a821f50a678a928bb8aeed1a6dd1d9a9f0e4bfc08701fc4d86c"
    ),
    "whisper": Encoder(
        "whisper.onnx.gz", "mel", range(2, 5), 512, "b328e69d7f61334957f3683593ed4886e12331ed144322da779e0438ad86f06f"
    ),
}
"""By name."""

GROUPS = {"tone": ("moonshine",), "tone-large": ("moonshine", "whisper")}
"""Whose numbers a feature group has."""

STATISTICS = ("mean", "std")

LOUDEST = 1.5
"""Powers of ten, as Whisper counts energies; about what the loudest is in a close recording of full scale."""

SPEECH_RANGE = 35.0
"""dB below the loudest part, at which speech is taken to begin and end, unless noise is louder than that."""

NOISE_PERCENTILE = 5
"""Of the energies; what lies below is taken to be noise."""

ABOVE_NOISE = 10.0
"""dB above the noise, at which speech is taken to begin and end."""

LEAST_RANGE = 12.0
"""dB below the loudest part; what is louder is speech, however loud the noise seems to be: there may be no pause."""

MARGIN = 5
"""Frames kept before and after the speech."""

SMOOTHED = 5
"""Frames of whose energy the mean is taken, so that a click is not speech."""

FEWEST = 10
"""Frames; a shorter sound is filled up with silence."""

MOST = 30 * FRAMES_PER_SECOND
"""Frames; the encoders have heard no longer sound. Of one that is longer, parts are heard, and their numbers
averaged."""


class Speech(NamedTuple):
    """A part of what the encoders hear of a sound, in both forms.

    Attributes:
        sound: float32, shape (160 · frames,), at one level; a little less where the sound ends before.
        mel: its scaled log-mel, float32, shape (80, frames).
    """

    sound: NDArray[np.float32]
    mel: NDArray[np.float32]


def tone_columns(config: FeatureConfig) -> tuple[str, ...]:
    """The names of Moonshine's 2496 numbers: layer, statistic and unit."""
    return _columns("tone")


def tone(samples: NDArray[np.float32], config: FeatureConfig) -> NDArray[np.float32]:
    """Statistics of Moonshine base's layers 2, 3 and the attention of 4 over the speech, float32, shape (2496,)."""
    return _measure("tone", samples)


def tone_large_columns(config: FeatureConfig) -> tuple[str, ...]:
    """The names of 5568 numbers, Moonshine's and Whisper's: encoder, layer, statistic and unit."""
    return _columns("tone-large")


def tone_large(samples: NDArray[np.float32], config: FeatureConfig) -> NDArray[np.float32]:
    """What :func:`tone` gives, and the same of Whisper base's layers 2 to 4, float32, shape (5568,)."""
    return _measure("tone-large", samples)


def heard(samples: NDArray[np.float32]) -> list[Speech]:
    """What the encoders hear of a sound: its speech in parts of up to 30 s.

    Args:
        samples: mono, at 16 kHz, shape (n,), n ≥ 1.

    Example:
        >>> sound = np.zeros(32_000, dtype=np.float32)
        >>> sound[16_000:24_000] = np.sin(np.arange(8_000))  # half a second
        >>> [(part.sound.shape, part.mel.shape) for part in heard(sound)]
        [((10400,), (80, 65))]
    """
    levels = log_mel(samples)
    first, last = speech(levels)
    levels = levels[:, first:last]
    sound = samples[first * HOP : last * HOP] * np.float32(10 ** ((LOUDEST - levels.max()) / 2))
    frames = scaled(levels, LOUDEST)
    if (missing := FEWEST - frames.shape[1]) > 0:
        frames = np.pad(frames, ((0, 0), (0, missing)), constant_values=frames.min())
        sound = np.pad(sound, (0, max(0, FEWEST * HOP - len(sound))))
    parts = np.array_split(frames, -(-frames.shape[1] // MOST), axis=1)
    ends = np.cumsum([part.shape[1] for part in parts[:-1]], dtype=int) * HOP
    return [Speech(*part) for part in zip(np.split(sound, ends), parts, strict=True)]


def speech(levels: NDArray[np.float32]) -> tuple[int, int]:
    """Where speech begins and ends, by its energy, in silence or in noise.

    Args:
        levels: from :func:`.log_mel.log_mel`, shape (80, frames).

    Returns:
        The first frame, and the one after the last.
    """
    energies = (10 ** levels.astype(np.float64)).sum(axis=0)
    smoothed = np.convolve(energies, np.full(SMOOTHED, 1 / SMOOTHED))[SMOOTHED // 2 :][: len(energies)]
    decibels = 10 * np.log10(smoothed)
    loudest, noise = decibels.max(), np.percentile(decibels, NOISE_PERCENTILE)
    border = min(max(loudest - SPEECH_RANGE, noise + ABOVE_NOISE), loudest - LEAST_RANGE)
    loud = np.flatnonzero(decibels >= border)
    return max(0, int(loud[0]) - MARGIN), min(len(energies), int(loud[-1]) + 1 + MARGIN)


def encoder_bytes(features: Iterable[str]) -> int:
    """How large the encoders' files are that these feature groups need; 0 where they need none, or they are missing."""
    needed = {name for group in features for name in GROUPS.get(group, ())}
    return sum(_file(name).stat().st_size for name in needed if _file(name).exists())


def _measure(group: str, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = heard(samples)
    found = [np.concatenate([_statistics(name, part) for name in GROUPS[group]]) for part in parts]
    mean: NDArray[np.float32] = np.average(found, axis=0, weights=[part.mel.shape[1] for part in parts])
    return mean.astype(np.float32)


def _statistics(name: str, part: Speech) -> NDArray[np.float32]:
    hears = ENCODERS[name].hears
    statistics: NDArray[np.float32] = _encoder(name).run(None, {hears: getattr(part, hears)[None]})[0]
    return statistics.ravel()


@lru_cache(maxsize=len(ENCODERS))
def _encoder(name: str) -> Any:
    return runtime.session(_file(name), ENCODERS[name].sha256)


def _file(name: str) -> Path:
    return Path(__file__).with_name("encoders") / ENCODERS[name].file


@lru_cache(maxsize=len(GROUPS))
def _columns(group: str) -> tuple[str, ...]:
    names = GROUPS[group]
    prefixes = {name: group if len(names) == 1 else f"{group}_{name}" for name in names}
    return tuple(
        f"{prefixes[name]}_{layer}_{statistic}_{unit:03d}"
        for name in names
        for layer in ENCODERS[name].layers
        for statistic in STATISTICS
        for unit in range(ENCODERS[name].width)
    )
