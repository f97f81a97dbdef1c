"""Recordings to predictions: whole, window by window, many at once."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import soundfile
import soxr

from speech_emotion.audio.read import read
from speech_emotion.audio.vad import SpeechSought
from speech_emotion.audio.waveform import Waveform
from speech_emotion.errors import AudioError, UsageError
from speech_emotion.features.measure import measure
from speech_emotion.models import bundle
from speech_emotion.recognition.recognizer import (
    builtin,
    recognize,
    recognize_files,
    recognize_segments,
    recordings,
)
from speech_emotion.recognition.stream import Stream


def write_sound(path: Path, seconds: float, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    soundfile.write(path, 0.1 * rng.standard_normal(round(seconds * 16_000)), 16_000)
    return path


def write_silence(path: Path, seconds: float) -> Path:
    soundfile.write(path, np.zeros(round(seconds * 16_000)), 16_000)
    return path


def test_a_model_may_be_named_where_one_is_asked_for(tmp_path: Path, voice: Any) -> None:
    sound = tmp_path / "a.wav"
    soundfile.write(sound, voice(2.5), 16_000)
    expected = recognize(sound, bundle.load("classic"))
    assert expected == recognize(sound, "classic") != recognize(sound)
    path = bundle.locate("classic")
    assert [one.prediction for one in recognize_files([str(sound)], path)] == [expected]
    assert Stream("classic").model.name == "classic"
    with pytest.raises(UsageError, match="nobody"):
        recognize(sound, "nobody")
    with pytest.raises(UsageError, match="a model is what load gives"):
        recognize(sound, 3)  # type: ignore[arg-type]
    for many in (recognize_segments, recognize_files):  # refused when called, not with the first answer
        with pytest.raises(UsageError, match="nobody"):
            many([str(sound)], "nobody")  # type: ignore[operator]


def test_scores_sum_to_one_highest_first(tmp_path: Path, voice: Any) -> None:
    soundfile.write(tmp_path / "a.wav", voice(2.5), 16_000)
    prediction = recognize(tmp_path / "a.wav", bundle.load("classic"))
    scores = [score for _, score in prediction.scores]
    assert sum(scores) == pytest.approx(1)
    assert scores == sorted(scores, reverse=True)
    assert prediction.emotion == prediction.scores[0][0]
    assert prediction.confidence == scores[0]
    assert (prediction.start, prediction.end) == (0, 2.5)
    assert {label for label, _ in prediction.scores} == set(builtin().emotions)
    assert prediction.spoken


@pytest.mark.parametrize("seconds", [0.01, 2.5, 33.0])
def test_where_nobody_speaks_no_emotion_is_named(seconds: float, tmp_path: Path) -> None:
    for sound in (write_sound(tmp_path / "noise.wav", seconds), write_silence(tmp_path / "silence.wav", seconds)):
        for part in (recognize(sound), *recognize_segments(sound)):
            assert (part.emotion, part.spoken, part.label) == (None, False, "no speech")
            assert sum(score for _, score in part.scores) == pytest.approx(1)


def test_a_word_at_the_end_of_a_long_silence_is_heard(tmp_path: Path, voice: Any) -> None:
    silence = np.zeros(40 * 16_000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", np.concatenate([silence, voice(1)]), 16_000)
    assert recognize(tmp_path / "a.wav").spoken
    parts = [part.spoken for part in recognize_segments(tmp_path / "a.wav")]
    assert parts == [False] * (len(parts) - 1) + [True]


def test_a_clip_shorter_than_a_window_is_as_spoken_as_its_only_segment(tmp_path: Path, voice: Any) -> None:
    soundfile.write(tmp_path / "a.wav", voice(1)[8_000:11_200], 16_000)  # 0.2 s, all of it speech
    (part,) = recognize_segments(tmp_path / "a.wav")
    assert (part.spoken, recognize(tmp_path / "a.wav").spoken) == (True, True)


def test_what_is_silent_of_a_long_recording_has_no_say(tmp_path: Path, voice: Any) -> None:
    silence = np.zeros(40 * 16_000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", np.concatenate([silence, voice(6)]), 16_000)
    spoken = [dict(part.scores) for part in recognize_segments(tmp_path / "a.wav") if part.spoken]
    assert 1 < len(spoken) < 10
    mean = {emotion: np.mean([scores[emotion] for scores in spoken]) for emotion in builtin().emotions}
    assert dict(recognize(tmp_path / "a.wav").scores) == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize(("gap", "windows"), [(1, False), (8, True)])
def test_a_long_pause_has_no_say(gap: int, windows: bool, tmp_path: Path, voice: Any) -> None:
    silence = np.zeros(gap * 16_000, dtype=np.float32)
    sound = np.concatenate([voice(3), silence, voice(3, 1), silence])  # silence at the end is no pause
    soundfile.write(tmp_path / "a.wav", sound, 16_000)
    heard = dict(recognize(tmp_path / "a.wav").scores)
    spoken = [dict(part.scores) for part in recognize_segments(tmp_path / "a.wav") if part.spoken]
    mean = {emotion: np.mean([scores[emotion] for scores in spoken]) for emotion in builtin().emotions}
    assert (heard == pytest.approx(mean, abs=1e-6)) == windows


@pytest.mark.parametrize("rate", [8_000, 22_050])
def test_a_model_of_another_rate_hears_whether_somebody_speaks(rate: int, voice: Any) -> None:
    sought = SpeechSought(rate)
    sound = soxr.resample(voice(2), 16_000, rate)
    pieces = np.split(sound, [100, 5_000, 9_000])
    assert np.array_equal(np.concatenate(list(sought.through(pieces))), sound)
    assert sought.found
    silent = SpeechSought(rate)
    list(silent.through([np.zeros(rate, dtype=np.float32)]))
    assert not silent.found


def test_a_path_bytes_and_a_file_give_the_same(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 1)
    whole = recognize(path)
    assert recognize(path.read_bytes()) == whole
    assert recognize(io.BytesIO(path.read_bytes())) == whole


def test_real_clips_that_it_was_trained_on_are_recognised(ravdess_zip: Path) -> None:
    right = 0
    for emotion, label in (("01", "neutral"), ("04", "sad"), ("05", "angry"), ("08", "surprised")):
        path = f"{ravdess_zip}/Actor_02/03-01-{emotion}-01-01-01-02.wav"
        right += recognize(path).emotion == label
    assert right >= 3


def test_segments_are_what_the_model_hears_in_each_window(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 5.5)
    model = builtin()
    parts = list(recognize_segments(path, window=3, hop=1))
    assert [(part.start, part.end) for part in parts] == [(0, 3), (1, 4), (2, 5), (2.5, 5.5)]
    samples = read(path).samples
    for part in parts:
        cut = Waveform(samples[round(part.start * 16_000) : round(part.end * 16_000)])
        expected = model.predict_proba(measure(cut, model.config)[None])[0]
        assert dict(part.scores) == pytest.approx(dict(zip(model.emotions, expected.tolist(), strict=True)))


def test_a_long_recording_is_the_mean_of_its_windows(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "long.wav", 33)
    windows = [dict(part.scores) for part in recognize_segments(path, window=3, hop=1)]
    whole = dict(recognize(path).scores)
    for emotion, score in whole.items():  # float32 sums of many rows at once round otherwise than of one
        assert score == pytest.approx(np.mean([window[emotion] for window in windows]), abs=1e-6)


@pytest.mark.parametrize("seconds", [0.3, 2.5, 30, 33])
def test_sound_in_memory_is_heard_as_a_file_is(seconds: float, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", seconds)
    assert builtin().recognize_waveform(read(path)) == recognize(path)


def test_sound_at_another_rate_is_resampled() -> None:
    time = np.arange(2 * 48_000) / 48_000
    hum = np.sin(2 * np.pi * 220 * time + np.sin(2 * np.pi * 3 * time)).astype(np.float32)
    high = builtin().recognize_waveform(Waveform(hum, 48_000))
    low = builtin().recognize_waveform(Waveform(hum[::3]))
    assert high.end == low.end == 2
    assert dict(high.scores) == pytest.approx(dict(low.scores), abs=0.05)


def test_a_sample_of_which_resampling_leaves_nothing_is_no_speech() -> None:
    assert builtin().recognize_waveform(Waveform(np.float32([0.5]), 48_000)).label == "no speech"


def test_one_bad_file_costs_its_own_answer_only(tmp_path: Path) -> None:
    good = str(write_sound(tmp_path / "a.wav", 1))
    bad = tmp_path / "b.wav"
    bad.write_bytes(b"rubbish")
    answers = list(recognize_files([good, str(bad), str(tmp_path / "absent.wav"), good]))
    assert [answer.error is None for answer in answers] == [True, False, False, True]
    assert answers[2].error == "no such file or directory"
    assert answers[0].prediction == answers[3].prediction


def test_workers_do_not_change_the_answers(tmp_path: Path) -> None:
    paths = [str(write_sound(tmp_path / f"{n}.wav", 0.5, seed=n)) for n in range(6)]
    alone = list(recognize_files(paths, workers=1, segments=True))
    assert list(recognize_files(paths, workers=2, segments=True)) == alone


def test_what_cannot_be_read_or_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"absent\.wav"):
        recognize(tmp_path / "absent.wav")
    path = write_sound(tmp_path / "a.wav", 1)
    with pytest.raises(UsageError, match="hop"):
        list(recognize_segments(path, window=1, hop=2))
    with pytest.raises(UsageError, match="hop"):
        list(recognize_files([str(path)], segments=True, hop=0))


def test_a_folder_inside_that_may_not_be_read_costs_only_itself(tmp_path: Path, locked: None) -> None:
    for name in ("a.wav", "locked/b.wav", "open/c.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [Path(path).relative_to(tmp_path).as_posix() for path in recordings([str(tmp_path)])]
    assert found == ["a.wav", "open/c.wav", "locked"]
    errors = [answer.error or "" for answer in recognize_files(list(recordings([str(tmp_path)])), workers=1)]
    assert errors[2] == "permission denied"


def test_folders_archives_and_patterns_stand_for_their_recordings(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    for name in ("b.wav", "a.flac", "deep/c.WAV", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    with ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("x/d.wav", b"")
        archive.writestr("readme.md", b"")

    def found(*names: str) -> list[str]:
        return [Path(path).relative_to(tmp_path).as_posix() for path in recordings(names)]

    assert found(str(folder)) == ["calls/a.flac", "calls/b.wav", "calls/deep/c.WAV"]
    assert found(str(tmp_path / "more.zip")) == ["more.zip/x/d.wav"]
    assert found(str(folder / "*.wav")) == ["calls/b.wav"]
    assert found(str(folder / "b.wav"), str(folder)) == ["calls/b.wav", "calls/a.flac", "calls/deep/c.WAV"]
    assert found(str(folder / "absent.wav")) == ["calls/absent.wav"]


def test_the_builtin_model_is_sound_and_small() -> None:
    manifest = bundle.verify(bundle.DEFAULT)
    assert len(manifest.emotions) == 8
    assert manifest.provenance.scores["speaker"]["uar"]["value"] < manifest.provenance.scores["random"]["uar"]["value"]
    file = bundle.locate(bundle.DEFAULT)
    assert file.stat().st_size < 12_000_000
    assert hashlib.sha256(file.read_bytes()).hexdigest() in (file.parent / "README.md").read_text(encoding="utf-8")


def test_one_path_in_place_of_many_is_refused() -> None:
    for path in ("a.wav", Path("a.wav")):
        with pytest.raises(UsageError, match=r"takes many paths, not one: recognize_files\(\['a.wav'\]\)"):
            recognize_files(path)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [None, 3, b"a.wav"])
def test_what_is_no_list_of_paths_is_refused(given: object) -> None:
    with pytest.raises(UsageError, match=f"takes many paths, such as .* not {given!r}"):
        recognize_files(given)  # type: ignore[arg-type]


def test_an_entry_that_is_no_path_is_named() -> None:
    for entry in (7, b"a.wav", None):
        with pytest.raises(UsageError, match=re.escape(f"paths[1] is {entry!r}")):
            recognize_files(["a.wav", entry])  # type: ignore[list-item]
    (answer,) = recognize_files([Path("missing.wav")])
    assert answer.path == "missing.wav"
    assert answer.error


@pytest.mark.parametrize("source", [None, 5, io.StringIO("text")])
def test_what_is_no_recording_is_told_so(source: object) -> None:
    with pytest.raises(UsageError, match="valid: a path, bytes, an open binary file or a Waveform"):
        recognize(source)
