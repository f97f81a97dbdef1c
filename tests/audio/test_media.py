from __future__ import annotations

import io
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from speech_emotion.audio.read import blocks, read
from speech_emotion.errors import AudioError, MissingExtraError


def tone(rate: int, seconds: float = 1.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def encoded(
    container: str,
    codec: str,
    rate: int,
    layout: str = "mono",
    format: str = "fltp",
    *,
    seconds: float = 1.0,
) -> bytes:
    channels = 2 if layout == "stereo" else 1
    samples = np.stack([tone(rate, seconds)] * channels)
    if not format.startswith("flt"):
        top = {"s16": 2**15, "s32": 2**31, "u8": 2**7}[format[:3].rstrip("p")]
        kind = {"s16": np.int16, "s32": np.int32, "u8": np.uint8}[format[:3].rstrip("p")]
        samples = (np.round(samples.astype(np.float64) * top) + (top if format.startswith("u") else 0)).astype(kind)
    if not format.endswith("p"):
        samples = samples.T.reshape(1, -1)
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        for start in range(0, samples.shape[1], 800 * (1 if format.endswith("p") else channels)):
            width = 800 * (1 if format.endswith("p") else channels)
            part = np.ascontiguousarray(samples[:, start : start + width])
            frame = av.AudioFrame.from_ndarray(part, format=format, layout=layout)
            frame.sample_rate = rate
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "rate", "layout"),
    [
        ("mp4", "aac", 48_000, "stereo"),
        ("ipod", "aac", 44_100, "mono"),
        ("webm", "libopus", 48_000, "stereo"),
    ],
)
def test_formats_beyond_libsndfile_are_read(container: str, codec: str, rate: int, layout: str) -> None:
    content = encoded(container, codec, rate, layout)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.SoundFile(io.BytesIO(content))
    samples = read(content).samples
    assert len(samples) == pytest.approx(16_000, abs=1_100)
    window = np.hanning(12_000)
    loudness = np.abs(np.fft.rfft(samples[2_000:14_000] * window))
    assert np.argmax(loudness) * 16_000 / 12_000 == pytest.approx(440, abs=2)
    assert 2 * loudness.max() / window.sum() == pytest.approx(0.5, abs=0.03)  # of the tone: a lossy codec adds peaks


@pytest.mark.parametrize(
    ("codec", "format", "accuracy"),
    [
        ("pcm_u8", "u8", 2**-7),
        ("pcm_s16le", "s16", 2**-15),
        ("pcm_s32le", "s32", 1e-7),
        ("pcm_f32le", "flt", 0),
    ],
)
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_samples_of_every_width_keep_their_scale(codec: str, format: str, accuracy: float, layout: str) -> None:
    samples = read(encoded("matroska", codec, 16_000, layout, format)).samples
    np.testing.assert_allclose(samples, tone(16_000), atol=accuracy)


def test_blocks_and_parts_work_there_too(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    path.write_bytes(encoded("webm", "libopus", 48_000, seconds=4.0))
    whole = read(path).samples
    np.testing.assert_array_equal(np.concatenate(list(blocks(path, seconds=0.5))), whole)
    np.testing.assert_allclose(read(path, start=2.0, end=3.0).samples, whole[32_000:48_000], atol=1e-6)


def test_of_a_truncated_file_what_is_there_is_read() -> None:
    content = encoded("webm", "libopus", 48_000, seconds=4.0)
    samples = read(content[: len(content) // 2]).samples
    assert 20_000 < len(samples) < 44_000


def test_damaged_packets_are_left_out() -> None:
    content = bytearray(encoded("adts", "aac", 16_000, seconds=4.0))
    content[len(content) // 2 : len(content) // 2 + 500] = bytes(500)
    assert len(read(bytes(content)).samples) > 48_000


def test_a_film_without_sound_is_refused() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(AudioError, match="no audio track"):
        read(file)


def test_a_playlist_leads_to_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    soundfile.write(secret, tone(16_000), 16_000)
    for text in (
        f"ffconcat version 1.0\nfile {secret.name}\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
    ):
        for suffix in ("m3u8", "ffconcat", "wav"):
            path = tmp_path / f"list.{suffix}"
            path.write_text(text)
            with pytest.raises(AudioError, match="neither libsndfile nor FFmpeg"):
                read(path)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded("mp4", "aac", 48_000)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r'pip install "speech-emotion\[media\]"'):
        read(content)
