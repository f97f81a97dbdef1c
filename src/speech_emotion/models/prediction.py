"""What a model says of a stretch of sound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """The tone of one stretch of speech.

    Attributes:
        emotion: the likeliest, or None where the model is not sure.
        scores: (emotion, probability) pairs that sum to 1, highest first.
        confidence: the highest probability.
        start: seconds from the beginning of the recording.
        end: seconds from the beginning of the recording.
    """

    emotion: str | None
    scores: tuple[tuple[str, float], ...]
    confidence: float
    start: float
    end: float
