"""What a model says of a stretch of sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NOT_SURE = "not sure"
NO_SPEECH = "no speech"


@dataclass(frozen=True, slots=True)
class Prediction:
    """The tone of one stretch of speech.

    Attributes:
        emotion: the likeliest, or None where the model is not sure or nobody speaks.
        scores: (emotion, probability) pairs that sum to 1, highest first.
        confidence: the highest probability.
        start: seconds from the beginning of the recording.
        end: seconds from the beginning of the recording.
        spoken: whether somebody speaks; the scores are there without speech as well, and mean nothing.
    """

    emotion: str | None
    scores: tuple[tuple[str, float], ...]
    confidence: float
    start: float
    end: float
    spoken: bool = True

    @property
    def label(self) -> str:
        """The emotion, ``"not sure"`` or ``"no speech"``."""
        return self.emotion or (NOT_SURE if self.spoken else NO_SPEECH)


def labelled(scores: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    """Scores as JSON shows them.

    Example:
        >>> labelled([("happy", 0.75), ("sad", 0.25)])
        [{'label': 'happy', 'score': 0.75}, {'label': 'sad', 'score': 0.25}]
    """
    return [{"label": label, "score": score} for label, score in scores]
