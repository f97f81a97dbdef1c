from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from speech_emotion.corpora import ravdess
from speech_emotion.corpora.utterance import Corpus

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def export() -> Callable[..., None]:
    """Runs a tool that exports an encoder, by name."""

    def run(tool: str, *arguments: object) -> None:
        command = [sys.executable, str(TOOLS / f"{tool}.py"), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    return run


@pytest.fixture(scope="session")
def ravdess_corpus(ravdess_zip: Path) -> Corpus:
    """RAVDESS's utterances."""
    return ravdess.read(ravdess_zip)
