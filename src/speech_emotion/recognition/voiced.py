"""How much of each window of a sound is speech, the windows following each other as a file or a stream gives them."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ..audio.mono import ToMono
from ..audio.vad import LEAST_SPEECH, SPEECH, STEP_SECONDS, VoiceActivity
from ..audio.waveform import RATE
from ..audio.windows import Window


class Voiced:
    """Listens for speech in the windows of one sound.

    Args:
        window: how long they are, in seconds.
        rate: of the sound, in Hz.
    """

    def __init__(self, window: float, rate: int) -> None:
        self._rate = rate
        self._least = min(LEAST_SPEECH, window / 2)
        self._mixer = ToMono(rate, RATE)
        self._detector = VoiceActivity()
        self._steps: deque[bool] = deque(maxlen=max(1, int(window / STEP_SECONDS)))
        self._judged = 0  # samples of the sound that were listened to
        self._new: list[bool] = []

    def hear(self, window: Window) -> NDArray[np.float32]:
        """Listen to the next window.

        Returns:
            What is new in it.
        """
        samples = window.waveform.samples
        end = round(window.end * self._rate)
        new = samples[max(0, len(samples) - (end - self._judged)) :]
        self._judged = end
        self._new = (self._detector.hear(self._mixer.take(new[:, None])) >= SPEECH).tolist()
        self._steps.extend(self._new)
        return new

    @property
    def speech(self) -> float:
        """Seconds of speech in the window."""
        return sum(self._steps) * STEP_SECONDS

    @property
    def new_speech(self) -> float:
        """Of those, the seconds in what was new."""
        return sum(self._new) * STEP_SECONDS

    @property
    def spoken(self) -> bool:
        """Whether that is enough to say that somebody speaks."""
        return self.speech >= self._least
