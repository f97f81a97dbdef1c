"""A made voice: glottal pulses and noise through the resonances of a vocal tract.

Pulses after Rosenberg (1971), with jitter, shimmer and breath noise; a cascade of five formants (Klatt, 1980)
that move from syllable to syllable. Formants of the vowels are the men's means of Peterson & Barney (1952); a
shorter tract raises them all. Samples are float32 at :data:`RATE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

RATE = 16_000
"""Hz."""

Samples = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker's habits.

    Attributes:
        sex: ``female`` or ``male``.
        pitch: Hz.
        tract: length of the vocal tract against an average man's.
        pace: syllables a second.
        level: dB against full scale.
        effort: from 0, a soft voice, to 1, a pressed one.
        breath: breath noise against the pulses.
        expression: factor on all that an emotion changes.
    """

    sex: str
    pitch: float
    tract: float
    pace: float
    level: float
    effort: float
    breath: float
    expression: float


@dataclass(frozen=True, slots=True)
class Tone:
    """What an emotion changes in the habits.

    Attributes:
        pitch: semitones.
        span: standard deviation of the syllables' pitch, semitones.
        glide: semitones from the first syllable to the last.
        pace: factor on syllables a second.
        level: dB.
        effort: added to the voice's.
        breath: added to the voice's.
    """

    pitch: float
    span: float
    glide: float
    pace: float
    level: float
    effort: float
    breath: float


def invent(sex: str, rng: np.random.Generator) -> Voice:
    """A voice nobody has."""
    man = sex == "male"
    return Voice(
        sex=sex,
        pitch=(118.0 if man else 205.0) * 2 ** (rng.normal(0, 2.0) / 12),
        tract=(1.0 if man else 0.86) * (1 + rng.normal(0, 0.03)),
        pace=rng.normal(4.3, 0.4),
        level=-26 + rng.normal(0, 2.5),
        effort=rng.normal(0.5, 0.1),
        breath=abs(rng.normal(0.06, 0.03)),
        expression=rng.uniform(0.8, 1.2),
    )


