"""``profiles``, and ``predict --speaker``: a voice is remembered, shown and forgotten."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from speech_emotion.cli.main import run
from speech_emotion.models import profiles
from speech_emotion.models.bundle import load
from speech_emotion.recognition import adapting

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: Any) -> Path:
    monkeypatch.setattr(profiles, "folder", lambda: tmp_path / "data" / "speakers")
    for seed, name in enumerate(("ann/a.wav", "ann/b.wav", "bob/c.wav")):
        path = tmp_path / "clips" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        soundfile.write(path, voice(1.5, seed), 16_000)
    return tmp_path / "clips"


def test_a_speaker_is_remembered_from_call_to_call_then_shown_and_forgotten(clips: Path, capsys: Captured) -> None:
    for times in (1, 2):
        assert run(["predict", str(clips), "--speaker", "ann", "--format", "jsonl"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 3
        kept = json.loads(profiles.path_of("ann").read_text())
        assert (kept["model"], kept["voices"]["ann"]["count"]) == ("tone", 3 * times)
    assert run(["profiles", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["speaker"], listed["recordings"], listed["model"]) == ("ann", 6, "tone")
    assert run(["profiles", "list"]) == 0
    assert "ann" in capsys.readouterr().out
    assert run(["profiles", "show", "ann"]) == 0
    shown = capsys.readouterr().out
    assert "ann: 6 recordings, heard by tone" in shown
    assert "fearful: " in shown
    assert run(["profiles", "show", "ann", "--json"]) == 0
    assert sum(json.loads(capsys.readouterr().out)["sounded"]) == pytest.approx(1)
    assert run(["profiles", "delete", "ann"]) == 0
    assert not profiles.path_of("ann").exists()
    assert run(["profiles", "show", "ann"]) == 2
    assert "no speaker is remembered yet" in capsys.readouterr().err


def test_what_two_calls_hear_at_once_is_remembered_of_both(
    clips: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapted = adapting.adapted

    def meanwhile(*given: Any) -> Any:
        yield from adapted(*given)
        monkeypatch.setattr(adapting, "adapted", adapted)
        assert run(["predict", str(clips / "bob"), "--speaker", "ann"]) == 0

    monkeypatch.setattr(adapting, "adapted", meanwhile)
    assert run(["predict", str(clips / "ann"), "--speaker", "ann"]) == 0
    kept = json.loads(profiles.path_of("ann").read_text())
    assert (kept["session"]["count"], kept["voices"]["ann"]["count"]) == (3, 3)


def test_a_profile_of_another_model_is_refused_before_anything_is_heard(clips: Path, capsys: Captured) -> None:
    assert run(["predict", str(clips / "ann"), "--speaker", "ann", "--format", "jsonl"]) == 0
    capsys.readouterr()
    assert run(["predict", str(clips / "ann"), "--speaker", "ann", "--model", "tone-free"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "was kept with 'tone'" in err


def test_a_damaged_profile_is_listed_as_such(clips: Path, capsys: Captured) -> None:
    profiles.folder().mkdir(parents=True)
    profiles.path_of("ann").write_text("[]")
    assert run(["profiles", "list", "--json"]) == 0
    assert "is not a stored adaptation" in json.loads(capsys.readouterr().out)[0]["error"]


def test_each_group_of_a_csv_is_a_session_of_its_own(clips: Path, capsys: Captured) -> None:
    """A session is heard the same whether or not the call has others beside it."""
    table = clips / "calls.csv"
    table.write_text("path,call\nann/a.wav,one\nann/b.wav,one\nbob/c.wav,two\n")
    assert run(["predict", str(table), "--adapt", "session", "--group-by", "call", "--format", "jsonl"]) == 0
    together = capsys.readouterr().out.splitlines()
    assert run(["predict", str(clips / "ann"), "--adapt", "session", "--format", "jsonl"]) == 0
    assert capsys.readouterr().out.splitlines() == together[:2]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--speaker", "../ann"], "cannot be a speaker's name"),
        (["--speaker", "ann", "--adapt", "session"], "does not go with --adapt session"),
        (["--speaker", "ann", "--group-by", "folder"], "does not go with --group-by"),
        (["--speaker", "ann", "--profile", "p.json"], "does not go with --profile"),
        (["--group-by", "folder"], "a grouping goes with --adapt session or --adapt speaker"),
        (["--adapt", "speaker", "--group-by", "caller"], "'caller' is neither"),
        (["--adapt", "session", "--group-by", "folder", "--profile", "p.json"], "leave out --profile or --group-by"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_is_heard(
    options: list[str], says: str, clips: Path, refused: Any
) -> None:
    assert says in refused(["predict", str(clips), *options])
    assert not profiles.folder().exists()


def test_what_many_hear_at_once_is_remembered_of_all(clips: Path) -> None:
    model = load("tone")
    half = np.full((1, len(model.emotions)), 1 / len(model.emotions))

    def hear(_: int) -> None:
        for _ in range(5):
            heard = profiles.open("ann", model)
            before = deepcopy(heard)
            heard.hear(half, "ann")
            profiles.add(profiles.path_of("ann"), heard, before, model)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hear, range(4)))
    assert profiles.load("ann").session.count == 20
    assert [file.name for file in profiles.folder().iterdir()] == ["ann.json"]


def test_one_unknown_name_does_not_keep_the_others_remembered(clips: Path, capsys: Captured) -> None:
    for name in ("ann", "bob"):
        profiles.save(name, load("tone").adaptation())
    assert run(["profiles", "delete", "ann", "nope", "bob"]) == 2
    assert profiles.names() == ()
    assert "error: unknown speaker 'nope'" in capsys.readouterr().err
