"""What codecs do to a recording: they make it worse, not late, and not longer."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from speech_emotion.audio.codecs import CODECS, Codec, aligned, coded
from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import RATE, Waveform
from speech_emotion.errors import AudioError, MissingExtraError, UsageError


def voice(seconds: float = 1.5, rate: int = RATE) -> Waveform:
    """A buzz whose pitch glides, through two resonances, in syllables: no two parts of it are alike."""
    time = np.arange(round(seconds * rate)) / rate
    buzz = signal.sawtooth(2 * np.pi * (110 * time + 15 * time**2))
    for hertz, width in ((600, 80), (1700, 120)):
        pole = np.exp(-np.pi * width / rate) * np.exp(2j * np.pi * hertz / rate)
        buzz = signal.lfilter([1], np.poly([pole, pole.conj()]).real, buzz)
    buzz *= np.clip(np.sin(2 * np.pi * 3 * time) + 0.5, 0, None)
    return Waveform((0.5 * buzz / np.abs(buzz).max()).astype(np.float32), rate)


def delay(changed: Waveform, clean: Waveform) -> int:
    likeness = signal.correlate(changed.samples, clean.samples, method="fft")
    return int(signal.correlation_lags(len(changed.samples), len(clean.samples))[likeness.argmax()])


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_coded_recording_is_like_the_original_neither_late_nor_longer(codec: str, rate: int) -> None:
    clean = voice(rate=rate)
    changed = coded(clean, codec)
    assert len(changed.samples) == len(clean.samples)
    assert changed.rate == rate
    assert abs(delay(changed, clean)) <= rate / 8000
    likeness = np.corrcoef(changed.samples, clean.samples)[0, 1]
    assert 0.9 < likeness < 0.9999
    assert np.abs(changed.samples).max() <= 1


@pytest.mark.parametrize("codec", CODECS)
def test_the_same_recording_is_coded_to_the_same_samples(codec: str) -> None:
    assert (coded(voice(), codec).samples == coded(voice(), codec).samples).all()


def test_gsm_carries_nothing_above_4_kilohertz() -> None:
    hiss = Waveform(np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32))
    frequency, density = signal.welch(coded(hiss, "gsm").samples, RATE, nperseg=1024)
    inside, outside = (
        density[(frequency > low) & (frequency < high)].mean() for low, high in ((500, 3500), (4200, 8000))
    )
    assert 10 * np.log10(inside / outside) > 40


def test_real_speech_is_worse_the_fewer_bits_are_left(ravdess_zip: Path) -> None:
    clean = read(f"{ravdess_zip}/Actor_05/03-01-05-01-01-01-05.wav")
    likeness = {name: np.corrcoef(coded(clean, name).samples, clean.samples)[0, 1] for name in CODECS}
    assert 0.98 < likeness["mp3"] < 1
    assert 0.85 < likeness["gsm"] < likeness["opus"] < likeness["mp3"]


def test_without_pyav_the_extra_is_named_and_gsm_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    for codec in ("mp3", "opus"):
        with pytest.raises(MissingExtraError, match=r"kbit/s needs more libraries: .*speech-emotion\[media\]"):
            coded(voice(), codec)
    assert coded(voice(), "gsm").samples.any()


def test_an_encoder_that_is_not_there_is_an_error_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for container, encoder in (("mp3", "libnothing"), ("", "NOTHING")):
        monkeypatch.setitem(CODECS, "other", Codec("another codec", RATE, 32_000, container, encoder))
        with pytest.raises(AudioError, match=r"cannot encode another codec") as error:
            coded(voice(), "other")
        assert "\n" not in str(error.value)


def test_an_unknown_codec_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown codec 'mp4'"):
        coded(voice(), "mp4")


@settings(max_examples=30)
@given(st.integers(-40, 40), st.integers(100, 400), st.integers(0, 9))
def test_a_shift_is_found_and_taken_back(shift: int, length: int, seed: int) -> None:
    original = np.random.default_rng(seed).normal(size=length).astype(np.float32)
    late = np.concatenate([np.zeros(shift, dtype=np.float32), original]) if shift >= 0 else original[-shift:]
    found = aligned(late, original, most=40)
    kept = slice(max(0, -shift), None)
    assert (found[kept] == original[kept]).all()
    assert not found[: max(0, -shift)].any()


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("count", [1, 2, 100, 321])
def test_the_shortest_recordings_keep_their_length(codec: str, count: int) -> None:
    changed = coded(Waveform(np.full(count, 0.1, dtype=np.float32)), codec)
    assert len(changed.samples) == count
    assert np.isfinite(changed.samples).all()
