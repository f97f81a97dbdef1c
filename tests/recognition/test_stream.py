"""A sound that goes on: the windows of a file, and what a stream adds to them."""

from __future__ import annotations

import dataclasses
import io
import json
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from speech_emotion.audio.read import read
from speech_emotion.errors import AudioError, UsageError
from speech_emotion.models.model import Model
from speech_emotion.recognition.recognizer import recognize_segments
from speech_emotion.recognition.stream import Moment, Stream


def noise(seconds: float, rate: int = 16_000, channels: int = 1, seed: int = 0) -> NDArray[np.int16]:
    """Noise whose level and colour change, so that windows differ."""
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal((round(seconds * rate), channels))
    swell = np.sin(np.linspace(0, 9, len(sound)))[:, None]
    return (4000 * sound * swell).astype(np.int16)


def speech(ravdess_zip: Path, emotion: str = "05", actor: str = "02") -> NDArray[np.float32]:
    return read(f"{ravdess_zip}/Actor_{actor}/03-01-{emotion}-01-01-01-{actor}.wav").samples


def as_file(sound: NDArray[np.int16], rate: int, kind: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, kind, format="WAV")
    return file.getvalue()


def heard(stream: Stream, sound: NDArray[np.int16], cuts: list[int] | None = None) -> list[Moment]:
    pieces = np.split(sound, sorted(cuts or []))
    return [moment for piece in pieces for moment in stream.feed(piece)] + stream.end()


@settings(max_examples=25)
@given(
    rate=st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]),
    channels=st.integers(1, 3),
    seconds=st.floats(0.02, 6.5),
    hop=st.sampled_from([0.5, 0.37, 1.0]),
    data=st.data(),
)
def test_chunks_of_any_size_and_rate_give_the_segments_of_the_file(
    rate: int, channels: int, seconds: float, hop: float, data: st.DataObject, quick: Model
) -> None:
    sound = noise(seconds, rate, channels)
    cuts = data.draw(st.lists(st.integers(0, len(sound)), max_size=30))
    moments = heard(Stream(quick, rate, channels=channels, window=2.0, hop=hop), sound, cuts)
    segments = list(recognize_segments(as_file(sound, rate), quick, window=2.0, hop=hop))
    assert [(moment.start, moment.end) for moment in moments] == [(part.start, part.end) for part in segments]
    for moment, part in zip(moments, segments, strict=True):
        assert dict(moment.raw.scores) == pytest.approx(dict(part.scores), abs=1e-6)
        assert moment.raw.emotion == part.emotion


@pytest.mark.parametrize("size", [160, 1_023, 48_000, 10**9])
def test_speech_in_chunks_gives_the_segments_of_the_built_in_model(size: int, ravdess_zip: Path) -> None:
    clip = f"{ravdess_zip}/Actor_02/03-01-05-02-01-01-02.wav"
    with soundfile.SoundFile(io.BytesIO(_bytes(clip))) as file:
        sound, rate = file.read(dtype="int16"), file.samplerate
    moments = heard(Stream(rate=rate), sound, list(range(size, len(sound), size)))
    segments = list(recognize_segments(clip, hop=0.5))
    assert len(moments) == len(segments) > 1
    for moment, part in zip(moments, segments, strict=True):
        assert dict(moment.raw.scores) == pytest.approx(dict(part.scores), abs=1e-6)
        assert moment.spoken
        assert moment.prediction == moment.raw


def _bytes(path: str) -> bytes:
    from speech_emotion.corpora.paths import open_binary

    with open_binary(path) as file:
        return file.read()


def test_what_is_found_does_not_depend_on_the_chunks(quick: Model, ravdess_zip: Path) -> None:
    sound = np.concatenate([speech(ravdess_zip), np.zeros(40_000, np.float32), speech(ravdess_zip, "04")])

    def moments(size: int) -> list[Moment]:
        stream = Stream(quick, smooth=1.0, adaptation=quick.adaptation())
        return heard(stream, sound, list(range(size, len(sound), size)))

    assert moments(100) == moments(7_777) == moments(len(sound))


@pytest.mark.parametrize(
    ("encoding", "dtype"), [("int16", "<i2"), ("float32", "<f4")], ids=["16-bit integers", "32-bit floats"]
)
def test_bytes_are_the_same_as_arrays(encoding: str, dtype: str, quick: Model) -> None:
    sound = noise(4, channels=2)
    values = sound if encoding == "int16" else (sound / 32768).astype(dtype)
    stream = Stream(quick, channels=2, encoding=encoding)
    assert stream.feed(values.astype(dtype).tobytes()) == Stream(quick, channels=2).feed(sound)


