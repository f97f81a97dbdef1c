"""What others reach on the same recordings, to be set beside a report's scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .evaluate import Report

HUMAN = {"ravdess": 0.67}
"""Accuracy of people who only heard the recordings, all eight emotions (Livingstone & Russo, 2018, PLoS ONE 13(5):
'audio-only')."""


@dataclass(frozen=True, slots=True)
class System:
    """A published system.

    Attributes:
        name: of it.
        uar: a fraction.
    """

    name: str
    uar: float


EMOBOX = (
    System("wav2vec 2.0 base", 0.5433),
    System("HuBERT base", 0.6543),
    System("HuBERT large", 0.7000),
    System("WavLM large", 0.7200),
    System("Whisper large v3", 0.7532),
)
"""RAVDESS, eight emotions, the mean UAR of the six folds: frozen encoders with a small classifier on top (Ma et al.,
2024, EmoBox, Interspeech)."""


def human(report: Report) -> float | None:
    """The accuracy of people at a report's task, where published.

    Args:
        report: of one corpus with all its emotions.
    """
    corpora = set(report.aspects["corpus"].tolist()) if "corpus" in report.aspects else set()
    return HUMAN.get(corpora.pop()) if len(corpora) == 1 and len(report.emotions) == 8 else None


def systems(report: Report) -> tuple[System, ...]:
    """The published systems that were judged on the same folds of the same recordings."""
    return EMOBOX if report.protocol == "emobox" and len(report.emotions) == 8 else ()
