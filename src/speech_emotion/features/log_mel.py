"""Log-mel frames as Whisper's encoder reads them.

Radford et al. (2022), arXiv:2212.04356: 25 ms Hann windows every 10 ms, centred, the edges mirrored; 80 of Slaney's mel
bands; the logarithm of their energies, none further than 8 powers of ten below the largest. Frames are columns here,
as the encoder takes them: shape (bands, frames).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .mel_filters import triangles

RATE = 16_000
FFT = 400
HOP = 160
BANDS = 80

FRAMES_PER_SECOND = RATE // HOP

SMALLEST_POWER = 1e-10

RANGE = 8.0
"""Powers of ten below the largest energy of the clip, where the scale ends."""

FRAMES_AT_ONCE = 256
"""Few enough to stay in the processor's cache."""


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The decimal logarithms of mel energies, not yet scaled.

    Args:
        samples: mono, at :data:`RATE`, shape (n,), n ≥ 1.

    Returns:
        float32, shape (80, max(1, n // 160)).

    Example:
        >>> log_mel(np.zeros(480, dtype=np.float32)).shape
        (80, 3)
    """
    count = max(1, len(samples) // HOP)
    padded = _mirrored(samples)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][:count]
    parts = []
    for first in range(0, count, FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[first : first + FRAMES_AT_ONCE] * _window())
        power = spectrum.real**2 + spectrum.imag**2
        groups = triangles(RATE, FFT, BANDS, 0.0, RATE / 2)
        parts.append(np.concatenate([power[:, low:high] @ weights for low, high, weights in groups], axis=1))
    energies = np.concatenate(parts)
    return np.ascontiguousarray(np.log10(np.maximum(energies, np.float32(SMALLEST_POWER))).T)


def scaled(levels: NDArray[np.float32], largest: float | None = None) -> NDArray[np.float32]:
    """Logarithms of energies as Whisper scales them, about -1 to 1.

    Args:
        levels: from :func:`log_mel`, shape (80, frames).
        largest: what the largest is moved to, in powers of ten, so that the level of the recording is no clue;
            None leaves it where it is, as Whisper does.

    Returns:
        float32, the same shape.
    """
    top = levels.max()
    moved = np.float32(0.0) if largest is None else np.float32(largest) - top
    out: NDArray[np.float32] = (np.maximum(levels, top - np.float32(RANGE)) + moved + np.float32(4)) / np.float32(4)
    return out


def _mirrored(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half a window mirrored at each end; zeros where the sound is too short for that."""
    if len(samples) <= FFT // 2:
        samples = np.pad(samples, (0, FFT // 2 + 1 - len(samples)))
    return np.pad(samples, FFT // 2, mode="reflect")


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    return np.hanning(FFT + 1)[:-1].astype(np.float32)  # periodic
