"""``listen``: the microphone or a recording, drawn, as lines or as JSON."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rich.console import Console

import speech_emotion as se
from speech_emotion.audio.read import read
from speech_emotion.cli.live_view import View, letters
from speech_emotion.cli.main import run
from speech_emotion.recognition.summary import Summary

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def talk(ravdess_zip: Path, tmp_path: Path) -> str:
    """Someone angry, then four seconds of nothing."""
    voice = read(f"{ravdess_zip}/Actor_02/03-01-05-02-01-01-02.wav").samples
    soundfile.write(tmp_path / "talk.wav", np.concatenate([voice, np.zeros(64_000, np.float32)]), 16_000)
    return str(tmp_path / "talk.wav")


def test_json_is_an_object_a_line_and_the_summary_goes_elsewhere(talk: str, capsys: Captured) -> None:
    assert run(["listen", "--replay", talk, "--fast", "--json"]) == 0
    out, err = capsys.readouterr()
    moments = [json.loads(line) for line in out.splitlines()]
    assert [moment["end"] for moment in moments[:3]] == [3, 3.5, 4]
    assert moments[0]["emotion"] == "angry"
    assert moments[-1]["emotion"] is None
    assert not moments[-1]["spoken"]
    assert [moment["settled"] for moment in moments[:2]] == [None, "angry"]
    assert "heard, speech in" in err
    assert "non-commercial" in err


def test_in_a_pipe_it_is_a_line_a_moment_and_then_the_summary(talk: str, capsys: Captured) -> None:
    assert run(["listen", "--replay", talk, "--fast"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "3.0 s  sounds angry" in lines[0]
    assert lines[1].endswith("*")
    assert "no speech" in lines[-4]
    assert lines[-3].startswith("0:07 heard, speech in 2")
    assert lines[-2].startswith("sounded angry 8")
    assert lines[-1] == "changes: 1 (0:03 angry)"


def test_ctrl_c_ends_it_with_a_summary_and_a_whole_recording(
    microphones: Any, talk: str, tmp_path: Path, capsys: Captured
) -> None:
    microphones.rate = 16_000.0
    microphones.says = [read(talk).samples]
    assert run(["listen", "--record", str(tmp_path / "kept.wav")]) == 0
    out, err = capsys.readouterr()
    assert "changes: 1 (0:03 angry)" in out
    assert "listening to Built-in, 16000 Hz\nno sound comes from Built-in any more; waiting for it\n" in err
    np.testing.assert_allclose(read(tmp_path / "kept.wav").samples, read(talk).samples, atol=1e-4)


def test_microphones_are_listed(microphones: Any, capsys: Captured) -> None:
    assert run(["listen", "--list-devices"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  0  Built-in  2 ch  48000 Hz  (default)",
        "  2  USB mic  1 ch  48000 Hz",
        "  3  USB camera  1 ch  48000 Hz",
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--fast"], "--fast goes with --replay"),
        (["--replay", "a.wav", "--device", "1"], "leave out --device"),
        (["--replay", "a.wav", "--record", "b.wav"], "--record is for the microphone"),
        (["--replay", "absent.wav", "--fast"], "no such file"),
        (["--device", "studio"], "there is no microphone 'studio'"),
        (["--hop", "9"], "hop <= window"),
        (["--adapt", "voice"], "unknown adaptation 'voice'"),
        (["--record", "out.mp3"], ".wav, .flac"),
    ],
)
def test_what_cannot_be_is_one_line(options: list[str], says: str, microphones: Any, capsys: Captured) -> None:
    assert run(["listen", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    errors = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert len(errors) == 1
    assert says in errors[0]


def test_a_folder_in_place_of_a_recording_is_told_as_one(talk: str, capsys: Captured) -> None:
    assert run(["listen", "--replay", str(Path(talk).parent), "--fast"]) == 2
    assert "one recording is asked for; name one in it" in capsys.readouterr().err


def test_whoever_reads_only_the_first_line_hears_no_complaint(talk: str) -> None:
    command = [sys.executable, "-m", "speech_emotion", "listen", "--replay", talk, "--fast", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        json.loads(process.stdout.readline())
        process.stdout.close()
        complaints = [line for line in process.stderr if not line.startswith("note: ")]
    assert complaints == []
    assert process.returncode == 141


def drawn(view: View, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    console.print(view)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_picture_says_what_it_sounds_like_and_keeps_its_size(width: int, talk: str) -> None:
    model = se.load("tone")
    view, summary = View(model.emotions, "listening to \x1b[2J, 16000 Hz"), Summary()
    sizes, answers = [len(drawn(view, width))], []
    for moment in se.replay(talk, model):
        summary.add(moment)
        view.see(moment, summary)
        lines = drawn(view, width)
        sizes.append(len(lines))
        answers.append(lines[2].strip())
        assert all(len(line) <= width for line in lines)
        assert ("%" in "".join(lines)) == moment.spoken
        assert "\x1b" not in lines[0]
    assert len(set(sizes)) == 1
    assert answers[0].startswith("sounds angry")
    assert answers[-1] == "no speech"
    assert lines[-1].split()[:2] == ["level", "quiet"]
    [minute] = [line.split()[-1] for line in lines if line.startswith("last minute")]
    assert minute.startswith("aa")
    assert minute.endswith("··")


def test_every_emotion_has_a_letter_of_its_own() -> None:
    assert letters(["sad", "surprised", "as", "ad", "da"]) == dict(
        zip(["sad", "surprised", "as", "ad", "da"], "suad0", strict=True)
    )


def test_a_summary_does_not_grow_and_counts_every_change() -> None:
    summary = Summary()
    for number in range(1, 101):
        summary.add(_moment(number, "calm" if number % 2 else "sad"))
    assert summary.changes == 100
    assert len(summary.last_changes) == 5
    text = list(summary.lines())
    assert text[:2] == ["1:40 heard, speech in 50% of it", "sounded calm 50%, sad 50%"]
    assert text[2].startswith("changes: 100 (the last: 1:36 sad")


def _moment(second: int, emotion: str) -> se.Moment:
    said = se.Prediction(emotion, ((emotion, 1.0),), 1.0, second - 3.0, float(second))
    return se.Moment(said, said, 1.0, 0.5, -20.0, emotion, True)
