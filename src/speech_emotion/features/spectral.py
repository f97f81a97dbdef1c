"""Mel energies, cepstral coefficients and chroma, all from one short-time spectrum.

Each number equals librosa's (McFee et al., 2015) of the same parameters: a Hann window centred on its frame, the
signal padded with zeros; Slaney's mel scale with area-normalised triangles; MFCC by an orthonormal type-II DCT of
decibels (Davis & Mermelstein, 1980); chroma after Ellis (2007), its tuning estimated from spectral peaks, each frame
divided by its largest bin. Frames are rows: shape (frames, bands).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .config import FeatureConfig
from .mel_filters import triangles

Array = NDArray[np.float32]

FRAMES_AT_ONCE = 64
"""Few enough to stay in the processor's cache."""

FRAMES_KEPT = 4096
"""A recording of more frames (two minutes) has its spectrum computed twice rather than kept in memory."""

SMALLEST_POWER = 1e-10
"""Below this a mel energy counts as this: -100 dB."""

PEAKS_FROM, PEAKS_TO = 150.0, 4000.0
"""Hz; spectral peaks between these tell the tuning."""

PEAK_RATIO = 0.1
"""A peak counts if it is above this share of its frame's largest magnitude."""

TUNING_STEP = 0.01
"""Of a chroma bin; how finely the tuning is estimated."""


def spectral_tracks(samples: Array, config: FeatureConfig) -> dict[str, Array]:
    """The spectral features of each frame.

    Args:
        samples: mono, shape (n,), n ≥ 1, at ``config.rate``.
        config: which of ``mel``, ``mfcc`` and ``chroma`` to compute, and how.

    Returns:
        A float32 array of shape (frames, bands) for each one asked for; ``1 + n // config.hop`` frames.
    """
    wants_mel = bool({"mel", "mfcc"} & set(config.features))
    wants_chroma = "chroma" in config.features
    if not wants_mel and not wants_chroma:
        return {}
    mels: list[Array] = []
    peaks: list[tuple[Array, Array]] = []
    spectrum = _Spectrum(samples, config)
    for magnitude in spectrum:
        if wants_mel:
            mels.append(mel(magnitude * magnitude, config))
        if wants_chroma and config.tuning is None:
            peaks.append(_peaks(_to_power(magnitude, config), config))
    tracks: dict[str, Array] = {}
    if wants_mel:
        energies = np.concatenate(mels)
        if "mel" in config.features:
            tracks["mel"] = energies
        if "mfcc" in config.features:
            tracks["mfcc"] = mfcc(decibels(energies, config.db_floor), config.mfcc_coefficients)
    if wants_chroma:
        tuning = config.tuning if config.tuning is not None else _tuning(peaks, config.chroma_bins)
        blocks = [chroma(_to_power(magnitude, config), config, tuning) for magnitude in spectrum]
        tracks["chroma"] = np.concatenate(blocks)
    return tracks


def mel(power: Array, config: FeatureConfig) -> Array:
    """Mel energies of power spectra.

    Args:
        power: squared magnitudes, shape (frames, 1 + fft / 2).
        config: names the scale's parameters.

    Returns:
        float32, shape (frames, mel_bands).
    """
    groups = triangles(config.rate, config.fft, config.mel_bands, config.mel_low, config.mel_high)
    return np.concatenate([power[:, first:last] @ weights for first, last, weights in groups], axis=1)


def decibels(energies: Array, floor: float = 80.0) -> Array:
    """Energies in dB, none further below the largest than ``floor``.

    Args:
        energies: any shape, 0 or more.
        floor: dB.

    Returns:
        float32, the same shape.

    Example:
        >>> decibels(np.array([1.0, 0.1, 0.0], dtype=np.float32), floor=20)
        array([  0., -10., -20.], dtype=float32)
    """
    levels: Array = 10 * np.log10(np.maximum(energies, np.float32(SMALLEST_POWER)))
    np.maximum(levels, levels.max() - np.float32(floor), out=levels)
    return levels


def mfcc(log_mel: Array, coefficients: int = 40) -> Array:
    """Cepstral coefficients of each frame.

    Args:
        log_mel: mel energies in dB, shape (frames, bands).
        coefficients: how many to keep, from 1 to the number of bands.

    Returns:
        float32, shape (frames, coefficients). Row 0 is the first frame.

    Raises:
        ValueError: if ``coefficients`` is more than the number of bands.

    Example:
        >>> mfcc(np.zeros((2, 128), dtype=np.float32), coefficients=3)
        array([[0., 0., 0.],
               [0., 0., 0.]], dtype=float32)
    """
    bands = log_mel.shape[1]
    if coefficients > bands:
        raise ValueError(f"{bands} bands give at most {bands} coefficients, not {coefficients}")
    found: Array = log_mel @ _cosines(bands, coefficients)
    return found


def chroma(spectrum: Array, config: FeatureConfig, tuning: float = 0.0) -> Array:
    """Energy of each pitch class, the strongest of a frame at 1.

    Args:
        spectrum: magnitudes (or their squares), shape (frames, 1 + fft / 2).
        config: names the rate, the FFT size and the number of bins.
        tuning: deviation from A = 440 Hz, in chroma bins.

    Returns:
        float32, shape (frames, chroma_bins), C first where there are 12 bins.
    """
    raw: Array = spectrum @ _pitch_classes(config.rate, config.fft, config.chroma_bins, tuning)
    loudest = raw.max(axis=1, keepdims=True)
    loudest[loudest < np.finfo(np.float32).tiny] = 1
    raw /= loudest
    return raw


