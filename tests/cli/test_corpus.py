from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from speech_emotion.cli.corpus import app
from speech_emotion.corpora import fetch as fetching
from speech_emotion.corpora import synthetic
from speech_emotion.errors import CorpusError, UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SPEECH_EMOTION_DATA", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *args, **kwargs: str(tmp_path / "cache"))
    return tmp_path / "cache" / "corpora"


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_list_shows_what_there_is_and_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {row["name"]: row for row in json.loads(call("list", "--json").stdout)}
    assert rows["ravdess"]["licence"] == "CC BY-NC-SA 4.0"
    assert rows["ravdess"]["path"] is None
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(tmp_path))
    (tmp_path / "Audio_Speech_Actors_01-24.zip").touch()
    lines = call("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ravdess", "synthetic", "folder:PATH"]
    assert lines[0].endswith(str(tmp_path / "Audio_Speech_Actors_01-24.zip"))


def test_info_counts_a_corpus(tmp_path: Path) -> None:
    for name in ("03-01-06-02-01-02-12.wav", "03-01-01-01-01-02-11.wav", "03-02-01-01-01-02-11.wav"):
        (tmp_path / name).touch()
    facts = json.loads(call("info", f"ravdess:{tmp_path}", "--json").stdout)
    assert facts["utterances"] == 2
    assert list(facts["emotion"].items()) == [("neutral", 1), ("fearful", 1)]
    assert facts["speaker"] == {"ravdess/11": 1, "ravdess/12": 1}
    assert facts["sex"] == {"female": 1, "male": 1}
    assert facts["intensity"] == {"normal": 1, "strong": 1}
    assert facts["left_out"] == {"song": 1}
    assert facts["licence"] == "CC BY-NC-SA 4.0"
    assert facts["non_commercial"] is True
    assert "Livingstone" in facts["citation"]
    assert "seconds" not in facts
    shown = call("info", tmp_path).stdout
    assert "emotion     neutral 1, fearful 1" in shown
    assert "left out    1 × song" in shown


def test_info_adds_up_durations_where_asked(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "voices", speakers=1, takes=1)
    facts = json.loads(call("info", tmp_path / "voices", "--durations", "--json").stdout)
    assert 12 * 0.8 < facts["seconds"] < 12 * 4
    assert facts["unreadable"] == []
    assert "hours       0.0" in call("info", tmp_path / "voices", "--durations").stdout


def test_info_names_what_it_cannot_open(tmp_path: Path) -> None:
    voices = synthetic.write(tmp_path / "voices", speakers=1, takes=1)
    Path(voices.utterances[0].path).write_bytes(b"no sound")
    result = call("info", tmp_path / "voices", "--durations", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["unreadable"]) == 1
    assert Path(voices.utterances[0].path).name in result.stderr


def test_info_downloads_nothing() -> None:
    with pytest.raises(CorpusError, match="fetch it: speech-emotion corpus fetch ravdess"):
        call("info", "ravdess")


def test_fetch_prints_where_the_archive_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(archive: fetching.Archive, folder: Path | None, progress: object) -> Path:
        asked.append((archive.name, folder))
        return Path("/somewhere") / archive.name

    monkeypatch.setattr(fetching, "fetch", fetch)
    result = call("fetch", "ravdess", "--to", tmp_path)
    assert result.stdout.strip() == str(Path("/somewhere/Audio_Speech_Actors_01-24.zip"))
    assert asked == [("Audio_Speech_Actors_01-24.zip", tmp_path)]


@pytest.mark.parametrize("name", ["synthetic", "folder", "nothing"])
def test_fetch_refuses_what_has_no_home(name: str) -> None:
    with pytest.raises(UsageError, match="valid: ravdess"):
        call("fetch", name)
