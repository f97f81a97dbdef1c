"""Sound from a microphone, also after it was unplugged and is back.

PortAudio, by way of sounddevice, hands over what it hears in a thread of its own; here it becomes one iterator of
events. That a microphone is gone shows in that no sound comes any more. PortAudio learns what is plugged in only when
it starts, so it is started anew until the microphone is back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError, MissingExtraError

BLOCK_SECONDS = 0.05
"""Of sound that come at once; what the answer may be late by."""

WAIT_SECONDS = 0.25
"""For the next block, before it is asked whether the microphone is still there; Ctrl-C is heard in between."""

SILENT_WAITS = 8
"""Waits in a row without sound, after which the microphone is gone; a quiet room still gives sound."""

RETRY_SECONDS = 1.0
"""Between looks for a microphone that is gone."""

MOST_WAITING = 200
"""Blocks that may wait to be heard, ten seconds; after that the sound is interrupted."""


@dataclass(frozen=True, slots=True)
class Device:
    """Something that sound comes from.

    Attributes:
        number: PortAudio's, which may change when things are plugged in.
        name: as the system calls it.
        channels: how many it has.
        rate: its own, in Hz.
        default: whether it is taken where none is named.
    """

    number: int
    name: str
    channels: int
    rate: int
    default: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """Sound comes, from now on, at this rate."""

    device: Device
    rate: int


@dataclass(frozen=True, slots=True)
class Lost:
    """No sound comes any more, and why."""

    reason: str


Event: TypeAlias = "Opened | Lost | NDArray[np.float32]"


def devices() -> list[Device]:
    """What can be listened to.

    Raises:
        MissingExtraError: if sounddevice is not installed.
        AudioError: if PortAudio is missing or fails.
    """
    backend = _backend()
    try:
        default = _default(backend)
        return [
            Device(
                number,
                str(each["name"]),
                int(each["max_input_channels"]),
                round(each["default_samplerate"]),
                number == default,
            )
            for number, each in enumerate(backend.query_devices())
            if each["max_input_channels"] > 0
        ]
    except backend.PortAudioError as error:
        raise AudioError(f"the system's sound cannot be used ({_reason(error)})") from error


def find(wanted: int | str | None = None) -> Device:
    """The device that is meant.

    Args:
        wanted: its number, its name or a part of that; None is the system's default.

    Raises:
        AudioError: if there is none, or several are meant.
        MissingExtraError: if sounddevice is not installed.
    """
    there = devices()
    if not there:
        raise AudioError("there is no microphone; plug one in, or name a recording")
    if wanted is None:
        return next((device for device in there if device.default), there[0])
    text = str(wanted).casefold()
    exact = [device for device in there if text in (str(device.number), device.name.casefold())]
    found = exact or [device for device in there if text in device.name.casefold()]
    if len(found) == 1 or (exact and all(device.name == exact[0].name for device in exact)):
        return found[0]
    names = ", ".join(f"{device.number} {device.name}" for device in found or there)
    if found:
        raise AudioError(f"'{wanted}' may be several microphones ({names}); give the number")
    raise AudioError(f"there is no microphone '{wanted}' (there are: {names})")


def hear(wanted: int | str | None = None, sleep: Callable[[float], None] = time.sleep) -> Generator[Event, None, None]:
    """What a microphone hears, until nobody asks any more.

    Args:
        wanted: see :func:`find`.
        sleep: waits so many seconds.

    Yields:
        :class:`Opened`, then blocks of float32, shape (n, channels). Where it is gone, :class:`Lost`, and once it is
        back :class:`Opened` again, maybe at another rate.

    Raises:
        AudioError: if it cannot be opened in the first place.
        MissingExtraError: if sounddevice is not installed.
    """
    backend, device = _backend(), find(wanted)
    again = device.name if wanted is not None else None
    opened = _Open(backend, device)
    while True:
        try:
            yield Opened(device, device.rate)
            yield from opened.blocks()
        finally:
            opened.close()
        if opened.dropped:
            yield Lost("this computer is too slow; some sound was not heard")
        else:
            yield Lost(f"no sound comes from {device.name} any more; waiting for it")
        while True:
            try:
                device = find(again)
                opened = _Open(backend, device)
                break
            except AudioError:
                sleep(RETRY_SECONDS)
                _start_anew(backend)


class _Open:
    """A device that sound comes from."""

    def __init__(self, backend: Any, device: Device) -> None:
        self.dropped = False
        self._waiting: Queue[NDArray[np.float32]] = Queue(MOST_WAITING)
        self._stream: Any = None
        failure: Exception | None = None
        for channels in dict.fromkeys((1, device.channels)):  # some give no fewer than they have
            try:
                self._stream = backend.InputStream(
                    samplerate=device.rate,
                    blocksize=round(BLOCK_SECONDS * device.rate),
                    device=device.number,
                    channels=channels,
                    dtype="float32",
                    callback=self._take,
                )
                self._stream.start()
                return
            except (backend.PortAudioError, OSError, ValueError) as error:
                failure = failure or error
                self.close()
        raise AudioError(f"{device.name} cannot be opened ({_reason(failure)})") from failure

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """What comes, until no more does or some was dropped."""
        waited = 0
        while waited < SILENT_WAITS and not self.dropped:
            try:
                block = self._waiting.get(timeout=WAIT_SECONDS)
            except Empty:
                waited = SILENT_WAITS if not self._stream.active else waited + 1
                continue
            waited = 0
            yield block

    def close(self) -> None:
        """Stop; a device that is gone may complain, which is no news."""
        if self._stream is not None:
            with suppress(Exception):
                self._stream.close()

    def _take(self, block: NDArray[np.float32], frames: int, when: Any, status: Any) -> None:
        try:
            self._waiting.put_nowait(np.nan_to_num(block))  # a copy: the buffer is used again
        except Full:
            self.dropped = True


def _backend() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise MissingExtraError("listening to a microphone", "live") from error
    except OSError as error:
        raise AudioError(
            "PortAudio is missing, which microphones need; on Debian or Ubuntu: apt install libportaudio2"
        ) from error
    return sounddevice


def _default(backend: Any) -> int:
    try:
        return int(backend.default.device[0])
    except (TypeError, ValueError, IndexError):
        return -1


def _start_anew(backend: Any) -> None:
    """See what is plugged in now; PortAudio knows no other way (PortAudio issue 11)."""
    with suppress(backend.PortAudioError):  # the next look tells
        backend._terminate()
        backend._initialize()


def _reason(error: Exception | None) -> str:
    return " ".join(str(error).split()) or type(error).__name__
