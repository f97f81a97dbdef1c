from __future__ import annotations

import io
import os
import struct
import threading
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import scipy.signal
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from speech_emotion.audio.mono import LOUDEST
from speech_emotion.audio.read import blocks, channels, duration, read
from speech_emotion.audio.waveform import Waveform
from speech_emotion.errors import AudioError, SpeechEmotionError, UsageError


def tone(rate: int, seconds: float, hertz: float = 440.0, level: float = 0.5) -> NDArray[np.float32]:
    time = np.arange(round(rate * seconds)) / rate
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def noise(shape: int | tuple[int, ...], seed: int = 0) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal(shape) * 0.1).clip(-1, 1).astype(np.float32)


def encoded(samples: NDArray[np.float32], rate: int, kind: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


def floats(samples: list[float] | NDArray[np.float64]) -> bytes:
    return encoded(np.asarray(samples), 16_000, subtype="DOUBLE")


FORMATS = [
    ("WAV", "PCM_U8", 2**-7),
    ("WAV", "PCM_16", 2**-15),
    ("WAV", "PCM_24", 2**-23),
    ("WAV", "PCM_32", 2**-24),
    ("WAV", "FLOAT", 0),
    ("WAV", "DOUBLE", 0),
    ("WAV", "ULAW", 0.02),
    ("WAVEX", "PCM_16", 2**-15),
    ("RF64", "PCM_16", 2**-15),
    ("W64", "PCM_24", 2**-23),
    ("AIFF", "PCM_S8", 2**-7),
    ("AIFF", "PCM_16", 2**-15),
    ("AU", "FLOAT", 0),
    ("CAF", "PCM_16", 2**-15),
    ("FLAC", "PCM_S8", 2**-7),
    ("FLAC", "PCM_16", 2**-15),
    ("FLAC", "PCM_24", 2**-23),
    ("OGG", "VORBIS", 0.05),
    ("OGG", "OPUS", 0.05),
    ("MP3", "MPEG_LAYER_III", 0.05),
]


@pytest.mark.parametrize(("kind", "subtype", "accuracy"), FORMATS)
def test_what_was_written_is_read(kind: str, subtype: str, accuracy: float) -> None:
    samples = tone(16_000, 1.0)
    waveform = read(encoded(samples, 16_000, kind, subtype))
    assert waveform.rate == 16_000
    assert waveform.samples.dtype == np.float32
    assert len(waveform.samples) == len(samples)
    inner = slice(0, -200 if subtype == "OPUS" else None)  # its encoder fades the end
    np.testing.assert_allclose(waveform.samples[inner], samples[inner], atol=accuracy, rtol=0)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_a_tone_keeps_its_pitch_and_level_at_any_rate(rate: int) -> None:
    waveform = read(encoded(tone(rate, 1.0), rate))
    assert len(waveform.samples) == 16_000
    inner = slice(1_000, -1_000)
    np.testing.assert_allclose(waveform.samples[inner], tone(16_000, 1.0)[inner], atol=1e-3)


def test_resampling_agrees_with_an_ideal_filter() -> None:
    band = scipy.signal.firwin(801, 6_000, fs=48_000)
    original = np.convolve(np.random.default_rng(3).standard_normal(48_000), band, "same").astype(np.float32) * 0.2
    ideal = scipy.signal.resample(original, 16_000)
    waveform = read(encoded(original, 48_000, subtype="FLOAT"))
    np.testing.assert_allclose(waveform.samples[500:-500], ideal[500:-500], atol=2e-4)


def test_what_lies_above_the_new_band_is_gone() -> None:
    waveform = read(encoded(tone(48_000, 1.0, hertz=12_000), 48_000))
    assert np.abs(waveform.samples[1_000:-1_000]).max() < 1e-4


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_channels_are_mixed_by_their_mean(channels: int, kind: str) -> None:
    samples = noise((4_000, channels))
    waveform = read(encoded(samples, 16_000, kind, "PCM_24"))
    np.testing.assert_allclose(waveform.samples, samples.mean(axis=1), atol=2**-22)


def test_a_mono_file_at_the_rate_asked_comes_through_bit_for_bit() -> None:
    whole = np.random.default_rng(1).integers(-32768, 32768, 5_000, dtype=np.int16)
    file = io.BytesIO()
    soundfile.write(file, whole, 16_000, format="WAV")
    np.testing.assert_array_equal(read(file).samples, whole / 32768)


def test_what_is_not_a_number_or_infinite_becomes_silence() -> None:
    samples = read(floats([0.5, np.nan, np.inf, -np.inf, -0.5, 0.25])).samples
    np.testing.assert_array_equal(samples, np.array([0.5, 0, 0, 0, -0.5, 0.25], dtype=np.float32))


PARTS = [
    read,
    channels,
    lambda file: channels(file, most=200_000),
    lambda file: list(blocks(file)),
    lambda file: read(file, end=0.5),
    lambda file: read(file, start=1.0, end=2.0),
    lambda file: read(file, end=12.0),
    lambda file: read(file, rate=8_000, start=1.0, end=2.0),
]


@pytest.mark.parametrize("heard", PARTS)
@pytest.mark.parametrize("shape", [(192_000,), (192_000, 2)])
def test_a_recording_of_which_more_than_half_is_no_numbers_is_refused(heard: Any, shape: tuple[int, ...]) -> None:
    samples = np.full(shape, 0.1)
    for first in range(3):
        samples[first::5] = (np.nan, np.inf, -np.inf)[first]
    with pytest.raises(AudioError, match="more than half of its samples are not-a-number or infinite"):
        heard(floats(samples))


def test_of_a_long_recording_that_is_mostly_no_numbers_not_much_is_handed_out() -> None:
    samples = np.full(3 * 2**20, np.nan)
    with pytest.raises(AudioError, match="more than half"):
        next(blocks(floats(samples), seconds=5))


def test_one_bad_sample_spoils_no_other_channel() -> None:
    samples = read(floats(np.array([[np.nan, 0.5], [0.25, 0.75]]))).samples
    np.testing.assert_array_equal(samples, np.array([0.25, 0.5], dtype=np.float32))


def test_what_lies_beyond_full_scale_is_clipped() -> None:
    np.testing.assert_array_equal(read(floats([3.0, -7.0, 0.5])).samples, np.array([1, -1, 0.5], np.float32))


def test_floats_that_are_integers_are_refused_wherever_they_are() -> None:
    speech = 0.1 * np.sin(np.arange(16_000) / 20)
    late = np.concatenate([np.zeros(2**21), 32768 * speech])
    one = np.stack([speech, 32768 * speech, *[speech] * 6], axis=1)
    for samples in (32768 * speech, late, one):
        for heard in (read, channels):
            with pytest.raises(AudioError, match=r"its floats reach 3276\.8, far beyond \[-1, 1\]; divide them"):
                heard(encoded(samples, 16_000, subtype="FLOAT"))


def test_clicks_are_clipped_and_not_refused_wherever_they_are() -> None:
    clicks = 0.1 * np.sin(np.arange(2**20 + 150) / 20)
    clicks[-40:-30] = clicks[500] = 1e6
    assert read(encoded(clicks, 16_000, subtype="FLOAT")).samples[500] == 1


def test_a_clipped_recording_stays_within_full_scale_when_resampled() -> None:
    square = np.sign(tone(44_100, 0.5)).astype(np.float32)
    samples = read(encoded(square, 44_100, subtype="FLOAT")).samples
    assert np.abs(samples).max() == 1


def test_a_constant_offset_stays() -> None:
    samples = read(encoded(np.full(48_000, 0.25, np.float32), 48_000)).samples
    np.testing.assert_allclose(samples[500:-500], 0.25, atol=1e-4)


def test_silence_is_read_as_silence() -> None:
    assert not read(encoded(np.zeros(44_100, np.float32), 44_100)).samples.any()


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_a_recording_of_20_ms_is_read(rate: int) -> None:
    assert len(read(encoded(noise(rate // 50), rate)).samples) == 320


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "W64"])
def test_of_a_truncated_file_what_is_there_is_read(kind: str) -> None:
    whole = encoded(noise(96_000), 16_000, kind)
    samples = read(whole[: len(whole) // 2]).samples
    assert 25_000 < len(samples) < 66_000
    np.testing.assert_allclose(samples[:20_000], read(whole).samples[:20_000], atol=1e-6)


def test_a_flac_file_of_unknown_length_is_read_to_its_end() -> None:
    whole = bytearray(encoded(noise(96_000), 16_000, "FLAC"))
    whole[21] &= 0xF0
    whole[22:26] = bytes(4)
    assert len(read(bytes(whole)).samples) == 96_000


@pytest.mark.parametrize("kind", ["WAV", "AU", "FLAC", "W64"])
def test_a_header_that_claims_a_huge_length_costs_no_memory(kind: str) -> None:
    whole = bytearray(encoded(noise(16_000), 16_000, kind))
    if kind == "WAV":
        start = whole.find(b"data")
        whole[start + 4 : start + 8] = struct.pack("<I", 0xFFFFFFF0)
    elif kind == "W64":
        start = whole.find(b"data")
        whole[start + 16 : start + 24] = struct.pack("<q", 2**60)
    elif kind == "AU":
        whole[8:12] = b"\xff" * 4
    else:
        whole[21] |= 0x0F
        whole[22:26] = b"\xff" * 4
    tracemalloc.start()
    try:
        samples = read(bytes(whole)).samples
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(samples) == 16_000
    assert peak < 20e6


def test_a_header_with_an_absurd_rate_is_refused() -> None:
    with pytest.raises(AudioError, match=r"says that its rate is 1 Hz"):
        read(encoded(noise(100), 1))


EMPTY = {
    "nothing": b"",
    "header": encoded(np.empty(0, np.float32), 16_000),
    "cut flac": encoded(noise(1_000), 16_000, "FLAC")[:100],
}


@pytest.mark.parametrize("content", EMPTY.values(), ids=EMPTY.keys())
def test_an_empty_file_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.write_bytes(content)
    for attempt in (lambda: read(path), lambda: next(blocks(path))):
        with pytest.raises(AudioError, match=r"empty\.wav: holds no sound"):
            attempt()


def test_an_error_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("not a recording\n" * 100)
    with pytest.raises(AudioError) as error:
        read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["absent.wav", "."])
def test_a_path_that_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(AudioError):
        read(tmp_path / name)


def test_a_file_named_raw_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(1_000))
    with pytest.raises(AudioError):
        read(path)


def test_path_bytes_file_pipe_and_archive_give_the_same(tmp_path: Path) -> None:
    content = encoded(noise(9_000), 22_050, "FLAC")
    path = tmp_path / "a.flac"
    path.write_bytes(content)
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(path, "b/a.flac")
    opened = io.BytesIO(content)
    opened.seek(50)
    out, into = os.pipe()
    with open(out, "rb") as pipe, open(into, "wb") as end:
        writer = threading.Thread(target=lambda: (end.write(content), end.close()))
        writer.start()
        piped = read(pipe)
        writer.join()
    expected = read(path).samples
    for waveform in (read(content), read(opened), piped, read(f"{tmp_path}/z.zip/b/a.flac")):
        np.testing.assert_array_equal(waveform.samples, expected)
    assert not opened.closed


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize(("kind", "seconds"), [("WAV", 0.37), ("FLAC", 30.0), ("MP3", 1.0)])
def test_blocks_joined_are_the_whole(rate: int, kind: str, seconds: float) -> None:
    content = encoded(noise((rate * 3 + 17, 2)), rate, kind)
    parts = list(blocks(content, seconds=seconds))
    whole = read(content).samples
    assert {len(part) for part in parts[:-1]} <= {round(seconds * 16_000)}
    assert len(parts[-1]) <= round(seconds * 16_000)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_decoding_in_pieces_gives_what_one_resampling_of_the_whole_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    samples = noise(100_000)
    content = encoded(samples, 44_100, subtype="FLOAT")
    at_once = librosa.resample(samples, orig_sr=44_100, target_sr=16_000, res_type="soxr_hq")
    for piece in (97, 5_000, 2**20):
        monkeypatch.setattr("speech_emotion.audio.read._PIECE", piece)
        result = read(content).samples
        assert abs(len(result) - len(at_once)) <= 1
        np.testing.assert_allclose(result[: len(at_once)], at_once[: len(result)], atol=1e-6)


@pytest.mark.parametrize(("kind", "rate"), [(k, r) for k in ("WAV", "FLAC", "OGG") for r in (1_000, 44_100, 48_000)])
def test_a_part_is_what_the_whole_has_there(kind: str, rate: int) -> None:
    content = encoded(noise(rate * 4), rate, kind)
    whole = read(content).samples
    for start, end in ((0.0, 1.0), (1.0, 2.5), (3.01, 3.02), (2.9, None), (3.5, 100.0), (None, 0.5)):
        part = read(content, start=start, end=end).samples
        first, last = round((start or 0) * 16_000), round((end or 4) * 16_000)
        np.testing.assert_allclose(part, whole[first:last], atol=1e-6)


def test_a_part_beyond_the_end_is_refused() -> None:
    with pytest.raises(AudioError, match=r"holds no sound from 5\.0 s on"):
        read(encoded(noise(16_000), 16_000), start=5.0, end=6.0)


@pytest.mark.parametrize("part", [(-1.0, 1.0), (2.0, 2.0), (2.0, 1.0), (float("nan"), None)])
def test_a_part_without_length_is_refused(part: tuple[float, float | None]) -> None:
    with pytest.raises(UsageError, match="start < end"):
        read(encoded(noise(16_000), 16_000), start=part[0], end=part[1])


@pytest.mark.parametrize("rate", [0, -16_000, 10**7])
def test_a_rate_out_of_range_is_refused(rate: int) -> None:
    with pytest.raises(UsageError, match=f"{rate} Hz"):
        read(encoded(noise(100), 16_000), rate=rate)


def test_the_duration_is_that_of_what_can_be_read() -> None:
    whole = encoded(noise(24_000), 8_000)
    assert duration(whole) == 3.0
    assert duration(whole[: 44 + 16_000]) == 1.0
    assert duration(encoded(noise(0), 8_000)) == 0


def test_three_hours_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 8_000, 1) as file:
        for _ in range(180):
            file.write(np.zeros(8_000 * 60, np.int16))
    tracemalloc.start()
    try:
        total = sum(len(block) for block in blocks(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 3 * 3600 * 16_000
    assert peak < 40e6


def test_reading_a_whole_long_file_holds_only_the_result(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros((48_000 * 60, 4), np.int16), 48_000)
    tracemalloc.start()
    try:
        result = read(path).samples
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(result) == 16_000 * 60
    assert peak < 2.5 * result.nbytes + 16e6  # as float32 the source would be 46 MB


@settings(max_examples=150)
@given(
    rate=st.integers(8_000, 192_000),
    target=st.sampled_from([8_000, 16_000, 22_050]),
    channels=st.integers(1, 8),
    frames=st.integers(30, 5_000),
    subtype=st.sampled_from(["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]),
    level=st.sampled_from([0.0, 1e-30, 0.1, 1.0, 50.0, 1e30]),
    odd=st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=3),
    seed=st.integers(0, 99),
)
def test_sound_of_any_shape_becomes_finite_mono_within_range(
    *,
    rate: int,
    target: int,
    channels: int,
    frames: int,
    subtype: str,
    level: float,
    odd: list[float],
    seed: int,
) -> None:
    samples = np.random.default_rng(seed).standard_normal((frames, channels)) * level
    samples.flat[: len(odd)] = odd[: samples.size]
    if not subtype.startswith(("FLOAT", "DOUBLE")):
        samples = np.nan_to_num(samples)
    content = encoded(samples, rate, subtype=subtype)
    far = np.count_nonzero(np.abs(np.nan_to_num(samples, nan=0, posinf=0, neginf=0)) > LOUDEST, axis=0).max()
    if subtype in ("FLOAT", "DOUBLE") and far > 100:
        with pytest.raises(AudioError, match="far beyond"):
            read(content, rate=target)
        return
    waveform = read(content, rate=target)
    assert waveform.samples.dtype == np.float32
    assert waveform.samples.ndim == 1
    assert np.isfinite(waveform.samples).all()
    assert np.abs(waveform.samples).max(initial=0) <= 1
    assert abs(len(waveform.samples) - frames * target / rate) <= 1


@settings(max_examples=150)
@example(kind="CAF", cut=1.0, changes=[(0.00415, 1)])  # a codec that FFmpeg has no decoder for
@given(
    kind=st.sampled_from(["WAV", "FLAC", "OGG", "MP3", "AIFF", "CAF"]),
    cut=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=8),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    kind: str, cut: float, changes: list[tuple[float, int]]
) -> None:
    content = bytearray(CONTENTS[kind])
    for place, value in changes:
        content[int(place * len(content))] = value
    try:
        samples = read(bytes(content[: int(cut * len(content))])).samples
    except SpeechEmotionError:
        return
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1


CONTENTS = {kind: encoded(noise(4_000), 16_000, kind) for kind in ["WAV", "FLAC", "OGG", "MP3", "AIFF", "CAF"]}


def test_recordings_of_ravdess_equal_what_librosa_loads(ravdess_zip: Path) -> None:
    with zipfile.ZipFile(ravdess_zip) as archive:
        for name in [name for name in sorted(archive.namelist()) if name.endswith(".wav")][::60]:
            ours = read(f"{ravdess_zip}/{name}").samples
            theirs, _ = librosa.load(io.BytesIO(archive.read(name)), sr=16_000, res_type="soxr_hq")
            assert abs(len(ours) - len(theirs)) <= 1
            length = min(len(ours), len(theirs))
            np.testing.assert_allclose(ours[:length], theirs[:length], atol=1e-6)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_sound_in_memory_is_read_as_the_file_of_it(rate: int) -> None:
    samples = (0.1 * np.random.default_rng(0).standard_normal(2 * rate)).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="FLOAT")
    kept = samples.copy()
    np.testing.assert_array_equal(read(Waveform(samples, rate)).samples, read(file.getvalue()).samples)
    np.testing.assert_array_equal(samples, kept)
    with pytest.raises(AudioError, match="the sound given: holds no sound"):
        read(Waveform(samples[:0], rate))


class Broken(io.BytesIO):
    """A file on a disk that reads no further than some place."""

    def __init__(self, content: bytes, end: int, seekable: bool) -> None:
        super().__init__(content)
        self.last, self.can_seek = end, seekable

    def seekable(self) -> bool:
        return self.can_seek

    def read(self, size: int | None = -1, /) -> bytes:
        self._check(size or -1)
        return super().read(size)

    def readinto(self, buffer: object, /) -> int:
        self._check(len(memoryview(buffer)))  # type: ignore[arg-type]
        return super().readinto(buffer)  # type: ignore[arg-type]

    def _check(self, size: int) -> None:
        if size < 0 or self.tell() + size > self.last:
            raise OSError(5, "Input/output error")


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG"])
@pytest.mark.parametrize("end", [0, 30_000])
@pytest.mark.parametrize("seekable", [True, False])
def test_what_the_disk_cannot_read_is_this_recordings_error(
    format_: str, end: int, seekable: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(400_000), 16_000, format=format_)
    with pytest.raises(AudioError, match="cannot be read: input/output error"):
        read(Broken(file.getvalue(), end, seekable))
    assert capfd.readouterr() == ("", "")
