"""The search: honest about what it found, the same from the same seed, not empty-handed when stopped."""

from __future__ import annotations

import csv
import datetime
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin

from speech_emotion.errors import BundleError, ClusterError, StorageError, TrainingError, UsageError
from speech_emotion.features.table import FeatureTable
from speech_emotion.models.bundle import load
from speech_emotion.models.model import Model
from speech_emotion.training.families import FAMILIES, Family
from speech_emotion.training.proposals import STRATEGIES
from speech_emotion.training.search import parse_budget, search
from speech_emotion.training.spaces import Choice, Whole

QUICK = {"families": ["lda", "logistic"], "workers": 1}


class Watched(FeatureTable):
    """A table that notes whose rows were taken, and in which order."""

    def rows(self, which):
        part = super().rows(which)
        LOG.append(set(part.speakers.tolist()))
        return part

    def narrow(self, features, statistics=None):
        assert set(self.speakers.tolist()) in LOG, "columns with rows that were not asked for"
        return super().narrow(features, statistics)


LOG: list[object] = []


def _leaderboard(folder):
    with (folder / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_best_models_are_saved_with_their_scores(made_table, tmp_path):
    table = made_table(speakers=8)
    result = search(table, trials=6, keep=3, folder=tmp_path, **QUICK)
    assert [path.name[:3] for path in result.paths][:3] == ["01-", "02-", "03-"]
    others = ("leaderboard.csv", "search.html", "evolution.journal")
    joined = [result.best_path] if result.joined else []
    assert sorted(tmp_path.iterdir()) == sorted([*result.paths, *joined, *(tmp_path / name for name in others)])
    rows = _leaderboard(tmp_path)
    assert len(rows) == len(result.leaderboard) == 6
    inner = [float(row["inner_uar"]) for row in rows]
    assert rows[0]["made"] == "default" or inner[0] == max(inner)
    assert inner[1:] == sorted(inner[1:], reverse=True)
    kept = [row for row in rows if row["file"]]
    for path, row, model in zip(result.paths, kept, result.models, strict=True):
        saved = load(path)
        assert row["file"] == path.name
        assert saved.provenance.speakers == result.development_speakers
        assert saved.config.features == tuple(row["features"].split("+"))
        scores = saved.provenance.scores
        assert f"{scores['inner']['uar']['value']:.4f}" == row["inner_uar"]
        assert f"{scores['outer']['uar']['value']:.4f}" == row["outer_uar"]
        asked = table.narrow(saved.config.features).values
        assert saved.predict_proba(asked) == pytest.approx(model.predict_proba(asked), abs=1e-4)
        assert saved.temperature == model.temperature != 1
    assert all(bool(row["outer_uar"]) == bool(row["file"]) for row in rows)
    assert all(row["file"] for row in rows[:3])
    assert all(row["front"] for row in kept[3:])
    assert result.best is (result.joined or result.models[0])
    assert result.stopped == "trials"


def test_outer_scores_are_those_of_the_saved_model_on_the_test_speakers(made_table, tmp_path):
    table = made_table(speakers=8, strength=0.7)
    result = search(table, trials=3, keep=1, folder=tmp_path, **QUICK)
    held = table.rows(np.isin(table.speakers, result.test_speakers)).narrow(result.models[0].config.features)
    guess = result.models[0].predict(held)
    recalls = [(guess == held.emotions)[held.emotions == emotion].mean() for emotion in table.classes]
    assert result.kept[0].outer["uar"].value == pytest.approx(np.mean(recalls))


def test_a_quarter_of_the_speakers_of_both_sexes_is_locked_away(made_table, tmp_path):
    table = made_table(speakers=12, clips=2)
    result = search(table, trials=1, folder=tmp_path, seed=3, **QUICK)
    assert len(result.test_speakers) == 3
    assert set(table.sexes[np.isin(table.speakers, result.test_speakers)]) == {"female", "male"}
    assert not set(result.test_speakers) & set(result.development_speakers)
    assert set(result.test_speakers) | set(result.development_speakers) == set(table.speakers)


def test_no_value_of_a_test_speaker_is_read_before_the_last_trial(made_table, tmp_path):
    table = made_table(speakers=8)
    whole = {name: getattr(table, name) for name in FeatureTable.__dataclass_fields__}
    LOG.clear()
    result = search(
        Watched(**whole), trials=4, keep=2, folder=tmp_path, on_trial=lambda _: LOG.append("trial"), **QUICK
    )
    development, test = set(result.development_speakers), set(result.test_speakers)
    order = [development, "trial", "trial", "trial", "trial", test]
    assert order == LOG


def test_families_that_the_space_names_are_tried_on_an_encoders_features_too(made_table, tmp_path, monkeypatch):
    monkeypatch.setattr("speech_emotion.training.search.families_of", lambda features: ("ridge",))  # as of an encoder's
    space = {"families": ["lda", "logistic"]}
    for name, own, tried in (("named", space, {"lda", "logistic"}), ("none", {}, {"ridge"})):
        result = search(made_table(clips=2), trials=4, keep=1, folder=tmp_path / name, workers=1, space=own)
        assert {trial.candidate.family for trial in result.leaderboard} == tried


def test_other_test_recordings_change_no_choice(made_table, tmp_path):
    table = made_table(speakers=8)
    first = search(table, trials=5, keep=2, folder=tmp_path / "a", **QUICK)
    values = table.values.copy()
    values[np.isin(table.speakers, first.test_speakers)] = 1e3
    second = search(replace(table, values=values), trials=5, keep=2, folder=tmp_path / "b", **QUICK)
    for one, other in zip(first.leaderboard, second.leaderboard, strict=True):
        assert (one.candidate, one.inner, one.file) == (other.candidate, other.inner, other.file)
    assert first.kept[0].outer != second.kept[0].outer
    for one, other in zip(first.paths, second.paths, strict=True):
        assert load(one).provenance.scores["inner"] == load(other).provenance.scores["inner"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_seed_gives_the_same_files_with_any_number_of_workers(made_table, tmp_path, soon, strategy):
    table = made_table(speakers=6)
    for name, workers, seed in (("a", 1, 5), ("b", 2, 5), ("c", 1, 6)):
        search(
            table,
            strategy,
            trials=14,
            keep=2,
            folder=tmp_path / name,
            seed=seed,
            **{**QUICK, "workers": workers},
        )
    a, b, c = ((tmp_path / name / "leaderboard.csv").read_bytes() for name in "abc")
    assert a == b
    assert a != c
    for path in (tmp_path / "a").glob("*.semodel"):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_no_candidate_is_tried_twice_and_a_small_space_is_exhausted(made_table, tmp_path, monkeypatch):
    lda = FAMILIES["lda"]
    small = replace(lda, space={"shrinkage": Choice((0.1, 0.5))})
    monkeypatch.setitem(FAMILIES, "lda", small)
    options = {"trials": 100, "space": {"scaling": ["standard"]}, "families": ["lda"], "workers": 1, "keep": 100}
    for strategy in STRATEGIES:
        result = search(made_table(clips=2), strategy, folder=tmp_path, **options)
        assert result.stopped == "exhausted"
        assert len({trial.candidate.key for trial in result.leaderboard}) == len(result.leaderboard) == 7 * 2
        assert len(result.models) == sum(trial.state == "whole" for trial in result.leaderboard)


def test_noise_scores_as_chance_on_test_speakers_however_much_was_tried(made_table, tmp_path):
    table = made_table(speakers=16, strength=0.0)
    result = search(table, trials=30, keep=1, folder=tmp_path, **QUICK)
    assert max(trial.score for trial in result.leaderboard) > result.chance
    best = result.kept[0]
    assert best.outer["uar"].low <= result.chance <= best.outer["uar"].high


class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise ValueError("no such\nmatrix")

    def predict_proba(self, X):
        raise NotImplementedError


def test_a_candidate_that_fails_is_recorded_and_the_search_goes_on(made_table, tmp_path, monkeypatch):
    broken = Family("broken", "", {"x": 0}, {"x": (Whole(0, 3),)}, {"x": Choice((1, 2, 3))}, lambda seed, **_: Broken())
    monkeypatch.setitem(FAMILIES, "broken", broken)
    both = search(made_table(), trials=8, folder=tmp_path, families=["broken", "lda"], workers=1)
    failed = [trial for trial in both.leaderboard if trial.error]
    assert {trial.candidate.family for trial in failed} == {"broken"}
    assert {trial.state for trial in failed} == {"failed"}
    assert failed[0].error == "ValueError: no such matrix"
    assert both.leaderboard[-len(failed) :] == tuple(failed)
    assert all(trial.candidate.family == "lda" for trial in both.kept)
    with pytest.raises(TrainingError, match=r"no candidate could be fitted; .* ValueError: no such matrix"):
        search(made_table(), trials=3, folder=tmp_path, families=["broken"], workers=1)


def test_a_winner_that_cannot_be_saved_does_not_cost_the_others(made_table, tmp_path, monkeypatch):
    save = Model.save

    def save_some(model, path):
        if path.name.startswith("01"):
            raise BundleError("too large")
        save(model, path)

    monkeypatch.setattr(Model, "save", save_some)
    result = search(made_table(), trials=4, keep=2, folder=tmp_path, **QUICK)
    assert [path.name[:3] for path in result.paths][:1] == ["02-"]
    assert _leaderboard(tmp_path)[0]["error"] == "too large"
    assert result.as_dict()["models"][0]["path"] == str(result.paths[0])
    with pytest.raises(TrainingError, match="no model could be saved: too large"):
        search(made_table(), trials=1, folder=tmp_path, **QUICK)


def test_ctrl_c_keeps_what_was_found(made_table, tmp_path):
    seen = []

    def interrupt(trial):
        seen.append(trial)
        if len(seen) == 3:
            raise KeyboardInterrupt

    result = search(made_table(), trials=50, keep=2, folder=tmp_path, on_trial=interrupt, **QUICK)
    assert result.stopped == "interrupted"
    assert len(result.leaderboard) == len(_leaderboard(tmp_path)) == 3
    assert all(load(path).provenance.scores["outer"] for path in result.paths)
    assert len(result.paths) >= 2


def test_ctrl_c_before_anything_was_found_is_passed_on(made_table, tmp_path, monkeypatch):
    def interrupt(bench, candidate, fold):
        raise KeyboardInterrupt

    monkeypatch.setattr("speech_emotion.training.judging.held_out", interrupt)
    with pytest.raises(KeyboardInterrupt):
        search(made_table(), trials=5, folder=tmp_path, **QUICK)
    assert not list(tmp_path.iterdir())


def test_a_search_that_finds_nothing_leaves_the_one_before_as_it_is(made_table, tmp_path, monkeypatch):
    table = made_table()
    search(table, trials=2, folder=tmp_path, **QUICK)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupt(bench, candidate, fold):
        raise KeyboardInterrupt

    monkeypatch.setattr("speech_emotion.training.judging.held_out", interrupt)
    with pytest.raises(KeyboardInterrupt):
        search(table, trials=5, folder=tmp_path, **QUICK)
    with pytest.raises(ClusterError, match="no Dask scheduler answers"):
        search(table, trials=5, folder=tmp_path, **{**QUICK, "workers": "tcp://127.0.0.1:1"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_budget_that_runs_out_keeps_what_was_found(made_table, tmp_path):
    result = search(made_table(), budget=1e-9, folder=tmp_path, **QUICK)
    assert result.stopped == "budget"
    assert len(result.leaderboard) == len(result.paths) == 1


def test_an_earlier_search_in_the_folder_is_replaced_and_nothing_else(made_table, tmp_path):
    (tmp_path / "99-mine.semodel").write_text("mine")
    search(made_table(), trials=5, keep=4, folder=tmp_path, seed=1, **QUICK)
    result = search(made_table(), trials=2, keep=1, folder=tmp_path, seed=2, **QUICK)
    others = ("leaderboard.csv", "search.html", "evolution.journal", "99-mine.semodel")
    joined = {result.best_path.name} if result.joined else set()
    assert {path.name for path in tmp_path.iterdir()} == {*others, *joined, *(path.name for path in result.paths)}


def test_an_ensemble_of_an_earlier_search_does_not_stay(made_table, tmp_path):
    search(made_table(), trials=1, folder=tmp_path, **QUICK)
    (tmp_path / "00-ensemble.semodel").write_text("of many trials")
    search(made_table(), trials=1, folder=tmp_path, **QUICK)
    assert not (tmp_path / "00-ensemble.semodel").exists()


def test_ctrl_c_while_winners_are_saved_leaves_a_search_that_is_not_finished(made_table, tmp_path):
    def interrupt(done, total):
        if done == 1:
            raise KeyboardInterrupt

    result = search(made_table(), trials=3, keep=2, folder=tmp_path, progress=interrupt, **QUICK)
    assert result.stopped == "interrupted"
    assert len(result.paths) == 1
    with pytest.raises(UsageError, match="resume"):
        search(made_table(), trials=3, keep=2, folder=tmp_path, **QUICK)
    again = search(made_table(), trials=3, keep=2, folder=tmp_path, resume=True, **QUICK)
    assert len(again.paths) >= 2


def test_the_winners_are_told_as_they_are_saved(made_table, tmp_path):
    seen = []
    search(made_table(), trials=3, keep=2, folder=tmp_path, progress=lambda *step: seen.append(step), **QUICK)
    total = seen[0][1]
    assert total >= 2
    assert seen == [(done, total) for done in range(total + 1)]


def test_the_result_is_plain_json(made_table, tmp_path):
    result = search(made_table(), trials=2, keep=1, folder=tmp_path, **QUICK)
    facts = json.loads(json.dumps(result.as_dict()))
    assert facts["trials"] == 2
    assert facts["models"][0]["path"] == str(result.paths[0])
    assert {"uar", "accuracy", "macro_f1", "ece"} <= set(facts["models"][0]["outer"])


SCRIPT = """
import signal, sys
from pathlib import Path
import numpy as np
from speech_emotion.features.table import FeatureTable
from speech_emotion.training.search import search

def stop(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, stop)
table = FeatureTable.load(sys.argv[1])
result = search(
    table, budget="60s", keep=2, folder=sys.argv[2], workers=2, families=["lda"],
    on_trial=lambda trial: print(trial.number, flush=True),
)
print("stopped", result.stopped, len(result.leaderboard), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_a_termination_signal_while_workers_run_keeps_what_was_found(made_table, tmp_path):
    made_table().save(tmp_path / "t.npz")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "t.npz"), str(tmp_path / "models")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.strip() == "2":
                process.send_signal(signal.SIGTERM)
                break
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert rest.split("\n")[-2].startswith("stopped interrupted")
    assert len(list((tmp_path / "models").glob("*.semodel"))) >= 2
    assert not list((tmp_path / "models").glob("*.part"))
    assert not (tmp_path / "models" / ".shared").exists()


def test_too_few_speakers_to_choose_and_to_test_are_refused(made_table, tmp_path):
    with pytest.raises(TrainingError, match=r"3 speakers or more .* there are 2; train one"):
        search(made_table(speakers=2), trials=1, folder=tmp_path, **QUICK)


def test_an_emotion_that_only_test_speakers_show_is_refused(made_table, tmp_path):
    table = made_table(speakers=4)
    only_one = table.rows((table.emotions != "sad") | (table.speakers == "made/01"))
    with pytest.raises(TrainingError, match="'sad' is spoken by"):
        search(only_one, trials=1, folder=tmp_path, **QUICK)


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("search.html", os.mkdir, r"search\.html is no file"),
        ("search.html", os.mkfifo, r"search\.html is no file"),
        ("leaderboard.csv", os.mkfifo, r"leaderboard\.csv is no file"),
        ("evolution.journal", os.mkfifo, r"evolution\.journal is not a search's journal \(it is no file\)"),
        ("search.lock", os.mkfifo, r"search\.lock is no lock of this program; move it away"),
        ("search.lock", lambda path: path.write_text("precious"), r"search\.lock is no lock of this program"),
        ("00-ensemble.semodel", lambda path: path.write_text("precious"), "ensemble.semodel is of no search in"),
        ("01-lda-mfcc.semodel", os.mkdir, "01-lda-mfcc.semodel is of no search in"),
        (".shared", lambda path: path.write_text("precious"), "shared is no folder of this program's"),
        (".shared", lambda path: path.symlink_to("."), "shared is no folder of this program's"),
    ],
)
def test_what_is_in_the_place_of_a_searchs_files_is_refused_before_any_work(made_table, tmp_path, name, make, says):
    make(tmp_path / name)
    with pytest.raises(UsageError, match=says):
        search(made_table(), trials=1, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert not (tmp_path / name).is_file() or (tmp_path / name).read_text() == "precious"


def test_a_model_that_cannot_be_saved_is_told_and_tried_again_with_resume(made_table, tmp_path, monkeypatch, capsys):
    from speech_emotion.cli.main import run

    save = Model.save

    def full(self, path):
        if "02-" in str(path):
            raise StorageError("cannot write it: no space left on device")
        save(self, path)

    made_table(clips=2).save(tmp_path / "t.npz")
    asked = ["search", str(tmp_path / "t.npz"), "--families", "lda,ridge", "--trials", "4", "--workers", "1"]
    asked += ["--models-dir", str(tmp_path / "models")]
    with monkeypatch.context() as patch:
        patch.setattr(Model, "save", full)
        assert run(asked) == 1
    assert "was not saved: cannot write it: no space left on device; --resume tries again" in capsys.readouterr().err
    assert run([*asked, "--resume"]) == 0
    assert list((tmp_path / "models").glob("02-*.semodel"))


def test_files_of_somebody_else_among_the_shared_arrays_stay(made_table, tmp_path):
    theirs = tmp_path / ".shared" / "letters" / "a.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("dear")
    left = tmp_path / ".shared" / f"arrays-{0:032x}"  # by a process that was killed
    left.mkdir()
    search(made_table(clips=2), trials=1, folder=tmp_path, families=["lda"], workers=1)
    assert theirs.read_text() == "dear"
    assert [path.name for path in (tmp_path / ".shared").iterdir()] == ["letters"]


def test_wrong_arguments_are_refused_before_any_work(made_table, tmp_path):
    table = made_table()
    (tmp_path / "file").write_text("")
    for wrong, message in (
        ({"strategy": "evolve"}, "unknown strategy 'evolve'"),
        ({"until": 60}, "until is a UAR above 0 and at most 1, such as 0.6, not 60"),
        ({"outer": 1}, "outer must be a whole number, 2 or more, not 1"),
        ({"budget": "soon"}, "budget must be a time above 0, such as 90s, 5m or 1h, not 'soon'"),
        ({"trials": 0}, "trials must be a whole number, 1 or more, not 0"),
        ({"keep": 0}, "keep must be a whole number, 1 or more, not 0"),
        ({"keep": 1.5}, "keep must be a whole number, 1 or more, not 1.5"),
        ({"until": "0.5"}, "until is a UAR above 0 and at most 1, such as 0.6, not '0.5'"),
        ({"budget": b"5s"}, "budget must be a time above 0"),
        ({"budget": 10**400}, "budget must be a time above 0"),
        ({"seed": "1"}, "seed must be a whole number from 0"),
        ({"families": ["mpl"]}, "unknown family 'mpl'"),
        ({"families": "lda"}, r"families is a list of names: \['lda'\]"),
        ({"families": b"lda"}, r"families is a list of names, not b'lda'"),
        ({"families": 3}, "families is a list of names, not 3"),
        ({"families": (name for name in ["lda"])}, "families is a list of names, not <generator"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"folder": tmp_path / "file" / "models"}, "cannot write in"),
    ):
        with pytest.raises(UsageError, match=message):
            search(table, **{"folder": tmp_path / "models", **wrong})


@given(st.integers(1, 10_000), st.sampled_from([("s", 1), ("m", 60), ("h", 3600), ("", 1)]))
def test_a_budget_is_a_number_and_a_unit(number, unit):
    letter, seconds = unit
    assert parse_budget(f"{number}{letter}") == number * seconds
    assert parse_budget(f" {number} {letter.upper()} ") == number * seconds


@given(st.text(max_size=6))
def test_a_budget_without_a_digit_is_refused(text):
    if not any(character.isdigit() for character in text):
        with pytest.raises(UsageError, match="budget must be"):
            parse_budget(text)


@pytest.mark.parametrize("text", ["0", "0s", "-5m", "5 days", "m5", "1e3", "5m30", "nan", "inf", "1,5m"])
def test_what_is_no_time_above_zero_is_refused(text):
    with pytest.raises(UsageError, match="budget must be"):
        parse_budget(text)


def test_on_real_recordings_evolution_finds_what_beats_chance_and_the_journal_goes_on(ravdess_table, tmp_path):
    four = ravdess_table.select(["calm", "happy", "fearful", "disgust"])
    options = {"families": ["lda", "ridge"], "workers": 1, "keep": 1, "folder": tmp_path}
    search(four, trials=12, **options)
    result = search(four, trials=30, resume=True, **options)
    assert len(result.leaderboard) == 30
    assert result.kept[0].inner["uar"].low > result.chance
    assert result.kept[0].outer["uar"].value > 1.4 * result.chance


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"families": 1}, "families are names"),
        ({"scaling": [["standard"]]}, "scaling are names"),
        ({"ridge": {"penalty": [datetime.date(1979, 5, 27)]}}, "is no value to search in"),
        ({"ridge": {"penalty": [{"low": 1}]}}, "is no value to search in"),
    ],
)
def test_a_space_of_the_wrong_kinds_is_refused(made_table, tmp_path, space, message):
    with pytest.raises(UsageError, match=message):
        search(made_table(), trials=1, folder=tmp_path, space=space)


def test_a_space_without_end_is_refused(made_table, tmp_path):
    file = tmp_path / "deep.toml"
    file.write_text(f"x = {'[' * 5000}{']' * 5000}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"deep\.toml is not a search space in TOML"):
        search(made_table(), trials=1, folder=tmp_path, space=file)


def test_what_is_wrong_with_a_space_is_told_with_its_file(made_table, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[ridge]\npenalty = -5\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.toml: penalty of ridge cannot be -5"):
        search(made_table(), trials=1, folder=tmp_path, space=file)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.mkdir(), "is no file, and the search writes one there"),
        (lambda path: path.write_text("name,score\nmine,3\n"), "is not of a search"),
        (lambda path: path.write_text("rank,team,points\n1,mine,3\n"), "is not of a search"),
    ],
)
def test_a_leaderboard_of_somebody_else_is_not_written_over(made_table, tmp_path, make, told):
    make(tmp_path / "leaderboard.csv")
    with pytest.raises(UsageError, match=told):
        search(made_table(speakers=4, clips=2), trials=2, folder=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["leaderboard.csv"]
