"""One recording as numbers.

Training tables, file predictions and live windows all come through here, so that they are measured alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..audio.waveform import Waveform
from ..errors import FeatureError
from .config import FeatureConfig
from .prosody import prosodic_tracks
from .spectral import spectral_tracks
from .statistics import summarise
from .whole import WHOLE


def measure(waveform: Waveform, config: FeatureConfig) -> NDArray[np.float32]:
    """The features of one recording.

    Args:
        waveform: mono, at ``config.rate``, at least one sample.
        config: what to compute.

    Returns:
        float32, shape (features,), finite; ``config.columns`` names them.

    Raises:
        FeatureError: if the waveform is empty, at another rate, or too short for a group.
        MissingExtraError: if a group needs a library that is not installed.

    Example:
        >>> hum = Waveform(np.sin(np.arange(16_000) / 10, dtype=np.float32))
        >>> measure(hum, FeatureConfig()).shape
        (180,)
    """
    if waveform.rate != config.rate:
        raise FeatureError(f"the features are made for {config.rate} Hz, the sound is at {waveform.rate} Hz")
    if not len(waveform.samples):
        raise FeatureError("the sound is empty")
    tracks = {**spectral_tracks(waveform.samples, config), **prosodic_tracks(waveform.samples, config)}
    return np.concatenate(
        [
            WHOLE[name].measure(waveform.samples, config)
            if name in WHOLE
            else summarise(tracks[name], config.statistics, config.hop / config.rate)
            for name in config.features
        ]
    )