class _Spectrum:
    """The magnitudes of a signal's frames, a few frames at a time.

    They may be gone through twice (chroma must know the tuning first): a short signal's are kept, a long one's are
    computed again.
    """

    def __init__(self, samples: Array, config: FeatureConfig) -> None:
        padded = np.zeros(len(samples) + config.fft, dtype=np.float32)
        padded[config.fft // 2 : config.fft // 2 + len(samples)] = samples
        self._frames = np.lib.stride_tricks.sliding_window_view(padded, config.fft)[:: config.hop]
        self._window = _hann(config.fft)
        self._kept: list[Array] | None = None

    def __iter__(self) -> Iterator[Array]:
        if self._kept is not None:
            yield from self._kept
            return
        kept = []
        windowed = np.empty((FRAMES_AT_ONCE, len(self._window)), dtype=np.float32)
        spectrum = np.empty((FRAMES_AT_ONCE, len(self._window) // 2 + 1), dtype=np.complex64)
        for first in range(0, len(self._frames), FRAMES_AT_ONCE):
            frames = self._frames[first : first + FRAMES_AT_ONCE]
            count = len(frames)
            np.multiply(frames, self._window, out=windowed[:count])
            np.fft.rfft(windowed[:count], out=spectrum[:count])  # type: ignore[arg-type]  # numpy 2 takes complex64
            magnitude = np.abs(spectrum[:count])
            if len(self._frames) <= FRAMES_KEPT:
                kept.append(magnitude)
            yield magnitude
        if kept:
            self._kept = kept


def _to_power(magnitude: Array, config: FeatureConfig) -> Array:
    return magnitude if config.chroma_power == 1 else magnitude**config.chroma_power


def _peaks(spectrum: Array, config: FeatureConfig) -> tuple[Array, Array]:
    """Frequencies (Hz) and heights of spectral peaks, by parabolic interpolation (librosa's ``piptrack``)."""
    first = max(1, int(np.ceil(PEAKS_FROM * config.fft / config.rate)))
    last = min(config.fft // 2 - 1, int(np.ceil(PEAKS_TO * config.fft / config.rate)) - 1)
    near = np.ascontiguousarray(spectrum[:, first - 1 : last + 2])
    loud = near * (near > PEAK_RATIO * spectrum.max(axis=1, keepdims=True))
    here = loud[:, 1:-1]
    frames, bins = np.divmod(np.flatnonzero((here > loud[:, :-2]) & (here >= loud[:, 2:])), here.shape[1])
    places = frames * near.shape[1] + bins + 1
    left, middle, right = (near.ravel()[places + step] for step in (-1, 0, 1))
    bins += first
    curvature = (left + right).astype(np.float64) - 2 * middle.astype(np.float64)
    slope = ((right - left) / np.float32(2)).astype(np.float64)
    inside = np.abs(slope) < np.abs(curvature)
    shift = np.divide(-slope, curvature, out=np.zeros_like(slope), where=inside).astype(np.float32)
    frequencies = ((bins + shift) * float(config.rate) / config.fft).astype(np.float32)
    heights = middle + np.float32(0.5) * ((right - left) / np.float32(2)) * shift
    return frequencies, heights


def _tuning(peaks: list[tuple[Array, Array]], bins_per_octave: int) -> float:
    """The deviation from A = 440 Hz that most of the higher peaks share, in chroma bins."""
    frequencies = np.concatenate([frequency for frequency, _ in peaks])
    heights = np.concatenate([height for _, height in peaks])
    if not len(frequencies):
        return 0.0
    frequencies = frequencies[heights >= np.median(heights)]
    residual = np.mod(bins_per_octave * np.log2(frequencies / 27.5), 1.0)
    residual[residual >= 0.5] -= 1.0
    edges = np.linspace(-0.5, 0.5, round(1 / TUNING_STEP) + 1)
    counts = np.bincount(np.searchsorted(edges, residual, side="right") - 1)
    return float(edges[np.argmax(counts)])


@lru_cache(maxsize=8)
def _hann(size: int) -> Array:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


@lru_cache(maxsize=8)
def _cosines(bands: int, coefficients: int) -> Array:
    angles = np.pi * np.outer(np.arange(coefficients), np.arange(bands) + 0.5) / bands
    table = np.cos(angles) * np.sqrt(2 / bands)
    table[0] /= np.sqrt(2)
    return np.ascontiguousarray(table.T, dtype=np.float32)


@lru_cache(maxsize=256)
def _pitch_classes(rate: int, fft: int, bins: int, tuning: float) -> Array:
    """Weights of each FFT bin for each pitch class: Gaussian bumps, the middle octaves weighted most (Ellis 2007)."""
    a440 = 440.0 * 2.0 ** (tuning / bins)
    position = np.empty(fft)
    position[1:] = bins * np.log2(np.arange(1, fft) * (rate / fft) / (a440 / 16))
    position[0] = position[1] - 1.5 * bins
    width = np.append(np.maximum(np.diff(position), 1), 1)
    half = np.round(bins / 2)
    distance = np.remainder(position - np.arange(bins)[:, None] + half + 10 * bins, bins) - half
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=0))
    weights *= np.exp(-0.5 * ((position / bins - 5) / 2) ** 2)
    weights = np.roll(weights, -3 * (bins // 12), axis=0)
    return np.ascontiguousarray(weights[:, : fft // 2 + 1].T, dtype=np.float32)
