"""Loudness, noisiness and pitch of each frame: what prosody is made of.

Frames are those of the spectrum: ``fft`` samples centred on every ``hop``-th. RMS pads the signal with zeros, the
zero-crossing rate with its edge values, as librosa does. Pitch is YIN's (de Cheveigné & Kawahara, 2002), from shorter
frames around the same centres, since a voice does not keep its pitch for long; a frame without one is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .config import FeatureConfig

Array = NDArray[np.float32]

PERIODIC_BELOW = 0.3
"""A frame has a pitch if YIN's normalised difference falls below this."""

PERIODS = 4
"""A frame for pitch lasts as many periods of the lowest pitch looked for."""

FRAMES_AT_ONCE = 512


def prosodic_tracks(samples: Array, config: FeatureConfig) -> dict[str, Array]:
    """The prosodic features of each frame.

    Args:
        samples: mono, shape (n,), n ≥ 1, at ``config.rate``.
        config: which of ``zcr``, ``rms`` and ``f0`` to compute, and how.

    Returns:
        A float32 array of shape (frames, 1) for each one asked for; ``1 + n // config.hop`` frames.
    """
    computed = {"zcr": zero_crossing_rate, "rms": rms, "f0": f0}
    return {name: compute(samples, config)[:, None] for name, compute in computed.items() if name in config.features}


def zero_crossing_rate(samples: Array, config: FeatureConfig) -> Array:
    """The share of a frame's samples whose sign differs from the one before, shape (frames,).

    Example:
        >>> signs = np.tile([1, -1], 512).astype(np.float32)
        >>> float(zero_crossing_rate(signs, FeatureConfig(fft=256, hop=256))[1])
        0.99609375
    """
    negative = np.signbit(np.where(np.abs(samples) <= 1e-10, 0, samples))  # librosa: as good as zero is positive
    padded = np.pad(negative, config.fft // 2, mode="edge")
    changes = np.concatenate([[0], np.cumsum(padded[1:] != padded[:-1])])
    first = np.arange(0, len(samples) + 1, config.hop)
    rate: Array = ((changes[first + config.fft - 1] - changes[first]) / config.fft).astype(np.float32)
    return rate


def rms(samples: Array, config: FeatureConfig) -> Array:
    """The root mean square of a frame, shape (frames,).

    Example:
        >>> rms(np.full(512, 0.5, dtype=np.float32), FeatureConfig(fft=256, hop=256))[1]
        np.float32(0.5)
    """
    energy = np.concatenate([[0.0], np.cumsum(np.pad(samples.astype(np.float64) ** 2, config.fft // 2))])
    first = np.arange(0, len(samples) + 1, config.hop)
    level: Array = np.sqrt(np.maximum(energy[first + config.fft] - energy[first], 0) / config.fft).astype(np.float32)
    return level


def f0(samples: Array, config: FeatureConfig) -> Array:
    """The pitch of a frame in Hz, NaN where it has none, shape (frames,).

    Example:
        >>> tone = np.sin(2 * np.pi * 200 * np.arange(8000) / 16000).astype(np.float32)
        >>> round(float(f0(tone, FeatureConfig())[5]))
        200
    """
    size = 2 * int(np.ceil(PERIODS / 2 * config.rate / config.f0_low))
    padded = np.pad(samples, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: config.hop]
    blocks = [frames[first : first + FRAMES_AT_ONCE] for first in range(0, len(frames), FRAMES_AT_ONCE)]
    return np.concatenate([_yin(block.astype(np.float64), config) for block in blocks])


def _yin(frames: NDArray[np.float64], config: FeatureConfig) -> Array:
    size = frames.shape[1]
    shortest = int(config.rate / config.f0_high)
    longest = int(np.ceil(config.rate / config.f0_low)) + 1
    width = size - longest
    spectrum = np.fft.rfft(frames, 2 * size)
    start = np.fft.rfft(frames[:, :width], 2 * size)
    products = np.fft.irfft(spectrum * start.conj())[:, : longest + 1]
    energy = np.concatenate([np.zeros((len(frames), 1)), np.cumsum(frames**2, axis=1)], axis=1)
    energies = energy[:, width : width + longest + 1] - energy[:, : longest + 1]
    difference = np.maximum(energies[:, :1] + energies - 2 * products, 0)
    total = np.cumsum(difference[:, 1:], axis=1)
    normalised = np.ones_like(difference)
    normalised[:, 1:] = np.divide(
        difference[:, 1:] * np.arange(1, longest + 1), total, out=np.ones_like(total), where=total > 1e-9
    )
    inner = normalised[:, shortest:longest]
    dips = (
        (inner < PERIODIC_BELOW)
        & (inner <= normalised[:, shortest + 1 : longest + 1])
        & (inner < normalised[:, shortest - 1 : longest - 1])
    )
    rows = np.arange(len(frames))
    lag = shortest + np.argmax(dips, axis=1)
    left, middle, right = (normalised[rows, lag + step] for step in (-1, 0, 1))
    curvature = left + right - 2 * middle
    shift = np.divide((left - right) / 2, curvature, out=np.zeros_like(middle), where=curvature > 0)
    pitch = config.rate / (lag + np.clip(shift, -1, 1))
    return np.where(dips.any(axis=1), pitch, np.nan).astype(np.float32)
