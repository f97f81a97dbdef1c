"""Windows of equal length over a sound of any length.

Full windows begin at 0, one hop, two hops, and so on. Where the last of them does not end with the sound, one
more does: it is as long as the others and begins less than a hop after the one before. A sound shorter than a
window is one window. Window and hop are rounded to whole samples.

A stream that hands its sound to a :class:`Cutter` as it arrives gets the same windows as the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .read import Source, blocks
from .waveform import RATE, Waveform

LONGEST = 3600.0
"""Seconds of a window: more would not be bounded memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of a sound.

    Attributes:
        start: seconds from the beginning of the sound.
        end: seconds from the beginning of the sound.
        waveform: what is heard between the two.
    """

    start: float
    end: float
    waveform: Waveform


def windows(source: Source, window: float = 3.0, hop: float = 1.0, rate: int = RATE) -> Iterator[Window]:
    """Windows over a file, in bounded memory.

    Args:
        source: a path, bytes, or a binary file.
        window: length of a window, in seconds.
        hop: from the beginning of one window to the next, in seconds; at most ``window``.
        rate: Hz.

    Yields:
        Windows in the order of time, which together cover all of the file.

    Raises:
        AudioError: if it cannot be read, or holds no sound.
        MissingExtraError: if only PyAV could read it, and it is not installed.
        UsageError: if ``window``, ``hop`` or ``rate`` is out of range.
    """
    return slide(blocks(source, rate), window, hop, rate)


def slide(
    pieces: Iterable[NDArray[np.float32]], window: float = 3.0, hop: float = 1.0, rate: int = RATE
) -> Iterator[Window]:
    """Windows over a sound that comes in pieces, each as soon as it is complete.

    Args:
        pieces: mono, float32, each of any length.
        window: length of a window, in seconds.
        hop: from the beginning of one window to the next, in seconds; at most ``window``.
        rate: of the pieces, in Hz.

    Yields:
        Windows in the order of time; none where there is no sound. They do not depend on where pieces end.

    Raises:
        UsageError: if ``hop`` is not between one sample and ``window``.

    Example:
        >>> sound = np.zeros(7, dtype=np.float32)
        >>> [(window.start, window.end) for window in slide([sound], window=3, hop=2, rate=1)]
        [(0.0, 3.0), (2.0, 5.0), (4.0, 7.0)]
    """
    cutter = Cutter(window, hop, rate)
    return _slide(pieces, cutter)


def _slide(pieces: Iterable[NDArray[np.float32]], cutter: Cutter) -> Iterator[Window]:
    for piece in pieces:
        yield from cutter.cut(piece)
    yield from cutter.rest()


class Cutter:
    """Cuts one sound into windows as it arrives.

    Args:
        window: length of a window, in seconds.
        hop: from the beginning of one window to the next, in seconds; at most ``window``.
        rate: of the sound, in Hz.

    Raises:
        UsageError: if ``hop`` is not between one sample and ``window``.

    Example:
        >>> cutter = Cutter(window=3, hop=2, rate=1)
        >>> [(window.start, window.end) for window in cutter.cut(np.zeros(4, dtype=np.float32))]
        [(0.0, 3.0)]
        >>> [(window.start, window.end) for window in cutter.rest()]
        [(1.0, 4.0)]
    """

    def __init__(self, window: float, hop: float, rate: int) -> None:
        possible = 0 < hop <= window <= LONGEST
        self._width, self._step = (round(window * rate), round(hop * rate)) if possible else (0, 0)
        if not 1 <= self._step <= self._width:
            raise UsageError(
                f"windows of {window} s, one every {hop} s, are not possible; valid: 0 < hop <= window <= {LONGEST:g}"
            )
        self._rate = rate
        self._held: list[NDArray[np.float32]] = []
        self._begin = 0  # where in the sound the samples held begin
        self._end = 0  # where they end
        self._upcoming = 0  # where the next full window begins

    def cut(self, piece: NDArray[np.float32]) -> list[Window]:
        """The windows that are complete with this piece: mono, float32, of any length; it must not change later."""
        self._held.append(piece)
        self._end += len(piece)
        if self._end < self._upcoming + self._width:
            return []
        held = np.concatenate(self._held)
        found = []
        while self._end >= self._upcoming + self._width:
            found.append(self._window(held, self._upcoming, self._upcoming + self._width))
            self._upcoming += self._step
        # The window that ends with the sound may begin before the next full one would.
        needed = max(self._begin, min(self._upcoming, self._end - self._width))
        self._held, self._begin = [held[needed - self._begin :]], needed
        return found

    def rest(self) -> list[Window]:
        """The window that ends with the sound, where none did so far."""
        covered = self._upcoming - self._step + self._width if self._upcoming else 0
        if self._end <= covered:
            return []
        return [self._window(np.concatenate(self._held), max(0, self._end - self._width), self._end)]

    def _window(self, held: NDArray[np.float32], start: int, end: int) -> Window:
        part = held[start - self._begin : end - self._begin]
        return Window(start / self._rate, end / self._rate, Waveform(part, self._rate))
