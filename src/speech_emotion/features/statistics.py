"""From tracks of frames to a fixed number of values a recording.

A frame that is NaN (no pitch) is passed over; a track with no other frames gives 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def summarise(track: NDArray[np.float32], statistics: Sequence[str], seconds_a_frame: float) -> NDArray[np.float32]:
    """The statistics of each column of a track, one statistic after the other.

    Args:
        track: shape (frames, bands), at least one frame; NaN marks frames without a value.
        statistics: from :data:`speech_emotion.features.config.STATISTICS`, or any percentile.
        seconds_a_frame: the hop in seconds, so that ``slope`` is per second. ``delta`` is not: it is the standard
            deviation of the difference from one frame to the next.

    Returns:
        float32, shape (statistics × bands,).

    Example:
        >>> summarise(np.array([[1.0], [2.0], [6.0]], dtype=np.float32), ["mean", "p50", "slope"], 0.5)
        array([3., 2., 5.], dtype=float32)
    """
    rows: Array = track.astype(np.float64)
    kept = ~np.isnan(rows[:, 0])
    frames = np.flatnonzero(kept)
    rows = rows[kept]
    if not len(rows):
        return np.zeros(len(statistics) * track.shape[1], dtype=np.float32)
    return np.concatenate([_statistic(name, rows, frames, seconds_a_frame) for name in statistics]).astype(np.float32)


def _statistic(name: str, rows: Array, frames: NDArray[np.intp], seconds_a_frame: float) -> Array:
    found: Array = np.zeros(rows.shape[1])
    if name == "mean":
        found = rows.mean(axis=0)
    elif name == "std":
        found = rows.std(axis=0)
    elif name == "delta":
        steps = np.diff(rows, axis=0)[np.diff(frames) == 1]
        found = steps.std(axis=0) if len(steps) else found
    elif name != "slope":
        found = np.percentile(rows, float(name[1:]), axis=0)
    elif len(frames) > 1:
        times = frames * seconds_a_frame
        around = times - times.mean()
        found = (around[:, None] * rows).sum(axis=0) / (around**2).sum()
    return found
