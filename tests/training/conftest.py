"""What every test of training may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from speech_emotion import corpora
from speech_emotion.features.extract import extract
from speech_emotion.features.table import FeatureTable


@pytest.fixture(scope="session")
def ravdess_table(ravdess_zip: Path) -> FeatureTable:
    """All of RAVDESS: mel, chroma and mfcc, their means."""
    return extract(corpora.open("ravdess", str(ravdess_zip)), features=["mel", "chroma", "mfcc"], workers=None)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strategies learn after a few candidates."""
    for name, value in {"AHEAD": 4, "BEYOND": 1, "LOOKAHEAD": 6, "BEFORE": 8}.items():
        monkeypatch.setattr(f"speech_emotion.training.trials.{name}", value)
    for module in ("proposals", "trials"):
        monkeypatch.setattr(f"speech_emotion.training.{module}.GENERATION", 3)
    monkeypatch.setattr("speech_emotion.training.proposals.STARTUP", {"evolution": 3, "tpe": 3})
