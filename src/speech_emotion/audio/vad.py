"""Whether someone speaks: Silero VAD, a small network that tells speech from all else, music and noise too.

It hears 32 ms at a time and remembers what came before (a recurrent layer), so that one detector belongs to one stream.
ONNX Runtime runs it, many steps in one call: a second of sound takes about 2 ms of one core. Origin, licence and
checksum of its file are in ``voice/README.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import runtime
from .mono import ToMono
from .waveform import RATE

STEP = 512
"""Samples judged at once, at 16 kHz; what the network was trained on."""

STEP_SECONDS = STEP / RATE

SPEECH = 0.3
"""The probability from which a step is speech. Silero's own default is 0.5, at which twice as many clips of people who
shout or sob pass for no speech, while noise and music pass for speech at neither (``benchmarks/live.py``)."""

LEAST_SPEECH = 0.25
"""Seconds of speech, a short "yes", from which somebody speaks; half of the sound, where that is less."""

SHA256 = "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"
"""Of the network's file."""

_CONTEXT = 64  # samples before a step that the network hears with it
_STATE = (1, 1, 128)
_STEPS_AT_ONCE = 1024


class VoiceActivity:
    """Listens for speech in one sound, at 16 kHz.

    Example:
        >>> detector = VoiceActivity()
        >>> bool((detector.hear(np.zeros(5120, dtype=np.float32)) < SPEECH).all())
        True
    """

    def __init__(self) -> None:
        self._state = [np.zeros(_STATE, dtype=np.float32), np.zeros(_STATE, dtype=np.float32)]
        self._held = np.zeros(_CONTEXT, dtype=np.float32)

    def hear(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability of speech in each step that is complete with these samples.

        Args:
            samples: mono, shape (n,), of any length; they follow those heard before.

        Returns:
            float32, shape (steps,).
        """
        self._held = np.concatenate([self._held, samples])
        found = [np.empty(0, dtype=np.float32)]
        while steps := min(_STEPS_AT_ONCE, (len(self._held) - _CONTEXT) // STEP):
            heard = np.lib.stride_tricks.sliding_window_view(self._held, _CONTEXT + STEP)[::STEP][:steps]
            given = {"input": np.ascontiguousarray(heard), "h": self._state[0], "c": self._state[1]}
            probabilities, *self._state = _network().run(None, given)
            found.append(probabilities.ravel())
            self._held = self._held[steps * STEP :].copy()
        return np.concatenate(found)


class SpeechSought:
    """Whether anybody speaks in one sound, which is listened to until that is known.

    Args:
        rate: of the sound, in Hz.
    """

    def __init__(self, rate: int = RATE) -> None:
        self._rate = rate
        self._detector = VoiceActivity()
        self._mixer = ToMono(rate, RATE)
        self._speech = 0.0
        self._duration = 0.0

    @property
    def found(self) -> bool:
        """Whether somebody speaks in what was heard so far."""
        return self._speech >= min(LEAST_SPEECH, self._duration / 2)

    def through(self, pieces: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same pieces, mono and of any length, heard as they pass."""
        for piece in pieces:
            for first in range(0, len(piece), self._rate // 4):
                if self._speech >= LEAST_SPEECH:
                    break
                self._hear(piece[first : first + self._rate // 4])
            yield piece

    def _hear(self, part: NDArray[np.float32]) -> None:
        self._duration += len(part) / self._rate
        steps = self._detector.hear(self._mixer.take(part[:, None]))
        self._speech += int((steps >= SPEECH).sum()) * STEP_SECONDS


@lru_cache(maxsize=1)
def _network() -> Any:
    return runtime.session(Path(__file__).with_name("voice") / "silero_vad.onnx", SHA256)
