from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from speech_emotion.cli.corpus import app
from speech_emotion.corpora import synthetic
from speech_emotion.errors import CorpusError


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["check", "--workers", "1", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Four recordings of two people."""
    voices = synthetic.write(tmp_path / "voices", speakers=2, takes=1)
    for utterance in voices.utterances:
        if utterance.emotion in ("angry", "sad") and utterance.sentence == synthetic.SENTENCES[0]:
            copy = tmp_path / "mine" / utterance.emotion / utterance.speaker.split("/")[1] / "1.wav"
            copy.parent.mkdir(parents=True)
            copy.write_bytes(Path(utterance.path).read_bytes())
    return tmp_path / "mine"


def test_sound_recordings_are_said_to_be_so(mine: Path) -> None:
    result = call(mine)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"checked mine (4 recordings), below {mine}"
    assert lines[-1] == "nothing found"
    assert json.loads(call(mine, "--json").stdout)["unsafe"] is False


def test_what_is_unsafe_ends_with_status_1_a_line_each(mine: Path) -> None:
    (mine / "sad" / "01" / "2.wav").write_bytes(b"no sound")
    soundfile.write(mine / "sad" / "02" / "2.wav", np.zeros(16_000), 16_000)
    (mine / "angry" / "01" / "copy.wav").write_bytes((mine / "sad" / "01" / "1.wav").read_bytes())
    result = call(mine)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[lines.index("cannot be read (1)") + 1].startswith("  sad/01/2.wav: ")
    assert lines[lines.index("silent (1)") + 1] == "  sad/02/2.wav: its loudest moment is at -120 dB"
    same = lines[lines.index("the same recording twice (1)") + 1]
    assert same == "  angry/01/copy.wav = sad/01/1.wav: labelled angry and sad"
    assert lines[-1] == "UNSAFE: 3 to put right"


def test_leaks_between_two_sets_are_told(mine: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(mine / "sad" / "01" / "1.wav")
    for emotion in ("sad", "angry"):
        (tmp_path / "test" / emotion / "eve").mkdir(parents=True)
    soundfile.write(tmp_path / "test" / "sad" / "eve" / "a.ogg", samples, rate)
    soundfile.write(tmp_path / "test" / "angry" / "eve" / "b.wav", np.random.default_rng(0).normal(0, 0.1, rate), rate)
    result = call(mine, tmp_path / "test")
    assert result.exit_code == 1
    near = next(line for line in result.stdout.splitlines() if "≈" in line)
    assert near.startswith("  mine/sad/01/1.wav ≈ test/sad/eve/a.ogg: alike by ")
    assert near.endswith("in mine and test")


def test_paths_may_be_given_in_any_way(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.parent)
    (mine / "sad" / "01" / "2.wav").write_bytes(b"no sound")
    lines = call("./mine", mine).stdout.splitlines()
    assert lines[0] == f"checked mine (1) (5 recordings), mine (2) (5 recordings), below {mine}"
    assert any(line.startswith("  sad/01/2.wav: ") for line in lines)


def test_long_lists_are_cut_and_whole_in_json(mine: Path) -> None:
    for number in range(8):
        (mine / "sad" / "01" / f"broken{number}.wav").write_bytes(b"no sound")
    shown = call(mine).stdout
    assert shown.count("broken") == 5
    assert "  … and 3 more (--json lists all)" in shown
    document = json.loads(call(mine, "--json").stdout)
    assert document["unsafe"] is True
    assert [each["kind"] for each in document["findings"]] == ["unreadable"] * 8
    assert set(document["findings"][0]) == {"kind", "paths", "text", "unsafe"}
    assert document["sets"][0]["name"] == "mine"
    assert document["sets"][0]["recordings"] == 12


def test_a_hostile_name_cannot_steer_the_terminal(mine: Path) -> None:
    (mine / "sad" / "01" / "a\x1b[2Jb.wav").write_bytes(b"no sound")
    assert "\x1b" not in call(mine).stdout


def test_what_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such file or folder"):
        call(tmp_path / "none")
