from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.audio.fingerprint import fingerprint
from speech_emotion.audio.read import channels
from speech_emotion.audio.soundness import Soundness, examine, mixed
from speech_emotion.audio.waveform import Waveform

RATE = 16_000


def hum(amplitude: float = 0.5, seconds: float = 1.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * 150 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def of(samples: np.ndarray, rate: int = RATE) -> Soundness:
    return examine(samples.reshape(len(samples), -1).astype(np.float32), rate)


def test_silence_at_the_ends_is_measured() -> None:
    found = of(np.concatenate([np.zeros(RATE // 4), hum(), np.zeros(RATE // 2)]))
    assert found.seconds == 1.75
    assert found.leading == pytest.approx(0.25, abs=0.011)
    assert found.trailing == pytest.approx(0.5, abs=0.011)
    # a sine of amplitude 0.5: its peak is at 20 log10 0.5, its root mean square 3 dB lower
    assert found.peak == pytest.approx(-6.02, abs=0.01)
    assert found.level == pytest.approx(-9.03, abs=0.1)
    assert not found.silent


@pytest.mark.parametrize(("amplitude", "silent"), [(0.0, True), (1e-4, True), (1e-3, False)])
def test_what_nobody_hears_is_silent(amplitude: float, silent: bool) -> None:
    assert of(hum(amplitude)).silent is silent


def test_a_constant_offset_is_silent() -> None:
    assert of(np.full(RATE, 0.2)).silent


def test_nothing_has_no_length() -> None:
    assert examine(np.zeros((0, 1), dtype=np.float32), RATE).seconds == 0


@pytest.mark.parametrize(("gain", "clipped"), [(0.9, False), (1.0, False), (1.5, True), (4.0, True)])
def test_a_wave_that_is_cut_off_is_clipped(gain: float, clipped: bool) -> None:
    cut = np.clip(hum(gain), -1, 1)
    assert of(np.rint(cut * 32_767) / 32_768).is_clipped is clipped
    assert of(cut * 0.5).is_clipped is clipped, "made softer afterwards, it is as spoilt"


def test_one_clipped_channel_is_enough() -> None:
    assert of(np.stack([hum(0.3), np.clip(hum(2.0), -1, 1)], axis=1)).is_clipped


def test_equal_samples_have_one_digest_in_any_format(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = rng.integers(-8000, 8000, size=4000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    soundfile.write(tmp_path / "b.flac", samples, RATE)
    soundfile.write(tmp_path / "c.wav", np.stack([samples, samples], axis=1), RATE)
    soundfile.write(tmp_path / "d.aiff", samples, RATE, subtype="PCM_24")
    digests = {examine(*channels(path)).digest for path in sorted(tmp_path.iterdir())}
    assert len(digests) == 1
    samples[17] += 1
    soundfile.write(tmp_path / "e.wav", samples, RATE)
    soundfile.write(tmp_path / "f.wav", samples, 2 * RATE)
    assert len({examine(*channels(path)).digest for path in sorted(tmp_path.iterdir())}) == 3


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_U8", 8), ("PCM_16", 16), ("PCM_24", 24), ("FLOAT", 32)])
def test_bits_are_those_that_the_samples_need(subtype: str, bits: int, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", hum(0.3), RATE, subtype=subtype)
    assert examine(*channels(tmp_path / "a.wav")).bits == bits


def test_channels_are_read_as_they_are_stored(tmp_path: Path) -> None:
    stored = np.stack([hum(0.2), hum(0.4)], axis=1)
    soundfile.write(tmp_path / "a.wav", stored, RATE, subtype="FLOAT")
    samples, rate = channels(tmp_path / "a.wav")
    assert rate == RATE
    np.testing.assert_array_equal(samples, stored)
    part, _ = channels(tmp_path / "a.wav", 0.25, 0.5)
    np.testing.assert_array_equal(part, stored[RATE // 4 : RATE // 2])
    assert examine(samples, rate).channels == 2


def test_a_sample_that_is_no_number_counts_as_zero() -> None:
    samples = hum(0.3)
    samples[:100] = np.nan
    samples[100] = np.inf
    assert np.isfinite(of(samples).level)
    assert of(samples).invalid == 101
    assert of(hum(0.3)).invalid == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("channels_", [1, 2])
def test_samples_beyond_all_range_are_measured_without_a_warning(channels_: int) -> None:
    samples = np.full((RATE, channels_), 3e38, dtype=np.float32)
    samples[::7] = -3e38
    assert of(samples).invalid == samples.size
    assert np.isfinite(mixed(samples)).all()
    assert np.isfinite(fingerprint(Waveform(mixed(samples), RATE)).changes).all()
