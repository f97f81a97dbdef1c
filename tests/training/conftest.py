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
