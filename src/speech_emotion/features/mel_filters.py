"""Slaney's mel scale as triangular filters over the bins of a spectrum, area-normalised (Slaney, 1998)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BANDS_AT_ONCE = 16
"""Mel bands whose filters are multiplied together."""

_LINEAR_TO = 1000.0  # Hz; below it Slaney's scale is linear, 3 mel in 200 Hz
_LOG_STEP = np.log(6.4) / 27  # above it, 27 mel multiply the frequency by 6.4


@lru_cache(maxsize=8)
def triangles(rate: int, fft: int, bands: int, low: float, high: float) -> list[tuple[int, int, NDArray[np.float32]]]:
    """Slaney's mel filters in groups of neighbours: the first and last FFT bin of each group, and its weights.

    A triangle covers few bins, so a product with the whole filter bank would multiply zeros most of the time.
    """
    edges = _mel_to_hz(np.linspace(_hz_to_mel(low), _hz_to_mel(high), bands + 2))
    frequencies = np.arange(fft // 2 + 1) * (rate / fft)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    groups = []
    for band in range(0, bands, BANDS_AT_ONCE):
        group = weights[band : band + BANDS_AT_ONCE]
        used = np.flatnonzero(group.any(axis=0))
        first, last = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        groups.append((first, last, np.ascontiguousarray(group[:, first:last].T, dtype=np.float32)))
    return groups


def _hz_to_mel(hz: float) -> float:
    if hz < _LINEAR_TO:
        return hz * 3 / 200
    return float(_LINEAR_TO * 3 / 200 + np.log(hz / _LINEAR_TO) / _LOG_STEP)


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _LINEAR_TO * 3 / 200
    return np.where(mels < knee, mels * 200 / 3, _LINEAR_TO * np.exp(_LOG_STEP * (mels - knee)))
