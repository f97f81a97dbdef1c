"""How long saved models take to hear three seconds, measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..audio.waveform import Waveform
from ..errors import SpeechEmotionError
from ..features.measure import measure
from ..models.bundle import load
from ..models.model import Model

SECONDS = 3.0
REPEATS = 5


def milliseconds(paths: Sequence[Path]) -> list[float | None]:
    """The median times in which bundles hear three seconds, once they are warm; None for one that cannot hear here.

    They hear by turns, so that whatever else the machine does slows them all alike.

    Args:
        paths: of the bundles.
    """
    taken: list[list[float]] = [[] for _ in paths]
    able: dict[int, Model] = {}
    for place, path in enumerate(paths):
        try:
            able[place] = load(path)
            _seconds_to_hear(able[place])  # warms it; or a library that measures its features is not installed here
        except SpeechEmotionError:
            able.pop(place, None)
    for _ in range(REPEATS):
        for place, model in able.items():
            taken[place].append(_seconds_to_hear(model))
    return [round(1000 * statistics.median(seconds), 2) if seconds else None for seconds in taken]


def _seconds_to_hear(model: Model) -> float:
    """How long a model takes to hear a tone of :data:`SECONDS`."""
    rate = model.config.rate
    rng = np.random.default_rng(0)
    tone = np.sin(2 * np.pi * 150 * np.arange(int(SECONDS * rate)) / rate)
    sound = Waveform((0.1 * tone + 0.01 * rng.normal(size=tone.shape)).astype(np.float32), rate)
    begin = time.perf_counter()
    model.predict_proba(measure(sound, model.config)[None])
    return time.perf_counter() - begin
