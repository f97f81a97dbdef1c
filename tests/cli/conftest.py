"""A few recordings, for commands that measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Of four speakers, two emotions each."""
    rng = np.random.default_rng(0)
    for speaker in ("ann", "bob", "eve", "max"):
        for emotion, loud in (("calm", 0.02), ("angry", 0.3)):
            path = tmp_path / "mine" / speaker / emotion / "1.wav"
            path.parent.mkdir(parents=True)
            soundfile.write(path, loud * rng.standard_normal(8_000), 16_000)
    return tmp_path / "mine"
