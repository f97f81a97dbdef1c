"""The conditions under which a model is tested, and one recording measured under each of them.

What is random comes from the seed and the recording's name, so it is the same in whatever order recordings are
measured; noise of one kind is the same at every strength.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..audio import augment
from ..audio.codecs import CODECS, coded
from ..audio.read import read
from ..audio.waveform import Waveform
from ..errors import FeatureError, SpeechEmotionError
from ..features.config import FeatureConfig
from ..features.measure import measure

RT60 = 0.5
"""Seconds: a furnished room of 50 m³ or so; the speaker stands where walls and mouth are equally loud."""

VOICES = 6
"""People in the babble: few enough to be heard as voices, too many to be understood."""

Change = Callable[[Waveform, np.random.Generator, Sequence[Waveform]], Waveform]
"""Takes the recording, what is random, and recordings of other people."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A way for a recording to be worse.

    Attributes:
        group: ``noise``, ``level``, ``channel``, ``room``, ``speed`` or ``length``.
        title: for people.
        change: what it does.
    """

    group: str
    title: str
    change: Change


def _plain(function: Callable[..., Waveform], *arguments: object) -> Change:
    return lambda waveform, rng, voices: function(waveform, *arguments)


def _random(function: Callable[..., Waveform], amount: float) -> Change:
    return lambda waveform, rng, voices: function(waveform, amount, rng)


def _babble(snr: float) -> Change:
    return lambda waveform, rng, voices: augment.babble_noise(waveform, snr, rng, voices)


def _conditions() -> dict[str, Condition]:
    noise = partial(Condition, "noise")
    found = {}
    for snr in (20, 10, 0):
        found[f"white_{snr}"] = noise(f"white noise, {snr} dB", _random(augment.white_noise, snr))
    for snr in (20, 10, 0):
        found[f"pink_{snr}"] = noise(f"pink noise, {snr} dB", _random(augment.pink_noise, snr))
    for snr in (20, 10, 0):
        found[f"babble_{snr}"] = noise(f"other voices, {snr} dB", _babble(snr))
    found["gain_up"] = Condition("level", "10 dB louder", _plain(augment.gain, 10.0))
    found["gain_down"] = Condition("level", "10 dB quieter", _plain(augment.gain, -10.0))
    found["telephone"] = Condition("channel", "telephone, 300–3400 Hz", _plain(augment.telephone))
    for name, codec in CODECS.items():
        found[name] = Condition("channel", codec.title, _plain(coded, name))
    found["reverberation"] = Condition("room", f"a room, RT60 {RT60} s", _random(augment.reverberation, RT60))
    found["speed_up"] = Condition("speed", "10 % faster", _plain(augment.speed, 1.1))
    found["speed_down"] = Condition("speed", "10 % slower", _plain(augment.speed, 0.9))
    for seconds in (3, 2, 1):
        found[f"crop_{seconds}"] = Condition("length", f"{seconds} s of it", _plain(augment.crop, float(seconds)))
    return found


CONDITIONS = _conditions()
"""By name, in the order of the table."""


class Stretch(NamedTuple):
    """Where a recording is: a file, and its part from ``start`` to ``end``, in seconds."""

    path: str
    start: float | None = None
    end: float | None = None

    @property
    def name(self) -> str:
        """The same wherever the file lies."""
        return f"{PurePath(self.path.replace(chr(92), '/')).name} {self.start} {self.end}"


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording to be measured under conditions: a task for one worker.

    Attributes:
        place: where it is.
        voices: recordings of others, for the babble.
        conditions: names from :data:`CONDITIONS`.
        config: what is measured.
        seed: of all that is random.
    """

    place: Stretch
    voices: tuple[Stretch, ...]
    conditions: tuple[str, ...]
    config: FeatureConfig
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A recording's features as it is and under each condition.

    Attributes:
        values: float32, shape (1 + conditions, features), the first row as it is; NaN where that did not work.
        reasons: for each row why it did not work; empty where it did.
    """

    values: NDArray[np.float32]
    reasons: tuple[str, ...]


def hear(clip: Clip) -> Heard:
    """Measure a recording as it is and under each condition."""
    rows = 1 + len(clip.conditions)
    values = np.full((rows, clip.config.size), np.nan, dtype=np.float32)
    try:
        waveform = _read(clip.place, clip.config)
        values[0] = measure(waveform, clip.config)
    except SpeechEmotionError as error:
        return Heard(values, (str(error),) * rows)
    reasons = [""]
    voices: list[Waveform] = []
    for number, name in enumerate(clip.conditions, start=1):
        condition = CONDITIONS[name]
        try:
            if name.startswith("babble") and not voices:
                voices = [_read(place, clip.config) for place in clip.voices]
            changed = condition.change(waveform, _generator(clip, name), voices)
            row = measure(changed, clip.config)
            if not np.isfinite(row).all():
                raise FeatureError("a feature is not finite")
            values[number] = row
            reasons.append("")
        except SpeechEmotionError as error:
            reasons.append(str(error))
    return Heard(values, tuple(reasons))


def _read(place: Stretch, config: FeatureConfig) -> Waveform:
    return read(place.path, config.rate, place.start, place.end)


def _generator(clip: Clip, condition: str) -> np.random.Generator:
    kind = condition.split("_", 1)[0]
    words = hashlib.sha256(f"{kind} {clip.place.name}".encode(errors="surrogateescape")).digest()
    return np.random.default_rng([clip.seed, *words])
