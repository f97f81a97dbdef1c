"""Windows of equal length over a sound of any length.

Full windows begin at 0, one hop, two hops, and so on. Where the last of them does not end with the sound, one
more does: it is as long as the others and begins less than a hop after the one before. A sound shorter than a
window is one window. Window and hop are rounded to whole samples.

A stream that hands its sound to :func:`slide` as it arrives gets the same windows as the file.
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
    possible = 0 < hop <= window <= LONGEST
    width, step = (round(window * rate), round(hop * rate)) if possible else (0, 0)
    if not 1 <= step <= width:
        raise UsageError(
            f"windows of {window} s, one every {hop} s, are not possible; valid: 0 < hop <= window <= {LONGEST:g}"
        )
    return _slide(pieces, width, step, rate)


def _slide(pieces: Iterable[NDArray[np.float32]], width: int, step: int, rate: int) -> Iterator[Window]:
    held: NDArray[np.float32] = np.empty(0, dtype=np.float32)
    begin = 0  # where in the sound the samples held begin
    upcoming = 0  # where the next full window begins

    def cut(start: int, end: int) -> Window:
        return Window(start / rate, end / rate, Waveform(held[start - begin : end - begin], rate))

    for piece in pieces:
        held = np.concatenate([held, piece])
        while begin + len(held) >= upcoming + width:
            yield cut(upcoming, upcoming + width)
            upcoming += step
        # The window that ends with the sound may begin before the next full one would.
        needed = max(begin, min(upcoming, begin + len(held) - width))
        held, begin = held[needed - begin :], needed
    end = begin + len(held)
    covered = upcoming - step + width if upcoming else 0
    if end > covered:
        yield cut(max(0, end - width), end)
