"""What somebody says, one turn after the other: a turn is over after a pause.

The stream's voice activity (:mod:`..audio.vad`) tells speech from all else. Sound is mono, float32, at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from ..audio import microphone
from ..audio.mono import ToMono
from ..audio.vad import LEAST_SPEECH, SPEECH, STEP, STEP_SECONDS, VoiceActivity
from ..audio.waveform import RATE, Waveform
from ..errors import UsageError

PAUSE = 0.8
"""Seconds without speech after which a turn is over; people pause for about half a second inside of one."""

AROUND = 0.3
"""Seconds kept before the first and after the last speech: words begin and end softly."""

LONGEST = 120.0
"""Seconds after which a turn is over without a pause, so that memory is bounded."""


class Turns:
    """Parts one sound that goes on into turns.

    Args:
        pause: seconds without speech that end a turn, from 0.2 to 10.

    Raises:
        UsageError: if the pause is out of range.
    """

    def __init__(self, pause: float = PAUSE) -> None:
        if not 0.2 <= pause <= 10:
            raise UsageError(f"a pause of {pause:g} s is out of range; give 0.2 to 10")
        self._steps_of_pause = round(pause / STEP_SECONDS)
        self._detector = VoiceActivity()
        self._waiting: NDArray[np.float32] = np.empty(0, dtype=np.float32)  # not judged yet
        self._forget()

    def feed(self, samples: NDArray[np.float32]) -> list[Waveform]:
        """Hear samples that follow those heard before, of any length.

        Returns:
            The turns that ended within them.
        """
        self._waiting = np.concatenate([self._waiting, samples])
        found: list[Waveform] = []
        for probability in self._detector.hear(samples):
            step = self._waiting[:STEP]
            self._waiting = self._waiting[STEP:]
            found += self._hear(step, bool(probability >= SPEECH))
        return found

    def end(self) -> list[Waveform]:
        """The sound is over, and with it the turn, if one is there."""
        found = self._turn()
        self._detector = VoiceActivity()
        self._waiting = np.empty(0, dtype=np.float32)
        return found

    def _forget(self) -> None:
        self._kept: list[NDArray[np.float32]] = []
        self._spoken = 0  # steps of speech
        self._last = 0  # steps up to the last speech

    def _hear(self, step: NDArray[np.float32], speech: bool) -> list[Waveform]:
        self._kept.append(step)
        if speech:
            self._spoken += 1
            self._last = len(self._kept)
        elif not self._spoken:
            self._kept = self._kept[-_AROUND_STEPS:]
        over = self._spoken and len(self._kept) - self._last >= self._steps_of_pause
        if over or (len(self._kept) + 1) * STEP_SECONDS > LONGEST:
            return self._turn()
        return []

    def _turn(self) -> list[Waveform]:
        kept, spoken = self._kept[: self._last + _AROUND_STEPS], self._spoken
        self._forget()
        return [Waveform(np.concatenate(kept), RATE)] if spoken * STEP_SECONDS >= LEAST_SPEECH else []


_AROUND_STEPS = round(AROUND / STEP_SECONDS)


def listen(
    device: int | str | None = None,
    pause: float = PAUSE,
    tell: Callable[[str], object] = lambda text: None,
) -> Iterator[Waveform]:
    """Turns from the microphone, which is closed while one is worked on: what is said then is not heard.

    Args:
        device: number, name or part of the name; None is the system's default.
        pause: seconds without speech that end a turn.
        tell: is told, in a line, when it listens and when the microphone is lost.

    Raises:
        AudioError: if there is no such microphone.
        MissingExtraError: if sounddevice is not installed.
        UsageError: if the pause is out of range.
    """
    turns = Turns(pause)
    while True:
        with closing(microphone.hear(device)) as events:
            turn = _next(events, turns, tell)
        yield turn


def _next(events: Iterator[microphone.Event], turns: Turns, tell: Callable[[str], object]) -> Waveform:
    for event in events:
        if isinstance(event, microphone.Opened):
            tell(f"listening to {event.device.name}, {event.rate} Hz")
            mixer = ToMono(event.rate, RATE)
            continue
        lost = isinstance(event, microphone.Lost)
        found = turns.feed(mixer.rest() if isinstance(event, microphone.Lost) else mixer.take(event))
        if isinstance(event, microphone.Lost):
            tell(event.reason)
        if found or lost:
            found += turns.end()
        if found:
            return Waveform(np.concatenate([turn.samples for turn in found]), RATE)
    raise AssertionError("a microphone's events do not end")