def test_a_buffer_may_be_used_again_after_it_was_heard(quick: Model) -> None:
    sound = (noise(3) / 32768).astype(np.float32)
    buffer = np.empty((8_000, 1), dtype=np.float32)
    stream, found = Stream(quick), []
    for first in range(0, len(sound), 8_000):
        buffer[:] = sound[first : first + 8_000]
        found += stream.feed(buffer)
    assert found == Stream(quick).feed(sound)


@pytest.mark.parametrize("kind", ["silence", "hiss", "hum", "chords"])
def test_what_is_no_speech_is_told_so_and_its_scores_are_there(kind: str) -> None:
    time = np.arange(5 * 16_000) / 16_000
    tones = [220, 277, 330] if kind == "chords" else [50, 150]
    harmonics = sum(np.sin(2 * np.pi * tone * part * time) / part for tone in tones for part in range(1, 7))
    fade = np.exp(-3 * (time % 0.5)) if kind == "chords" else 1
    sounds = {"silence": 0 * time, "hiss": np.random.default_rng(0).normal(size=len(time))}
    moments = heard(Stream(), (3000 * sounds.get(kind, harmonics * fade / 3)).astype(np.int16))
    assert [moment.label for moment in moments] == ["no speech"] * 5
    for moment in moments:
        assert not moment.spoken
        assert moment.emotion is None
        assert sum(score for _, score in moment.scores) == pytest.approx(1)


def test_seconds_of_speech_are_those_of_the_last_window(ravdess_zip: Path, quick: Model) -> None:
    voice = speech(ravdess_zip)
    moments = heard(Stream(quick), np.concatenate([np.zeros(48_000, np.float32), voice, np.zeros(64_000, np.float32)]))
    assert moments[0].speech == 0
    assert moments[0].level == -120
    assert max(moment.speech for moment in moments) > 1
    assert moments[-1].speech == 0
    assert all(0 <= moment.speech <= 3 for moment in moments)
    assert sum(moment.new_speech for moment in moments) == pytest.approx(max(moment.speech for moment in moments))


def test_the_level_is_that_of_the_newest_hop(quick: Model) -> None:
    sound = np.full(56_000, 0.1, np.float32)
    sound[-8_000:] = 0.01
    assert [moment.level for moment in heard(Stream(quick), sound)] == pytest.approx([-20, -40])


def test_a_model_that_is_not_sure_of_speech_says_so(ravdess_zip: Path, quick: Model) -> None:
    doubtful = dataclasses.replace(quick, sure_above=0.999)
    labels = {moment.label for moment in heard(Stream(doubtful), np.tile(speech(ravdess_zip), 2))}
    assert labels == {"not sure"}


def test_smoothing_moves_answers_by_its_time_constant_and_leaves_raw_scores(ravdess_zip: Path, quick: Model) -> None:
    sound = np.tile(speech(ravdess_zip), 2)
    rough, smooth = heard(Stream(quick), sound), heard(Stream(quick, smooth=2.0), sound)
    assert [moment.raw for moment in rough] == [moment.raw for moment in smooth]
    assert all(moment.spoken for moment in rough)

    def odds(moment: Moment) -> float:
        scores = dict(moment.scores)
        return float(np.log(scores["calm"] / scores["sad"]))

    state = odds(rough[0])
    for (before, now), steady in zip(pairwise(rough), smooth[1:], strict=True):
        state += (1 - np.exp(-(now.end - before.end) / 2.0)) * (odds(now) - state)
        assert odds(steady) == pytest.approx(state)


def test_a_session_hears_windows_that_do_not_overlap_each_once(ravdess_zip: Path, quick: Model) -> None:
    sound = np.tile(speech(ravdess_zip), 4)[: 13 * 16_000]
    session = quick.adaptation()
    moments = heard(Stream(quick, adaptation=session), sound)
    apart = [moment for moment in moments if moment.start in (0, 3, 6)]
    assert session.session.count == len(apart) == 3
    expected = quick.adaptation()
    expected.hear([[dict(moment.raw.scores)[name] for name in quick.emotions] for moment in apart])
    np.testing.assert_allclose(session.session.logarithms, expected.session.logarithms)
    assert moments[0].prediction == moments[0].raw
    session.hear([[0.9, 0.05, 0.05], [0.01, 0.98, 0.01], [0.2, 0.05, 0.75]] * 5)
    again = heard(Stream(quick, adaptation=session), sound)
    assert again[0].raw == moments[0].raw
    assert again[0].prediction != again[0].raw


