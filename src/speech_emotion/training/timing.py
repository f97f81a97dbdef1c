"""How long a saved model takes to hear three seconds, measured."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np

from ..errors import SpeechEmotionError

SECONDS = 3.0
REPEATS = 5


def milliseconds(path: Path) -> float | None:
    """The median time in which a bundle hears three seconds, once it is warm; None where it cannot hear here.

    Args:
        path: of the bundle.
    """
    from ..audio.waveform import Waveform
    from ..features.measure import measure
    from ..models.bundle import load

    try:
        model = load(path)
        rate = model.config.rate
        rng = np.random.default_rng(0)
        tone = np.sin(2 * np.pi * 150 * np.arange(int(SECONDS * rate)) / rate)
        sound = Waveform((0.1 * tone + 0.01 * rng.normal(size=tone.shape)).astype(np.float32), rate)
        taken = []
        for _ in range(1 + REPEATS):
            begin = time.perf_counter()
            model.predict_proba(measure(sound, model.config)[None])
            taken.append(time.perf_counter() - begin)
    except SpeechEmotionError:  # a library that measures its features is not installed here
        return None
    return round(1000 * statistics.median(taken[1:]), 2)
