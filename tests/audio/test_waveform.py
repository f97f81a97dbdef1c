from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.audio.waveform import Waveform
from speech_emotion.errors import UsageError

SOUND = np.zeros(160, dtype=np.float32)


@pytest.mark.parametrize("samples", [None, [0.1] * 160, SOUND.reshape(2, 80), SOUND.astype(np.int16), np.float32(0)])
def test_what_is_no_mono_sound_is_refused(samples: object) -> None:
    with pytest.raises(UsageError, match=r"float32 array of shape \(n,\), mono, not"):
        Waveform(samples)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0, -16_000, None, "16000", float("nan")])
def test_what_is_no_rate_is_refused(rate: object) -> None:
    with pytest.raises(UsageError, match="the rate of a waveform is Hz"):
        Waveform(SOUND, rate)  # type: ignore[arg-type]
    assert Waveform(SOUND, np.int64(16_000)).duration == 0.01
