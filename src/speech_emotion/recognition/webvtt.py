"""Answers as WebVTT subtitles (W3C, https://www.w3.org/TR/webvtt1/).

A cue a segment, or one for all of a recording that has none; none where nobody speaks. The emotion is the cue's voice
and its class, so that a player can show it and ``::cue(.angry)`` or ``::cue(v[voice="angry"])`` colour it; where the
model is not sure, the voice is ``not sure`` and the class ``not_sure``::

    00:00:01.000 --> 00:00:02.840
    <v.angry angry>Kids are talking by the door.</v>

Without words, the cue's text is the emotion and how likely it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..models.prediction import Prediction
from .recognizer import Recognition
from .transcript import Segment, plain

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # > also so that no text holds an arrow


def write_webvtt(answers: Iterable[Recognition], top: int | None = None) -> Iterator[str]:
    """One document.

    Args:
        answers: of one recording; a failed one has no cues.
        top: is for formats that show scores.
    """
    yield "WEBVTT\n"
    for answer in answers:
        for part in answer.spoken_parts:
            yield from _cue(part)


def _cue(part: Prediction | Segment) -> Iterator[str]:
    emotion = plain(part.label)
    text = plain(part.text) if isinstance(part, Segment) else f"{emotion} {part.confidence:.0%}"
    first = round(1000 * part.start)
    last = max(round(1000 * part.end), first + 1)  # a cue must end after it begins
    yield f"{_time(first)} --> {_time(last)}"
    yield f"<v.{_class(emotion)} {emotion.translate(_ESCAPES)}>{text.translate(_ESCAPES)}</v>\n"


def _time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _class(emotion: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in emotion)