def test_over_a_gap_no_window_reaches_and_time_goes_on(quick: Model) -> None:
    stream = Stream(quick, window=2.0)
    before = [*stream.feed(noise(2.3)), *stream.interrupt(pause=10.0)]
    after = heard(stream, noise(2.3, seed=1))
    assert [(moment.start, moment.end) for moment in before] == [(0, 2), (pytest.approx(0.3), 2.3)]
    assert [(moment.start, moment.end) for moment in after] == [
        (pytest.approx(12.3), pytest.approx(14.3)),
        (pytest.approx(12.6), pytest.approx(14.6)),
    ]
    alone = heard(Stream(quick, window=2.0), noise(2.3, seed=1))
    assert [moment.raw.scores for moment in after] == [moment.raw.scores for moment in alone]
    assert stream.seconds == pytest.approx(14.6)


def test_memory_does_not_grow_with_time(quick: Model) -> None:
    stream = Stream(quick, 48_000, smooth=1.0, adaptation=quick.adaptation())
    second = noise(1, 48_000)
    sizes = []
    for _ in range(3):
        for _ in range(40):
            stream.feed(second)
        if not sizes:
            tracemalloc.start()
        sizes.append(tracemalloc.get_traced_memory()[0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sizes[2] - sizes[1] < 50_000
    assert peak < 5e6


def test_a_moment_as_json_has_all_that_there_is(quick: Model) -> None:
    [moment] = Stream(quick).feed(noise(3))
    values = json.loads(json.dumps(moment.as_dict()))
    answer = ["start", "end", "emotion", "confidence", "scores"]
    assert list(values) == [*answer, "spoken", "speech", "new_speech", "level", "settled", "changed", "raw"]
    assert (values["start"], values["end"], values["emotion"], values["spoken"]) == (0, 3, None, False)
    assert values["scores"] == values["raw"]
    assert set(values["scores"][0]) == {"label", "score"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rate": 0}, "a rate of 0 Hz is out of range"),
        ({"rate": 48}, "valid: 1000 to 768000 Hz"),
        ({"channels": 0}, "0 channels"),
        ({"encoding": "int61"}, "did you mean 'int16'"),
        ({"hop": 4.0}, "hop <= window"),
        ({"smooth": -1.0}, "smoothing over -1.0 s"),
        ({"smooth": float("nan")}, "smoothing over nan s"),
    ],
)
def test_a_stream_that_cannot_be_is_refused(options: dict[str, float], says: str, quick: Model) -> None:
    with pytest.raises(UsageError, match=says):
        Stream(quick, **options)


@pytest.mark.parametrize(
    ("chunk", "error", "says"),
    [
        (b"abc", UsageError, "3 bytes are no whole number of samples; valid for int16, 1 channel: multiples of 2"),
        (np.array([0, np.nan], np.float32), AudioError, "not a number"),
        (np.array([0, -np.inf]), AudioError, "not a number, or infinite"),
        (np.array([0.0, 12_000.0]), AudioError, "far beyond"),
        (np.zeros((5, 2), np.int16), UsageError, r"shape \(5, 2\); valid for 1 channel: \(n, 1\)"),
        (np.zeros(5, np.int64), UsageError, "a chunk of int64 is not sound"),
        ([0.0, 0.1], UsageError, "a chunk of list is not sound"),
    ],
)
def test_a_chunk_that_is_no_sound_is_refused_and_nothing_of_it_heard(
    chunk: object, error: type[Exception], says: str, quick: Model
) -> None:
    stream = Stream(quick)
    stream.feed(noise(1))
    with pytest.raises(error, match=says):
        stream.feed(chunk)
    assert stream.seconds == 1
    assert [moment.end for moment in stream.feed(noise(2))] == [3]


def test_after_the_end_nothing_is_heard(quick: Model) -> None:
    stream = Stream(quick)
    assert stream.feed(b"") == []
    assert stream.end() == []
    with pytest.raises(UsageError, match="has ended"):
        stream.feed(noise(1))


@pytest.mark.parametrize("pause", [-5.0, float("nan"), float("inf")])
def test_a_pause_that_cannot_be_is_refused(pause: float) -> None:
    with pytest.raises(UsageError, match="valid: 0 or more"):
        Stream().interrupt(pause)
