"""Sound in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Hz; everything past the audio room is at this rate."""


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Mono sound.

    Attributes:
        samples: float32, shape (n,), in [-1, 1], finite.
        rate: samples a second, in Hz.
    """

    samples: NDArray[np.float32]
    rate: int = RATE

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate
