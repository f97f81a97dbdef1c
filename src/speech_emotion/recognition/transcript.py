"""What was said and how it was said.

Times are seconds from the beginning of the recording. Text comes from a network that heard anybody's sound, so it is
data that is not to be trusted: letters that could steer a terminal never stay in it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from ..models.prediction import NOT_SURE, Prediction

SHORTEST = 0.75
"""Seconds of speech below which nothing is claimed of its tone: of shorter clips fewer answers are right, down to
chance, while the model is no less confident; ``benchmarks/segments.py`` measures it."""

_STEERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # turn text around


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a transcript.

    Attributes:
        text: with its punctuation, without spaces around it.
        start: seconds.
        end: seconds.
        probability: that this word was said, from 0 to 1.
    """

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, or a part of one: its words and its tone.

    Attributes:
        text: what was said.
        start: seconds.
        end: seconds.
        emotion: how it sounds; None where the model is not sure, or it is shorter than :data:`SHORTEST`.
        confidence: the highest probability.
        scores: (emotion, probability) pairs that sum to 1, highest first.
        words: with their times.
    """

    text: str
    start: float
    end: float
    emotion: str | None
    confidence: float
    scores: tuple[tuple[str, float], ...]
    words: tuple[Word, ...]

    @property
    def spoken(self) -> bool:
        """That somebody speaks, as a :class:`~speech_emotion.models.prediction.Prediction` says it: there are words."""
        return True

    @property
    def label(self) -> str:
        """The emotion, or ``"not sure"``."""
        return self.emotion or NOT_SURE

    def with_tone(self, heard: Prediction) -> Segment:
        """The same words, their tone heard anew; the times stay those of the words."""
        emotion = heard.emotion if self.end - self.start >= SHORTEST else None
        return replace(self, emotion=emotion, confidence=heard.confidence, scores=heard.scores)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of a recording and their tone.

    Attributes:
        text: all of it; empty where nobody speaks.
        language: its code, such as ``"en"``; None where nobody speaks and none was named.
        prediction: the tone of the whole; its ``end`` is the duration.
        segments: in the order of time.
    """

    text: str
    language: str | None
    prediction: Prediction
    segments: tuple[Segment, ...]


def plain(text: str) -> str:
    """The text in one line, without letters that steer a terminal or turn text around.

    Example:
        >>> plain(" a\\x1b[31m\\tb\\n")
        'a[31m b'
    """
    kept = (" " if letter.isspace() else letter for letter in text if letter.isspace() or not steers(letter))
    return " ".join("".join(kept).split())


def steers(letter: str) -> bool:
    """Whether a letter could steer a terminal or turn text around."""
    return letter in _STEERING or unicodedata.category(letter) in ("Cc", "Cs")
