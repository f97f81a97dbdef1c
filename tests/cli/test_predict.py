"""``predict`` on files, folders, patterns, archives and standard input."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from speech_emotion.cli.main import run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def clips(tmp_path: Path, voice: Any) -> Path:
    for seed, name in enumerate(("a.wav", "b.flac", "deep/c.wav")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, voice(1.5, seed), 16_000)
    return tmp_path


def test_a_line_a_file_as_jsonl(clips: Path, capsys: Captured) -> None:
    assert run(["predict", str(clips), "--format", "jsonl"]) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [Path(line["path"]).name for line in lines] == ["a.wav", "b.flac", "c.wav"]
    for line in lines:
        assert list(line) == ["path", "emotion", "confidence", "scores", "spoken", "duration", "model"]
        assert sum(score["score"] for score in line["scores"]) == pytest.approx(1)
        assert line["duration"] == 1.5
        assert line["model"] == "tone"
    assert "non-commercial" in err


def test_a_bad_file_costs_its_own_line_and_status_1(clips: Path, capsys: Captured) -> None:
    (clips / "bad.wav").write_bytes(b"RIFF")
    (clips / "empty.wav").touch()
    assert run(["predict", str(clips / "*.wav"), str(clips / "absent.wav"), "--format", "jsonl"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["error" in line for line in lines] == [False, True, True, True]
    assert all(set(line) == {"path", "error"} for line in lines[1:])


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv", "vtt", "rttm"])
def test_every_format_has_segments(format_: str, clips: Path, capsys: Captured) -> None:
    arguments = ["--segments", "--window", "1", "--hop", "0.5", "--top-k", "2", "--format", format_]
    assert run(["predict", str(clips / "a.wav"), *arguments]) == 0
    out = capsys.readouterr().out
    if format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(out)))
        assert [(row["start"], row["end"]) for row in rows] == [("0.000", "1.000"), ("0.500", "1.500")]
    elif format_ == "table":
        assert "0.5–1.5 s" in out
    elif format_ == "vtt":
        assert [line for line in out.splitlines() if "-->" in line] == [
            "00:00:00.000 --> 00:00:01.000",
            "00:00:00.500 --> 00:00:01.500",
        ]
    elif format_ == "rttm":
        assert [line.split()[:5] for line in out.splitlines()] == [
            ["SPEAKER", "a", "1", "0.000", "1.000"],
            ["SPEAKER", "a", "1", "0.500", "1.000"],
        ]
    else:
        answer = json.loads(out)
        segments = (answer[0] if format_ == "json" else answer)["segments"]
        assert [(part["start"], part["end"]) for part in segments] == [(0, 1), (0.5, 1.5)]
        assert len(segments[0]["scores"]) == 2


def test_standard_input_is_a_recording(clips: Path) -> None:
    command = [sys.executable, "-m", "speech_emotion", "predict", "-", "--format", "jsonl", "--segments"]
    done = subprocess.run(command, input=(clips / "a.wav").read_bytes(), capture_output=True, check=True)
    piped = json.loads(done.stdout)
    assert piped.pop("path") == "-"
    named = subprocess.run([*command[:4], str(clips / "a.wav"), *command[5:]], capture_output=True, check=True)
    filed = json.loads(named.stdout)
    filed.pop("path")
    assert piped == filed


def test_nothing_on_standard_input_is_told() -> None:
    command = [sys.executable, "-m", "speech_emotion", "predict", "-", "--format", "jsonl"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 1
    assert "holds no sound" in json.loads(done.stdout)["error"]


def test_a_clip_inside_the_archive_is_named_by_its_path(ravdess_zip: Path, capsys: Captured) -> None:
    clip = f"{ravdess_zip}/Actor_05/03-01-05-02-02-02-05.wav"
    assert run(["predict", clip, "--format", "json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["path"] == clip
    assert answer["emotion"] == "angry"


def test_answers_adapt_to_each_other_and_to_a_profile(clips: Path, capsys: Captured) -> None:
    profile = clips / "me.json"
    said = []
    for options in ([], ["--adapt", "session"], ["--adapt", "session", "--profile", str(profile)]):
        assert run(["predict", str(clips), "--format", "jsonl", *options]) == 0
        said.append(capsys.readouterr().out)
    assert said[1] == said[2]
    assert json.loads(profile.read_text())["session"]["count"] == 3
    alone = ["predict", str(clips / "a.wav"), "--format", "jsonl"]
    assert run([*alone, "--adapt", "session"]) == 0
    assert capsys.readouterr().out == said[0].splitlines(keepends=True)[0]
    assert run([*alone, "--adapt", "session", "--profile", str(profile)]) == 0
    capsys.readouterr()
    assert json.loads(profile.read_text())["session"]["count"] == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--adapt", "sesion"], "did you mean 'session'?"),
        (["--profile", "p.json"], "a profile goes with --adapt"),
        (["--adapt", "session", "--profile", "/dev/null/p.json"], "cannot write in /dev/null"),
    ],
)
def test_an_adaptation_that_cannot_be_is_one_line_before_anything_is_heard(
    options: list[str], says: str, clips: Path, refused: Any
) -> None:
    assert says in refused(["predict", str(clips), *options])


def test_words_come_beside_the_tone(ravdess_zip: Path, whisper_folder: Path, clips: Path, capsys: Captured) -> None:
    clip = f"{ravdess_zip}/Actor_05/03-01-05-02-01-02-05.wav"
    options = ["--words", "--words-model", str(whisper_folder), "--language", "en", "--format", "jsonl"]
    soundfile.write(clips / "noise.wav", 0.1 * np.random.default_rng(0).standard_normal(24_000), 16_000)
    assert run(["predict", clip, str(clips / "noise.wav"), str(clips / "absent.wav"), *options]) == 1
    spoken, noise, absent = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert spoken["text"].lower().strip(".!") == "kids are talking by the door"
    assert (spoken["emotion"], spoken["language"], noise["text"], noise["spoken"]) == ("angry", "en", "", False)
    (segment,) = spoken["segments"]
    assert segment["emotion"] == "angry"
    assert [word["text"] for word in segment["words"]] == segment["text"].split()
    assert set(absent) == {"path", "error"}


def test_words_of_standard_input_as_subtitles(ravdess_zip: Path, whisper_folder: Path) -> None:
    webvtt = pytest.importorskip("webvtt")
    options = ["--words", "--words-model", str(whisper_folder), "--format", "vtt"]
    with zipfile.ZipFile(ravdess_zip) as archive:
        sound = archive.read("Actor_05/03-01-05-02-01-02-05.wav")
    command = [sys.executable, "-m", "speech_emotion", "predict", "-", *options]
    done = subprocess.run(command, input=sound, capture_output=True, check=True)
    (cue,) = webvtt.from_string(done.stdout.decode()).captions
    assert cue.voice == "angry"
    assert cue.text.lower().strip(".!") == "kids are talking by the door"


@pytest.mark.parametrize("format_", ["vtt", "rttm"])
def test_a_format_without_errors_leaves_them_to_standard_error(format_: str, clips: Path, capsys: Captured) -> None:
    assert run(["predict", str(clips / "absent.wav"), "--format", format_]) == 1
    out, err = capsys.readouterr()
    assert out.strip() in ("WEBVTT", "")
    assert err.splitlines()[-1] == f"error: {clips / 'absent.wav'}: no such file or directory"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--format", "vtt"], "vtt holds the times of one recording"),
        (["--language", "en"], "--words-model and --language go with --words"),
        (["--words-model", "base"], "--words-model and --language go with --words"),
        (["--words", "--segments"], "leave --segments out"),
        (["--words", "--words-model", "bse"], "did you mean 'base'?"),
        (["--words", "--words-model", "FOLDER", "--language", "xx"], "knows 'en' only, not 'xx'"),
    ],
)
def test_words_that_cannot_be_are_one_line_before_anything_is_heard(
    options: list[str], says: str, clips: Path, refused: Any, whisper_folder: Path
) -> None:
    options = [str(whisper_folder) if option == "FOLDER" else option for option in options]
    assert says in refused(["predict", str(clips), *options])


def test_a_list_that_cannot_be_read_and_a_name_that_is_blank_cost_their_own_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], voice: Any
) -> None:
    soundfile.write(tmp_path / "a.wav", voice(1.0), 16_000)
    (tmp_path / "no.csv").write_text("file\na.wav\n")
    (tmp_path / "part.csv").write_text("path,start\na.wav,1.5\n")
    (tmp_path / "cut.zip").write_bytes(b"PK")
    names = [str(tmp_path / name) for name in ("no.csv", "a.wav", "part.csv", "cut.zip")]
    assert run(["predict", *names, "", "--format", "jsonl"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    errors = {Path(line["path"]).name: line.get("error") for line in lines}
    assert errors["a.wav"] is None
    assert "no column 'path'" in errors["no.csv"]
    assert "recordings are heard whole" in errors["part.csv"]
    assert "empty name" in errors[""]
    assert "is a zip archive without its end" in errors["cut.zip"]


def test_windows_without_segments_are_refused(clips: Path, refused: Any) -> None:
    assert "--window and --hop are of --segments" in refused(["predict", str(clips), "--hop", "2"])
