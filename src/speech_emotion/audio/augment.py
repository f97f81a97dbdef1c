"""The same words under other conditions: noise, level, a telephone, a room, another speed, a part.

Each function takes a waveform and gives another at the same rate, within [-1, 1]. What is random comes from the
generator that is handed in. A mixture too loud for [-1, 1] is made quieter as a whole, so that the ratio of speech to
noise is the one that was asked for; only :func:`gain` clips, as a recorder does. What codecs do is in :mod:`.codecs`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import soxr
from numpy.typing import NDArray

from ..errors import UsageError
from .waveform import Waveform

FRAME_SECONDS = 0.020
"""In which speech is looked for."""

ACTIVE_DB = 30.0
"""How far below the loudest frame speech may lie: about the range between vowels and weak consonants."""

PINK_FROM = 20.0
"""Hz; below, pink noise is flat: its energy would otherwise lie where nobody hears it."""

TELEPHONE_RATE = 8_000
TELEPHONE_BAND = (300.0, 3400.0)
TELEPHONE_STOPS = (150.0, 3700.0)
"""Hz: what a telephone carries (ITU-T G.712), and where nothing is left."""

MU = 255.0  # ITU-T G.711


def active(waveform: Waveform) -> NDArray[np.bool_]:
    """Where somebody speaks: the frames of 20 ms that are at most 30 dB quieter than the loudest.

    Returns:
        For each sample, shape (n,); none where all is silent.

    Example:
        >>> active(Waveform(np.float32([0, 0, 1, 1, 0, 0]), rate=100))
        array([False, False,  True,  True, False, False])
    """
    count = len(waveform.samples)
    size = max(1, round(FRAME_SECONDS * waveform.rate))
    starts = np.arange(0, count, size)
    if not count:
        return np.zeros(0, dtype=np.bool_)
    lengths = np.diff(starts, append=count)
    power = np.add.reduceat(waveform.samples.astype(np.float64) ** 2, starts) / lengths
    spoken = (power > 0) & (power >= power.max() * 10 ** (-ACTIVE_DB / 10))
    return np.repeat(spoken, lengths)


def speech_power(waveform: Waveform) -> float:
    """The mean square of the samples where somebody speaks; 0 where nobody does."""
    spoken = waveform.samples[active(waveform)].astype(np.float64)
    return float((spoken**2).mean()) if len(spoken) else 0.0


def white_noise(waveform: Waveform, snr: float, rng: np.random.Generator) -> Waveform:
    """The waveform in white noise, which is as strong at all frequencies.

    Args:
        waveform: mono.
        snr: speech over noise in dB: the power of the speech where somebody speaks, over that of the noise.
        rng: of the noise.
    """
    return mixed(waveform, rng.standard_normal(len(waveform.samples)), snr)


def pink_noise(waveform: Waveform, snr: float, rng: np.random.Generator) -> Waveform:
    """The waveform in pink noise, which is as strong in every octave; arguments as of :func:`white_noise`."""
    count = len(waveform.samples)
    size = 1 << count.bit_length()  # transformed fast, whatever the length
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / waveform.rate), PINK_FROM)
    pink = np.fft.irfft(np.fft.rfft(rng.standard_normal(size)) / np.sqrt(frequency), size)
    return mixed(waveform, pink[:count], snr)


def babble_noise(waveform: Waveform, snr: float, rng: np.random.Generator, voices: Sequence[Waveform]) -> Waveform:
    """The waveform among other people who speak at once.

    Args:
        waveform: mono.
        snr: as of :func:`white_noise`.
        rng: where in each voice its part begins.
        voices: recordings of the others, each brought to the same level, and repeated where it is too short.

    Raises:
        UsageError: if there are no voices, one is at another rate, or all are silent.
    """
    count = len(waveform.samples)
    babble, heard = np.zeros(count), 0
    for voice in voices:
        if voice.rate != waveform.rate:
            raise UsageError(f"a voice at {voice.rate} Hz does not go with a recording at {waveform.rate} Hz")
        power, spoken = speech_power(voice), np.flatnonzero(active(voice))
        if len(spoken):
            part = voice.samples[spoken[0] : spoken[-1] + 1] / math.sqrt(power)
            babble += np.resize(np.roll(part, -int(rng.integers(len(part)))), count)
            heard += 1
    if not heard:
        raise UsageError("babble needs recordings of other people who can be heard")
    return mixed(waveform, babble, snr)


def mixed(waveform: Waveform, noise: NDArray[np.float64], snr: float) -> Waveform:
    """The waveform and a noise of the same length; where nobody speaks, or nothing makes a noise, it stays as it is.

    Args:
        waveform: mono.
        noise: at any level, shape (n,).
        snr: as of :func:`white_noise`.

    Raises:
        UsageError: if ``snr`` is not a finite number.
    """
    if not math.isfinite(snr):
        raise UsageError(f"a ratio of speech to noise is a number of dB, not {snr}")
    speech = speech_power(waveform)
    strength = float((noise**2).mean()) if len(noise) else 0.0
    if not speech or not strength:
        return waveform
    return _within(waveform.samples + noise * math.sqrt(speech / strength * 10 ** (-snr / 10)), waveform.rate)


def gain(waveform: Waveform, db: float) -> Waveform:
    """Louder (above 0 dB) or quieter; what then exceeds [-1, 1] is clipped, as a recorder clips it.

    Raises:
        UsageError: if ``db`` is not from -100 to 100.
    """
    if not -100 <= db <= 100:
        raise UsageError(f"a gain is from -100 to 100 dB, not {db}")
    return Waveform(np.clip(waveform.samples * np.float32(10 ** (db / 20)), -1, 1), waveform.rate)


def telephone(waveform: Waveform, mu_law: bool = True) -> Waveform:
    """As over an old telephone: 300 to 3400 Hz, 8000 samples a second, each in 8 bits by the mu-law.

    Args:
        waveform: mono.
        mu_law: whether to code in 8 bits; False only cuts the band.

    Returns:
        As long as the waveform, at its rate, and not late.
    """
    narrow = _resampled(waveform.samples, waveform.rate, TELEPHONE_RATE)
    if not len(narrow):
        return waveform
    narrow = _band(narrow, TELEPHONE_RATE)
    if mu_law:
        narrow = np.clip(narrow, -1, 1)
        code = np.rint(np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / math.log1p(MU) * 127)
        narrow = (np.sign(code) * np.expm1(np.abs(code) / 127 * math.log1p(MU)) / MU).astype(np.float32)
    wide = _resampled(narrow, TELEPHONE_RATE, waveform.rate)
    samples = np.zeros(len(waveform.samples))
    samples[: len(wide)] = wide[: len(samples)]
    return _within(samples, waveform.rate)


def reverberation(waveform: Waveform, rt60: float, rng: np.random.Generator, direct: float = 0.0) -> Waveform:
    """As in a room, at the level of before, and not longer: what rings on after the end is cut off.

    Args:
        waveform: mono.
        rt60: seconds in which the room's sound falls by 60 dB; a living room has 0.4, a lecture hall 1.
        rng: of the room.
        direct: how much stronger what comes straight from the mouth is than what the walls throw back, in dB.

    Raises:
        UsageError: if ``rt60`` is not above 0 and at most 10, or ``direct`` is not a finite number.
    """
    impulse = room(rt60, waveform.rate, rng, direct)
    dry = waveform.samples.astype(np.float64)
    power = float((dry**2).sum())
    if not power:
        return waveform
    size = 1 << (len(dry) + len(impulse)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(impulse, size), size)[: len(dry)]
    return _within(wet * math.sqrt(power / max(float((wet**2).sum()), 1e-30)), waveform.rate)


def room(rt60: float, rate: int, rng: np.random.Generator, direct: float = 0.0) -> NDArray[np.float64]:
    """The echo of a clap in a made room: the clap itself, then noise that dies away exponentially (Moorer, 1979).

    Args:
        rt60: seconds in which it falls by 60 dB.
        rate: Hz.
        rng: of the noise.
        direct: the clap's energy over that of all the rest, in dB.

    Returns:
        float64, shape (n,), ``rt60`` long; the first sample, the clap, is 1.

    Raises:
        UsageError: if ``rt60`` is not above 0 and at most 10, or ``direct`` is not a finite number.
    """
    if not 0 < rt60 <= 10 or not math.isfinite(direct):
        raise UsageError(
            f"a room needs an RT60 above 0 and up to 10 s, and its direct sound in dB: not {rt60}, {direct}"
        )
    seconds = np.arange(max(2, round(rt60 * rate))) / rate
    impulse = rng.standard_normal(len(seconds)) * 10 ** (-3 * seconds / rt60)
    impulse[0] = 0
    impulse *= math.sqrt(10 ** (-direct / 10) / float((impulse**2).sum()))
    impulse[0] = 1
    return impulse


def speed(waveform: Waveform, factor: float) -> Waveform:
    """As a tape that runs faster (``factor`` above 1) or slower: tempo and pitch change together.

    Raises:
        UsageError: if ``factor`` is not from 0.5 to 2.
    """
    if not 0.5 <= factor <= 2:
        raise UsageError(f"a speed is from 0.5 to 2 times that of before, not {factor}")
    changed = _resampled(waveform.samples, waveform.rate * factor, waveform.rate)
    return _within(changed, waveform.rate) if len(changed) else waveform


def crop(waveform: Waveform, seconds: float) -> Waveform:
    """The part of this length that has the most speech in it; of parts that have as much, the one with most energy.

    A waveform that is no longer than that stays whole.

    Raises:
        UsageError: if ``seconds`` is less than one sample.
    """
    size = round(seconds * waveform.rate) if math.isfinite(seconds) else 0
    if size < 1:
        raise UsageError(f"a part of {seconds} s has no length")
    if len(waveform.samples) <= size:
        return waveform
    energy = waveform.samples.astype(np.float64) ** 2
    worth = active(waveform) + energy / max(2 * energy.sum(), 1e-30)
    before = np.concatenate([[0.0], worth.cumsum()])
    start = int((before[size:] - before[:-size]).argmax())
    return Waveform(waveform.samples[start : start + size], waveform.rate)


def _resampled(samples: NDArray[np.float32], rate: float, wanted: float) -> NDArray[np.float32]:
    changed: NDArray[np.float32] = soxr.resample(samples, rate, wanted)
    return changed


def _band(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The telephone's band, by a filter without delay whose edges are half cosines."""
    (low, high), (bottom, top) = TELEPHONE_BAND, TELEPHONE_STOPS
    size = 1 << (len(samples) + rate // 10).bit_length()  # room for the filter to ring
    frequency = np.fft.rfftfreq(size, 1 / rate)
    inside = np.interp(frequency, [bottom, low, high, top], [0, 1, 1, 0])
    spectrum = np.fft.rfft(samples, size) * (0.5 - 0.5 * np.cos(np.pi * inside))
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)


def _within(samples: NDArray[np.float64] | NDArray[np.float32], rate: int) -> Waveform:
    """Quieter as a whole, where that is needed to stay within [-1, 1]."""
    loudest = max(1.0, float(np.abs(samples).max(initial=0)))
    return Waveform(np.clip(samples / loudest, -1, 1).astype(np.float32), rate)
