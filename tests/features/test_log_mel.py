from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_emotion.features.log_mel import BANDS, HOP, log_mel, scaled

whisper = pytest.importorskip("faster_whisper.feature_extractor", reason="faster-whisper is the oracle here")


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    samples = 0.1 * random.normal(size=round(seconds * 16_000))
    return (samples * np.sin(np.arange(len(samples)) / 4000) ** 2).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.05, 0.5, 3.0, 7.31])
def test_scaled_frames_are_those_that_whisper_is_given(seconds: float) -> None:
    samples = sound(seconds)
    theirs = whisper.FeatureExtractor()(samples, padding=0)
    ours = scaled(log_mel(samples))
    assert ours.shape[0] == BANDS
    np.testing.assert_allclose(ours, theirs[:, : ours.shape[1]], atol=1e-5)


@given(st.integers(1, 4000))
@settings(max_examples=40)
def test_a_sound_of_any_length_has_a_frame_every_hop(length: int) -> None:
    found = log_mel(sound(1)[:length])
    assert found.shape == (BANDS, max(1, length // HOP))
    assert np.isfinite(found).all()


def test_moving_the_largest_energy_makes_the_level_no_clue() -> None:
    loud = sound(1)
    for gain in (0.3, 3.0):
        np.testing.assert_allclose(
            scaled(log_mel(gain * loud), 1.5), scaled(log_mel(loud), 1.5), atol=1e-4, err_msg=str(gain)
        )
    assert scaled(log_mel(loud), 1.5).max() == pytest.approx((1.5 + 4) / 4)


def test_silence_is_finite() -> None:
    assert np.isfinite(scaled(log_mel(np.zeros(1000, dtype=np.float32)), 1.5)).all()