def say(sentence: str, voice: Voice, tone: Tone, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A sentence of syllables, each of a consonant and a vowel, in a tone.

    Args:
        sentence: syllables of a consonant from :data:`CONSONANTS` and one of the vowels a, e, i, o and u.
        voice: who speaks.
        tone: how.
        rng: what differs from take to take.

    Returns:
        float32, shape (samples,), in [-1, 1], with a little silence before and behind.
    """
    much = voice.expression
    syllables = [(syllable[:-1], syllable[-1]) for syllable in sentence.split()]
    pace = voice.pace * tone.pace**much * np.exp(rng.normal(0, 0.08))
    ends, kinds = _timing(syllables, pace, rng)
    count = int(ends[-1] * RATE)
    time = np.arange(count) / RATE
    starts = np.concatenate(([0.0], ends[:-1]))

    def track(values: list[float], glide: float) -> Samples:
        """The segments' values as a curve that takes some seconds on either side of a border."""
        inset = np.minimum(glide, (ends - starts) / 3)
        points = np.column_stack((starts + inset, ends - inset)).ravel()
        return np.asarray(np.interp(time, points, np.repeat(values, 2)))

    voicing = track([CONSONANTS[kind].voicing if kind in CONSONANTS else 1.0 for kind in kinds], glide=0.012)
    friction = track([CONSONANTS[kind].noise if kind in CONSONANTS else 0.0 for kind in kinds], glide=0.005)
    effort = float(np.clip(voice.effort + much * tone.effort + rng.normal(0, 0.06), 0.05, 0.95))
    breath = max(0.0, voice.breath + much * tone.breath + rng.normal(0, 0.012))
    pitch = voice.pitch * 2 ** (_melody(len(syllables), time / ends[-1], tone, much, rng) / 12)

    source = _pulses(pitch, effort, breath, rng) * voicing
    noise = rng.standard_normal(count) * friction * 0.03
    spoken = _through_tract(source, noise, kinds, ends, voice.tract)
    spoken *= np.interp(time, [0, 0.03, ends[-1] - 0.06, ends[-1]], [0, 1, 1, 0])

    level = voice.level + much * tone.level + rng.normal(0, 1.2)
    spoken *= 10 ** (level / 20) / np.sqrt(np.mean(spoken**2))
    before, behind = (rng.uniform(0.1, 0.3, 2) * RATE).astype(int)
    room = rng.standard_normal(before + count + behind) * 10 ** (-66 / 20)
    room[before : before + count] += spoken
    return np.asarray(np.clip(room, -0.99, 0.99), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Consonant:
    """Seconds, how much of the pulses and of noise is heard, and the noise's centre and width in Hz."""

    seconds: float
    voicing: float
    noise: float = 0.0
    centre: float = 0.0
    width: float = 1.0


CONSONANTS = {
    "s": Consonant(0.10, 0.0, 1.0, 6000.0, 1200.0),
    "sh": Consonant(0.10, 0.0, 1.4, 3200.0, 900.0),
    "k": Consonant(0.05, 0.0, 0.8, 2000.0, 800.0),
    "b": Consonant(0.05, 0.10, 0.2, 900.0, 600.0),
    "d": Consonant(0.05, 0.10, 0.4, 3800.0, 1000.0),
    "g": Consonant(0.05, 0.10, 0.4, 2000.0, 700.0),
    "m": Consonant(0.07, 0.30),
    "n": Consonant(0.07, 0.32),
    "l": Consonant(0.06, 0.50),
    "r": Consonant(0.06, 0.45),
}

FORMANTS = {
    "a": (730.0, 1090.0, 2440.0),
    "e": (530.0, 1840.0, 2480.0),
    "i": (270.0, 2290.0, 3010.0),
    "o": (570.0, 840.0, 2410.0),
    "u": (300.0, 870.0, 2240.0),
    "m": (250.0, 1000.0, 2200.0),
    "n": (250.0, 1600.0, 2500.0),
    "l": (360.0, 1100.0, 2700.0),
    "r": (350.0, 1060.0, 1400.0),
}
"""Hz, of the vowels and the sounding consonants; the others take their vowel's."""

HIGHER_FORMANTS = (3500.0, 4500.0)
BANDWIDTHS = (70.0, 90.0, 120.0, 180.0, 250.0)
"""Hz."""


def _timing(syllables: list[tuple[str, str]], pace: float, rng: np.random.Generator) -> tuple[Samples, list[str]]:
    """Where each consonant and vowel ends, in seconds, and which it is."""
    kinds = [kind for syllable in syllables for kind in syllable]
    lengths = np.exp(rng.normal(0, 0.1, len(syllables))) / pace
    lengths[-1] *= 1.35
    onsets = np.array([CONSONANTS[onset].seconds for onset, _ in syllables]) * (4.3 / pace)
    vowels = np.maximum(lengths - onsets, 0.06)
    return np.asarray(np.cumsum(np.column_stack((onsets, vowels)).ravel())), kinds


def _melody(count: int, position: Samples, tone: Tone, much: float, rng: np.random.Generator) -> Samples:
    """Semitones against the voice's pitch, at positions from 0 to 1."""
    at = (np.arange(count) + 0.5) / count
    span = 0.9 + much * (tone.span - 0.9)
    steps = much * (tone.pitch + tone.glide * (at - 0.5)) + rng.normal(0, span, count) + rng.normal(0, 0.8)
    return np.asarray(np.interp(position, at, steps))


def _pulses(pitch: Samples, effort: float, breath: float, rng: np.random.Generator) -> Samples:
    """The derivative of the air flow through the glottis."""
    cycle = np.floor(np.cumsum(pitch) / RATE).astype(int)
    jitter, shimmer = rng.normal(0, 0.006, cycle[-1] + 1), rng.normal(1, 0.04, cycle[-1] + 2)
    phase = np.cumsum(pitch * (1 + jitter[cycle])) / RATE
    cycle, phase = np.minimum(phase.astype(int), len(shimmer) - 1), phase % 1.0
    is_open = 0.85 - 0.35 * effort
    closing = is_open * (0.5 - 0.35 * effort)
    opening = is_open - closing
    rise = 0.5 * (1 - np.cos(np.pi * phase / opening))
    fall = np.cos(0.5 * np.pi * (phase - opening) / closing)
    flow = np.where(phase < opening, rise, np.where(phase < is_open, fall, 0.0)) * shimmer[cycle]
    pulses = np.diff(flow, prepend=0.0)
    noise = np.diff(rng.standard_normal(len(pitch)), prepend=0.0) * (0.3 + flow)
    return np.asarray(pulses + breath * 0.35 * noise)


def _through_tract(source: Samples, noise: Samples, kinds: list[str], ends: Samples, tract: float) -> Samples:
    """Filter each window of 25 ms by the tract's resonances at its middle, and add the windows up."""
    width, hop, size = RATE // 40, RATE // 80, 1024
    frames = len(source) // hop + 1
    middles = np.arange(frames) * hop / RATE
    shapes = [FORMANTS.get(kind, FORMANTS.get(vowel)) for kind, vowel in zip(kinds, [*kinds[1:], "a"], strict=True)]
    centres = (np.concatenate(([0.0], ends[:-1])) + ends) / 2
    low = np.stack([np.interp(middles, centres, column) for column in np.array(shapes).T], axis=1)
    formants = np.column_stack((low, np.tile(HIGHER_FORMANTS, (frames, 1)))) / tract
    bins = np.fft.rfftfreq(size)
    segment = np.minimum(np.searchsorted(ends, middles), len(kinds) - 1)
    bands = np.array([_band(kind, bins) for kind in kinds])[segment]

    windows = np.hanning(width + 1)[:-1]
    place = np.arange(frames)[:, None] * hop + np.arange(width)
    spectrum = np.zeros((frames, len(bins)), dtype=complex)
    for signal, response in ((source, _resonances(formants, bins)), (noise, bands)):
        padded = np.pad(signal, (width // 2, width))
        spectrum += np.fft.rfft(padded[place] * windows, size) * response
    pieces = np.fft.irfft(spectrum, size)
    spoken = np.zeros(frames * hop + size)
    for frame, piece in enumerate(pieces):
        spoken[frame * hop : frame * hop + size] += piece
    return spoken[width // 2 : width // 2 + len(source)]


def _resonances(formants: Samples, bins: Samples) -> npt.NDArray[np.complex128]:
    """The response of a cascade of resonators with gain 1 at 0 Hz; shape (frames, bins)."""
    delay = np.exp(-2j * np.pi * bins)
    response = np.ones((len(formants), len(bins)), dtype=complex)
    for centre, bandwidth in zip(formants.T, BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * bandwidth / RATE)
        turn = 2 * radius * np.cos(2 * np.pi * np.minimum(centre, 0.48 * RATE) / RATE)[:, None]
        response *= (1 - turn + radius**2) / (1 - turn * delay + radius**2 * delay**2)
    return response


def _band(kind: str, bins: Samples) -> Samples:
    consonant = CONSONANTS.get(kind, Consonant(0.0, 1.0))
    return np.asarray(np.exp(-0.5 * ((bins * RATE - consonant.centre) / consonant.width) ** 2))
