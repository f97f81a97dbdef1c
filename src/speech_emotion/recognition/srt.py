"""The words of a transcript as SubRip subtitles (.srt), which every player shows; they have no place for the tone."""

from __future__ import annotations

from collections.abc import Iterable

from .transcript import Segment, plain


def write_srt(segments: Iterable[Segment]) -> str:
    """All cues, numbered from 1.

    Example:
        >>> print(write_srt([Segment("Hello.", 0.5, 61.25, None, 0.0, (), ())]))
        1
        00:00:00,500 --> 00:01:01,250
        Hello.
    """
    return "\n".join(_cue(number, segment) for number, segment in enumerate(segments, start=1))


def _cue(number: int, segment: Segment) -> str:
    first = round(1000 * segment.start)
    last = max(round(1000 * segment.end), first + 1)  # a cue must end after it begins
    text = plain(segment.text).replace("-->", "→")
    return f"{number}\n{_time(first)} --> {_time(last)}\n{text}\n"


def _time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{rest:03d}"
