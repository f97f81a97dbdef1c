"""A stream's answers, steadied: smoothed over time, and what they have settled on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..models.adaptation import centred_logarithms
from ..models.calibration import softmax

LONGEST = 3600.0
"""Seconds; of a time constant."""

SETTLED = 2
"""Windows in a row, with the same answer, that settle it."""


class Smoothed:
    """Exponential smoothing of the logarithms of probabilities.

    Of the distance to each new answer, the part ``1 - exp(-t / seconds)`` is gone, ``t`` being the time since the one
    before: after a long pause, what was said before it is forgotten.

    Args:
        seconds: the time constant; 0 smooths nothing.

    Raises:
        UsageError: if it is out of range.

    Example:
        >>> smoothed = Smoothed(seconds=1.0)
        >>> smoothed.hear(np.array([0.9, 0.1]), at=0.0).round(3)
        array([0.9, 0.1])
        >>> smoothed.hear(np.array([0.1, 0.9]), at=0.5).round(3)
        array([0.615, 0.385])
    """

    def __init__(self, seconds: float) -> None:
        if not 0 <= seconds <= LONGEST:
            raise UsageError(f"smoothing over {seconds} s is not possible; valid: 0 to {LONGEST:g} s")
        self._seconds = seconds
        self._before: tuple[NDArray[np.float64], float] | None = None

    def hear(self, probabilities: NDArray[np.float64], at: float) -> NDArray[np.float64]:
        """The smoothed answer.

        Args:
            probabilities: of one window, shape (emotions,).
            at: seconds.
        """
        if self._seconds == 0:
            return probabilities
        logarithms = centred_logarithms(probabilities[None])[0]
        if self._before is not None:
            before, then = self._before
            kept = math.exp(-(at - then) / self._seconds)
            logarithms = kept * before + (1 - kept) * logarithms
        self._before = logarithms, at
        return softmax(logarithms)


class Settled:
    """The emotion that answers have settled on: the last that two windows in a row gave.

    A window without speech, or of which the model is not sure, gives none: it breaks a row, but takes nothing back.

    Example:
        >>> settled = Settled()
        >>> [settled.hear(emotion) for emotion in ("calm", "calm", None, "angry", "calm", "angry", "angry", "angry")]
        [False, True, False, False, False, False, True, False]
        >>> settled.emotion
        'angry'
    """

    def __init__(self) -> None:
        self.emotion: str | None = None
        self._last: str | None = None
        self._row = 0

    def hear(self, emotion: str | None) -> bool:
        """Whether this answer is a change: another emotion has settled, or the first one."""
        self._row = self._row + 1 if emotion == self._last else 1
        self._last = emotion
        changed = emotion is not None and self._row >= SETTLED and emotion != self.emotion
        if changed:
            self.emotion = emotion
        return changed
