"""A microphone, or a file in its place, moment by moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from ..audio import microphone
from ..audio.mono import ToMono
from ..audio.read import Source, blocks
from ..audio.record import check, recording
from ..errors import unknown
from .recognizer import WINDOW, Heard, opened
from .stream import HOP, Moment, Stream

ADAPT = {
    "none": "each window by itself",
    "session": "to what was heard before in this stream: one room, one microphone, one voice",
}
"""What a stream may adapt to."""

BLOCK = 0.1
"""Seconds of a file that are heard at once."""


def listen(
    model: Heard = None,
    *,
    device: int | str | None = None,
    window: float = WINDOW,
    hop: float = HOP,
    smooth: float = 0.0,
    adapt: str = "none",
    record: str | os.PathLike[str] | None = None,
    tell: Callable[[str], object] = lambda text: None,
) -> Iterator[Moment]:
    """What the microphone's last seconds sound like, every hop, for as long as it is asked.

    A microphone that is unplugged is waited for; no window spans the gap.

    Args:
        model: or its name or path; None takes the built-in one.
        device: number, name or part of the name; None is the system's default.
        window: seconds heard at once.
        hop: seconds from one answer to the next.
        smooth: time constant of the smoothing, in seconds; 0 is none.
        adapt: ``"none"`` or ``"session"``.
        record: a new .wav or .flac file for what is heard, mono, at the model's rate; None keeps no sound.
        tell: is told, in a line, what was opened, when it is lost, and when it is back.

    Raises:
        AudioError: if there is no such microphone.
        BundleError: if the model cannot be read.
        MissingExtraError: if sounddevice is not installed.
        UsageError: if a value is out of range, or there is no built-in model of that name.
    """
    stream = _stream(model, window, hop, smooth, adapt)
    place = None if record is None else Path(record)
    if place is not None:
        check(place)
    return _listen(stream, device, place, tell)


def replay(
    source: Source,
    model: Heard = None,
    *,
    window: float = WINDOW,
    hop: float = HOP,
    smooth: float = 0.0,
    adapt: str = "none",
    real_time: bool = False,
) -> Iterator[Moment]:
    """What a stream says of a recording: its windows are those of :func:`.recognize_segments`.

    Args:
        source: a path, the bytes of a file, or a binary file.
        model: or its name or path; None takes the built-in one.
        window: seconds heard at once.
        hop: seconds from one answer to the next.
        smooth: time constant of the smoothing, in seconds; 0 is none.
        adapt: ``"none"`` or ``"session"``.
        real_time: whether to wait, as if it were spoken now.

    Raises:
        AudioError: if it cannot be read.
        BundleError: if the model cannot.
        UsageError: if a value is out of range, or there is no built-in model of that name.
    """
    return _replay(source, _stream(model, window, hop, smooth, adapt), real_time)


def _stream(model: Heard, window: float, hop: float, smooth: float, adapt: str) -> Stream:
    if adapt not in ADAPT:
        raise unknown("adaptation", adapt, ADAPT)
    model = opened(model)
    session = model.adaptation() if adapt == "session" else None
    return Stream(model, model.config.rate, window=window, hop=hop, smooth=smooth, adaptation=session)


def _listen(
    stream: Stream, device: int | str | None, record: Path | None, tell: Callable[[str], object]
) -> Iterator[Moment]:
    rate = stream.model.config.rate
    lost: float | None = None
    with ExitStack() as stack:
        events = stack.enter_context(closing(microphone.hear(device)))
        keep = (lambda sound: None) if record is None else stack.enter_context(recording(record, rate))
        for event in events:
            if isinstance(event, microphone.Opened):
                tell(f"listening to {event.device.name}, {event.rate} Hz")
                mixer = ToMono(event.rate, rate)
                if lost is not None:
                    stream.interrupt(time.monotonic() - lost)
                continue
            sound = mixer.rest() if isinstance(event, microphone.Lost) else mixer.take(event)
            keep(sound)
            yield from stream.feed(sound)
            if isinstance(event, microphone.Lost):
                tell(event.reason)
                lost = time.monotonic()
                yield from stream.end()


def _replay(source: Source, stream: Stream, real_time: bool) -> Iterator[Moment]:
    begin = time.monotonic()
    for sound in blocks(source, stream.model.config.rate, BLOCK):
        if real_time:
            time.sleep(max(0.0, begin + stream.seconds + BLOCK - time.monotonic()))
        yield from stream.feed(sound)
    yield from stream.end()
