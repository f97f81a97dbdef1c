from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from speech_emotion.cli.corpus import app
from speech_emotion.corpora import fetch as fetching
from speech_emotion.corpora import synthetic
from speech_emotion.errors import CorpusError, DownloadError, UsageError


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
    names = ["ravdess", "emodb", "crema_d", "savee", "tess", "urdu", "synthetic", "folder:PATH"]
    assert [line.split()[0] for line in lines] == names
    assert lines[3].endswith("its home is http://kahlan.eps.surrey.ac.uk/savee/, to be fetched by hand")
    assert "Register.html" in rows["savee"]["by_hand"]
    assert lines[0].endswith(str(tmp_path / "Audio_Speech_Actors_01-24.zip"))


def test_info_counts_a_corpus(tmp_path: Path) -> None:
    for name in ("03-01-06-02-01-02-12.wav", "03-01-01-01-01-02-11.wav", "03-02-01-01-01-02-11.wav"):
        (tmp_path / name).touch()
    facts = json.loads(call("info", f"ravdess:{tmp_path}", "--json").stdout)
    assert facts["utterances"] == 2
    assert list(facts["emotion"].items()) == [("neutral", 1), ("fearful", 1)]
    assert facts["speaker"] == {"ravdess/11": 1, "ravdess/12": 1}
    assert facts["sex"] == {"female": 1, "male": 1}
    assert facts["language"] == {"en": 2}
    assert facts["intensity"] == {"normal": 1, "strong": 1}
    assert facts["left_out"] == {"song": 1}
    assert facts["licence"] == "CC BY-NC-SA 4.0"
    assert facts["non_commercial"] is True
    assert "Livingstone" in facts["citation"]
    assert "seconds" not in facts
    shown = call("info", tmp_path).stdout
    table = [line.split() for line in shown.splitlines()]
    assert table[table.index(["emotion", "clips"]) :][:3] == [["emotion", "clips"], ["neutral", "1"], ["fearful", "1"]]
    assert ["speaker", "(2)", "clips"] in table
    assert "left out    1 × song" in shown


def test_a_hostile_speaker_stays_on_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    (tmp_path / "mine.csv").write_text('path,emotion,speaker,sex\na.wav,sad,"x\n\x1b[31my",\n', encoding="utf-8")
    shown = call("info", tmp_path / "mine.csv").stdout
    assert "\x1b" not in shown
    assert [line.split() for line in shown.splitlines()][-1] == ["mine/x\\n\\x1b[31my", "1"]


def test_info_adds_up_durations_where_asked(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "voices", speakers=1, takes=1)
    facts = json.loads(call("info", tmp_path / "voices", "--durations", "--json").stdout)
    assert 12 * 0.8 < facts["seconds"] < 12 * 4
    assert facts["unreadable"] == []
    assert facts["rates"] == {"16000": 12}
    assert facts["language"] == {"unknown": 12}
    shown = call("info", tmp_path / "voices", "--durations").stdout
    assert "hours       0.0" in shown
    assert "rates       16000 Hz 12" in shown
    assert "language" not in shown
    male = next(line.split() for line in shown.splitlines() if line.startswith("  male"))
    assert male == ["male", "12", f"{facts['seconds'] / 60:.1f}"]


def test_info_names_what_it_cannot_open(tmp_path: Path) -> None:
    voices = synthetic.write(tmp_path / "voices", speakers=1, takes=1)
    Path(voices.utterances[0].path).write_bytes(b"no sound")
    result = call("info", tmp_path / "voices", "--durations", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["unreadable"]) == 1
    assert Path(voices.utterances[0].path).name in result.stderr


def test_info_believes_the_file_rather_than_a_part_that_is_longer(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(2 * 16_000), 16_000)
    rows = ["path,emotion,speaker,start,end", "a.wav,sad,s1,0,60", "a.wav,sad,s1,1.5,60", "a.wav,sad,s1,30,60"]
    (tmp_path / "parts.csv").write_text("\n".join(rows))
    result = call("info", tmp_path / "parts.csv", "--durations", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["seconds"] == 2.5
    assert "lasts 2 s, so there is no part from 30 s on" in result.stderr


def test_info_shows_several_corpora_and_what_they_share(tmp_path: Path) -> None:
    for name in ("r/03-01-02-01-01-02-11.wav", "r/03-01-05-01-01-02-11.wav", "e/03a01Wa.wav", "e/08a01Wa.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    places = (tmp_path / "r", f"emodb:{tmp_path / 'e'}")
    facts = json.loads(call("info", *places, "--json").stdout)
    assert [each["name"] for each in facts["corpora"]] == ["ravdess", "emodb"]
    assert facts["combined"]["name"] == "ravdess+emodb"
    assert facts["combined"]["licence"] == "CC BY-NC-SA 4.0"
    assert facts["combined"]["emotion"] == {"angry": 3}
    assert facts["combined"]["language"] == {"de": 2, "en": 1}
    assert facts["combined"]["left_out"] == {"ravdess: calm, not in every corpus": 1}
    shown = call("info", *places).stdout
    titles = [line.split()[1] for line in shown.splitlines() if line.startswith("corpus ")]
    assert titles == ["ravdess", "emodb", "ravdess+emodb"]


def test_info_tells_rates_apart(tmp_path: Path) -> None:
    for name, rate in (("03a01Wa.wav", 16_000), ("08a01Wa.wav", 16_000), ("09a01Fa.wav", 48_000)):
        soundfile.write(tmp_path / name, np.zeros(30 * rate), rate)
    facts = json.loads(call("info", tmp_path, "--durations", "--json").stdout)
    assert facts["rates"] == {"16000": 2, "48000": 1}
    assert facts["seconds"] == 90.0
    shown = call("info", tmp_path, "--durations").stdout
    assert "rates       16000 Hz 2, 48000 Hz 1" in shown
    assert ["angry", "2", "1.0"] in [line.split() for line in shown.splitlines()]


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


def test_fetch_looks_at_the_checksum_of_what_is_in_the_cache(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "Audio_Speech_Actors_01-24.zip").write_bytes(b"other")
    with pytest.raises(DownloadError, match="is there already, but is not the published"):
        call("fetch", "ravdess")


def test_fetch_downloads_nothing_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "Audio_Speech_Actors_01-24.zip"
    with zipfile.ZipFile(there, "w") as archive:
        archive.writestr("Actor_01/03-01-01-01-01-01-01.wav", b"")
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(tmp_path))
    monkeypatch.setattr(fetching, "fetch", lambda *_: pytest.fail("it was fetched"))
    assert call("fetch", "ravdess").stdout.strip() == str(there)


@pytest.mark.parametrize("name", ["synthetic", "folder", "nothing"])
def test_fetch_refuses_what_has_no_home(name: str) -> None:
    with pytest.raises(UsageError, match="valid: ravdess, emodb"):
        call("fetch", name)


@pytest.mark.parametrize("name", ["crema_d", "savee", "tess", "urdu"])
def test_fetch_says_how_to_get_what_a_person_has_to(name: str, cache: Path) -> None:
    with pytest.raises(UsageError, match=f"{name} cannot be fetched by a program: .*http.* as {name}.zip or ") as error:
        call("fetch", name)
    assert str(cache) in str(error.value)
