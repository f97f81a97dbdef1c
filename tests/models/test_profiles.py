"""Voices that are remembered by name: statistics only, for one model, gone when deleted."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speech_emotion.errors import BundleError, UsageError
from speech_emotion.models import profiles
from speech_emotion.models.model import Model


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(profiles, "folder", lambda: tmp_path / "data" / "speakers")
    return tmp_path


@pytest.fixture
def adaptable(model: Model) -> Model:
    count = len(model.emotions)
    return replace(model, centre=tuple(np.linspace(-1, 1, count)))


def rows_of(model: Model, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(len(model.emotions), 0.2), size=12)


def test_a_voice_goes_on_where_it_was(adaptable: Model) -> None:
    rows = rows_of(adaptable)
    ann = profiles.open("ann", adaptable)
    ann.hear(rows, "ann")
    profiles.save("ann", ann)
    again = profiles.open("ann", adaptable)
    np.testing.assert_array_equal(again.adapted(rows, "ann"), ann.adapted(rows, "ann"))
    assert profiles.names() == ("ann",)


def test_a_profile_names_its_model_and_is_refused_for_another(adaptable: Model) -> None:
    ann = profiles.open("ann", replace(adaptable, name="first"))
    path = profiles.save("ann", ann)
    kept = json.loads(path.read_text())
    assert (kept["model"], kept["emotions"]) == ("first", list(adaptable.emotions))
    other = replace(adaptable, name="second", centre=tuple(2 * np.asarray(adaptable.centre)))
    with pytest.raises(UsageError, match=r"kept with 'first'; name that model"):
        profiles.open("ann", other)


def test_only_statistics_are_kept_and_only_the_user_can_read_them(adaptable: Model) -> None:
    ann = profiles.open("ann", adaptable)
    ann.hear(np.repeat(rows_of(adaptable), 100, axis=0), "ann")
    path = profiles.save("ann", ann)
    numbers = 3 + 4 * len(adaptable.emotions) + 4
    assert len(json.dumps(json.loads(path.read_text())).split()) < numbers + 30
    if sys.platform != "win32":
        assert os.stat(path.parent).st_mode & 0o077 == 0


def test_deleting_forgets(adaptable: Model) -> None:
    path = profiles.save("ann", profiles.open("ann", adaptable))
    profiles.delete("ann")
    assert not path.exists()
    assert profiles.names() == ()
    with pytest.raises(UsageError, match="no speaker is remembered yet"):
        profiles.delete("ann")


def test_an_unknown_voice_names_those_there_are(adaptable: Model) -> None:
    profiles.save("annika", profiles.open("annika", adaptable))
    with pytest.raises(UsageError, match="did you mean 'annika'"):
        profiles.load("anika")


@pytest.mark.parametrize("name", ["Zoë", "Ann-Marie 2", "O'Neil", "李雷", "a.b", "x" * 64])
def test_names_of_people_are_names(name: str, adaptable: Model) -> None:
    assert profiles.save(name, profiles.open(name, adaptable)).parent == profiles.folder()
    assert profiles.names() == (name,)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", ".", "..", "../ann", "a/b", "a\\b", "/etc/x", "c:ann", "ann\0", "ann\n", ".ann", "ann."),
        *("nul", "COM1.x", "x" * 65, "𝔘" * 64, "~", "$HOME", "a*"),
    ],
)
def test_what_leads_elsewhere_is_no_name(name: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be a speaker's name: .* such as 'ann'$"):
        profiles.path_of(name)


def test_one_name_typed_in_two_ways_is_one_voice() -> None:
    assert profiles.path_of("Zoe\u0308") == profiles.path_of("Zo\u00eb")


def test_a_file_that_is_no_profile_is_refused_and_can_be_deleted(adaptable: Model) -> None:
    path = profiles.save("ann", profiles.open("ann", adaptable))
    path.write_text("{}")
    with pytest.raises(BundleError, match=r"ann\.json is not a stored adaptation"):
        profiles.open("ann", adaptable)
    profiles.delete("ann")
    assert not path.exists()


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert profiles.folder().parts[-2:] == ("speech-emotion", "speakers")
