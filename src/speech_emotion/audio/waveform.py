"""Sound in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

RATE = 16_000
"""Hz; everything past the audio room is at this rate."""


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Mono sound.

    Attributes:
        samples: float32, shape (n,), in [-1, 1], finite.
        rate: samples a second, in Hz.

    Raises:
        UsageError: if the samples are no such array, or the rate is no number above 0.
    """

    samples: NDArray[np.float32]
    rate: int = RATE

    def __post_init__(self) -> None:
        if not isinstance(self.samples, np.ndarray) or self.samples.ndim != 1 or self.samples.dtype.kind != "f":
            shape = getattr(self.samples, "shape", None)
            what = type(self.samples).__name__ if shape is None else f"{self.samples.dtype} of shape {shape}"
            raise UsageError(f"the samples of a waveform are a float32 array of shape (n,), mono, not {what}")
        if not isinstance(self.rate, (int, float, np.number)) or not self.rate > 0:
            raise UsageError(f"the rate of a waveform is Hz, such as 16000, not {self.rate!r:.60}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate
