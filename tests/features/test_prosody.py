"""Zero-crossing rate and RMS against librosa; pitch against tones of known pitch and librosa's pYIN."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest

from speech_emotion.audio.read import read
from speech_emotion.corpora import ravdess
from speech_emotion.features import prosody
from speech_emotion.features.config import FeatureConfig

CONFIG = FeatureConfig(features=("zcr", "rms", "f0"))


@pytest.mark.parametrize("length", [1, 511, 512, 16_000, 50_001])
def test_zero_crossings_and_rms_equal_librosas(length: int) -> None:
    samples = (0.3 * np.random.default_rng(length).standard_normal(length)).astype(np.float32)
    crossings = librosa.feature.zero_crossing_rate(samples, frame_length=2048, hop_length=512)[0]
    np.testing.assert_allclose(prosody.zero_crossing_rate(samples, CONFIG), crossings, rtol=1e-6)
    level = librosa.feature.rms(y=samples, frame_length=2048, hop_length=512)[0]
    np.testing.assert_allclose(prosody.rms(samples, CONFIG), level, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("pitch", [70.0, 110.0, 233.1, 480.0])
def test_the_pitch_of_a_buzz_is_found_to_one_percent(pitch: float) -> None:
    time = np.arange(16_000) / 16_000
    buzz = sum(np.sin(2 * np.pi * pitch * order * time) / order for order in range(1, 8)).astype(np.float32)
    found = prosody.f0(0.1 * buzz, CONFIG)[2:-2]
    np.testing.assert_allclose(found, pitch, rtol=0.01)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    assert np.isnan(prosody.f0(noise, CONFIG)).mean() > 0.95
    assert np.isnan(prosody.f0(np.zeros(32_000, dtype=np.float32), CONFIG)).all()


def test_the_pitch_of_speech_agrees_with_pyin(ravdess_zip: Path) -> None:
    agreeing = heard = 0
    for utterance in ravdess.read(ravdess_zip).utterances[7::120]:
        samples = read(utterance.path).samples
        ours = prosody.f0(samples, CONFIG)
        theirs, _, _ = librosa.pyin(samples, fmin=65, fmax=500, sr=16_000, frame_length=1024, hop_length=512)
        both = ~np.isnan(ours) & ~np.isnan(theirs)
        heard += both.sum()
        agreeing += (np.abs(np.log2(ours[both] / theirs[both])) < 1 / 12).sum()
    assert heard > 200
    assert agreeing / heard > 0.95
