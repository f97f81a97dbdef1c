"""Training clips once more, as they might have sounded: faster, in noise, among others, in a room, over a telephone.

A model that has heard them leans less on one tempo, room or microphone. Copies are learnt from, never tested; what is
random in one follows from the clip's name, so that it is the same on any number of workers.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath

import numpy as np

from ..audio import augment
from ..audio.waveform import Waveform
from ..errors import unknown

Copy = Callable[[Waveform, np.random.Generator], Waveform]

FASTER = 1.1
SLOWER = 0.9

NOISE_SNR = (5.0, 25.0)
"""dB; drawn evenly between."""

ROOM_RT60 = (0.15, 0.7)
"""Seconds in which the sound of a room falls by 60 dB; drawn evenly between."""

EQUALISER_DB = 6.0
"""Standard deviation of the gain at each of :data:`EQUALISER_POINTS`, as of strange microphones."""

EQUALISER_POINTS = 6

TELEPHONES = 0.35
"""Of the copies that are far."""

VOICES = 6
"""That babble is made of: few enough to be heard as voices, too many to be understood."""

VOICES_SPEED = (0.7, 1.4)
"""Drawn evenly between, so that they are higher and lower, quicker and slower than the clip."""


def _noise(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    make = augment.pink_noise if rng.random() < 0.5 else augment.white_noise
    return make(waveform, rng.uniform(*NOISE_SNR), rng)


def _room(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    return augment.reverberation(waveform, rng.uniform(*ROOM_RT60), rng)


def _equalised(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Through a smooth random filter: a microphone, a codec and a distance that are not the corpus's."""
    spectrum = np.fft.rfft(waveform.samples)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(waveform.samples), 1 / waveform.rate), 60) / 60)
    points = np.linspace(0, np.log2(waveform.rate / 2 / 60), EQUALISER_POINTS)
    decibels = np.interp(octaves, points, rng.normal(0, EQUALISER_DB, EQUALISER_POINTS))
    filtered = np.fft.irfft(spectrum * 10 ** (decibels / 20), len(waveform.samples))
    loudest = max(1.0, float(np.abs(filtered).max()))
    return Waveform((filtered / loudest).astype(np.float32), waveform.rate)


def _babble(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Among people who speak at once. They are the clip itself at other speeds and partly backwards: that needs no
    other recordings, and teaches nearly what strange voices do (docs/accuracy.md)."""
    voices = [_another_voice(waveform, rng) for _ in range(VOICES)]
    if not any(voice.samples.any() for voice in voices):
        return waveform
    return augment.babble_noise(waveform, rng.uniform(*NOISE_SNR), rng, voices)


def _another_voice(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    voice = augment.speed(waveform, rng.uniform(*VOICES_SPEED))
    return Waveform(voice.samples[::-1], voice.rate) if rng.random() < 0.5 else voice


def _far(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Another microphone, or now and then a telephone, in a noisy room, all at once."""
    there = _room(waveform, rng)
    if rng.random() < TELEPHONES:
        return augment.telephone(_noise(there, rng))
    return _noise(_equalised(there, rng), rng)


COPIES: Mapping[str, Copy] = {
    "slower": lambda waveform, rng: augment.speed(waveform, SLOWER),
    "faster": lambda waveform, rng: augment.speed(waveform, FASTER),
    "noise": _noise,
    "room": _room,
    "equalised": _equalised,
    "far": _far,
    "telephone": lambda waveform, rng: augment.telephone(waveform),
    "babble": _babble,
}
"""What a copy of a clip may be, by name."""


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The names of copies, each once.

    Raises:
        UsageError: if one is not in :data:`COPIES`.
    """
    for name in names:
        if name not in COPIES:
            raise unknown("copy", name, COPIES)
    return tuple(dict.fromkeys(names))


def copy_of(waveform: Waveform, name: str, path: str) -> Waveform:
    """One copy of a clip.

    Args:
        waveform: the clip, mono.
        name: from :data:`COPIES`.
        path: the clip's; its last part seeds what is random.
    """
    file = PurePath(path.replace("\\", "/")).name
    rng = np.random.default_rng([zlib.crc32(os.fsencode(file)), zlib.crc32(name.encode())])
    return COPIES[name](waveform, rng)
