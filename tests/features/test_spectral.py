"""Mel, chroma and MFCC against librosa, the oracle."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_emotion.audio.read import read
from speech_emotion.corpora import ravdess
from speech_emotion.features import spectral
from speech_emotion.features.config import FeatureConfig

CLIPS = 60
PROTOTYPE = FeatureConfig()


def librosas(samples: np.ndarray, config: FeatureConfig) -> dict[str, np.ndarray]:
    """The prototype's calls; frames as columns, as librosa has them."""
    spectrum = {"n_fft": config.fft, "hop_length": config.hop}
    energies = librosa.feature.melspectrogram(
        y=samples, sr=config.rate, n_mels=config.mel_bands, fmin=config.mel_low, fmax=config.mel_high, **spectrum
    )
    decibels = librosa.power_to_db(energies, top_db=config.db_floor)
    magnitude = np.abs(librosa.stft(samples, **spectrum)) ** config.chroma_power
    return {
        "mel": energies,
        "chroma": librosa.feature.chroma_stft(
            S=magnitude, sr=config.rate, n_chroma=config.chroma_bins, tuning=config.tuning
        ),
        "mfcc": librosa.feature.mfcc(S=decibels, n_mfcc=config.mfcc_coefficients),
    }


def assert_means_equal(samples: np.ndarray, config: FeatureConfig) -> None:
    """To 1e-3 of each value; a mean of dB that all but cancels to zero, to 1e-5 of the clip's largest."""
    tracks = spectral.spectral_tracks(samples, config)
    for name, theirs in librosas(samples, config).items():
        wanted = theirs.mean(axis=1)
        slack = 1e-5 * np.abs(wanted).max() if name == "mfcc" else 1e-9
        np.testing.assert_allclose(tracks[name].mean(axis=0), wanted, rtol=1e-3, atol=slack, err_msg=name)


def test_features_of_ravdess_clips_equal_librosas(ravdess_zip: Path) -> None:
    utterances = ravdess.read(ravdess_zip).utterances
    for utterance in utterances[:: len(utterances) // CLIPS]:
        assert_means_equal(read(utterance.path).samples, PROTOTYPE)


@pytest.mark.parametrize(
    "config",
    [
        FeatureConfig(chroma_power=2),
        FeatureConfig(chroma_bins=24, tuning=0.2),
        FeatureConfig(fft=512, hop=160, mel_bands=64, mfcc_coefficients=13),
        FeatureConfig(fft=1024, hop=400, mel_low=80.0, mel_high=7600.0, mel_bands=80, db_floor=60.0),
        FeatureConfig(rate=22_050, mel_high=11_025.0),
    ],
    ids=lambda config: f"fft{config.fft}-{config.mel_bands}-{config.chroma_bins}-{config.rate}",
)
def test_features_equal_librosas_with_other_parameters(config: FeatureConfig) -> None:
    assert_means_equal(voice(1.7, config.rate), config)


@pytest.mark.parametrize("seconds", [0.02, 0.064, 2.048, 140.0])
def test_features_equal_librosas_at_any_length(seconds: float) -> None:
    assert_means_equal(voice(seconds), PROTOTYPE)


@settings(max_examples=25)
@given(length=st.integers(1, 9_000), seed=st.integers(0, 1000), level=st.sampled_from([1e-6, 1e-3, 0.1, 1.0]))
def test_any_sound_gives_finite_features_with_a_row_a_hop(length: int, seed: int, level: float) -> None:
    samples = (level * np.random.default_rng(seed).uniform(-1, 1, length)).astype(np.float32)
    tracks = spectral.spectral_tracks(samples, PROTOTYPE)
    for name, bands in (("mel", 128), ("chroma", 12), ("mfcc", 40)):
        assert tracks[name].shape == (1 + length // 512, bands)
        assert tracks[name].dtype == np.float32
        assert np.isfinite(tracks[name]).all()


def test_silence_has_no_energy_and_no_pitch_class() -> None:
    tracks = spectral.spectral_tracks(np.zeros(16_000, dtype=np.float32), PROTOTYPE)
    assert not tracks["mel"].any()
    assert not tracks["chroma"].any()
    np.testing.assert_allclose(tracks["mfcc"][:, 0], -100 * np.sqrt(128), rtol=1e-5)


def test_a_long_recording_needs_no_more_memory_but_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = voice(9.0)
    kept = spectral.spectral_tracks(samples, PROTOTYPE)
    monkeypatch.setattr(spectral, "FRAMES_KEPT", 10)
    for name, track in spectral.spectral_tracks(samples, PROTOTYPE).items():
        np.testing.assert_array_equal(track, kept[name])


def test_mfcc_refuses_more_coefficients_than_bands() -> None:
    with pytest.raises(ValueError, match="8 bands give at most 8 coefficients, not 9"):
        spectral.mfcc(np.zeros((1, 8), dtype=np.float32), 9)


def voice(seconds: float, rate: int = 16_000) -> np.ndarray:
    """A gliding buzz in noise: something with pitch, formants and gaps."""
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(150 + 40 * np.sin(2 * np.pi * 0.7 * time)) / rate
    buzz = sum(np.sin(order * phase) / order for order in range(1, 12))
    noise = np.random.default_rng(7).standard_normal(len(time))
    gaps = np.sin(2 * np.pi * 1.3 * time) > -0.6
    return (gaps * (0.1 * buzz + 0.01 * noise)).astype(np.float32)
