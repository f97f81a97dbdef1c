from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from speech_emotion.corpora import ravdess
from speech_emotion.corpora.utterance import Corpus

TOOL = Path(__file__).resolve().parents[2] / "tools" / "export_encoder.py"


@pytest.fixture
def export() -> Callable[..., None]:
    """Runs `tools/export_encoder.py`."""

    def run(*arguments: object) -> None:
        subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    return run


@pytest.fixture(scope="session")
def ravdess_corpus(ravdess_zip: Path) -> Corpus:
    """RAVDESS's utterances."""
    return ravdess.read(ravdess_zip)
