"""A search for the voices of the recordings alone: parted clip by clip, and said so wherever it is told."""

from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.errors import TrainingError, UsageError
from speech_emotion.evaluation.metrics import confusion, uar
from speech_emotion.models.bundle import load
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.fold_data import GROUPS, bench_of
from speech_emotion.training.judging import Race, attempt
from speech_emotion.training.locked import lock_away
from speech_emotion.training.search import search

QUICK = {"families": ["lda", "logistic"], "workers": 1}


def test_a_quarter_of_each_emotions_clips_is_locked_away(made_table):
    table = made_table(speakers=3, clips=8)
    parts = [lock_away(table, 0, part=part, protocol="random") for part in range(4)]
    assert sorted(np.concatenate([test for _, test in parts])) == list(range(len(table)))
    for development, test in parts:
        assert set(development.paths) | set(table.paths[test]) == set(table.paths)
        assert not set(development.paths) & set(table.paths[test])
        assert np.unique(table.emotions[test], return_counts=True)[1].tolist() == [6, 6, 6]


def test_candidates_are_raced_by_groups_of_clips_with_every_emotion(made_table, tmp_path):
    table = made_table(speakers=1, clips=40, strength=0.5)
    with bench_of(table, tmp_path / "shared", 0, "random") as bench:
        labels, fold, group = (bench.shared[name] for name in ("labels", "fold", "group"))
        assert bench.groups == GROUPS * bench.folds == len(np.unique(group))
        for one in range(bench.groups):
            own = group == one
            assert set(fold[own]) == {one // GROUPS}
            assert np.bincount(labels[own]).tolist() == [2, 2, 2]
        done = attempt(Race(bench, Candidate("lda", ("mel",), {"shrinkage": 0.1}, ("mean",))))
        for one in range(bench.groups):
            own = group == one
            assert done.uars[one] == uar(confusion(labels[own], done.answer[own].argmax(axis=1), bench.classes))


def test_one_voice_is_enough_and_models_say_what_they_were_chosen_for(made_table, tmp_path):
    table = made_table(speakers=1, clips=20)
    result = search(table, trials=8, keep=1, folder=tmp_path, protocol="random", outer=3, **QUICK)
    assert result.development_speakers == result.test_speakers == ("made/00",)
    assert result.procedure.protocol == "random"
    assert result.procedure.folds == 3
    for path in {*result.paths, result.best_path}:
        made = load(path).provenance
        assert (made.protocol, set(made.scores)) == ("random", {"inner", "random"})
    text = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert "of voices that it had learnt" in text
    assert "new speakers" not in text


def test_the_folds_are_the_same_with_any_number_of_workers_and_after_a_pause(made_table, tmp_path):
    table = made_table(speakers=2, clips=20, strength=0.6)
    search(table, trials=12, keep=1, folder=tmp_path / "one", protocol="random", **QUICK)
    search(table, trials=5, keep=1, folder=tmp_path / "two", protocol="random", **{**QUICK, "workers": 2})
    search(table, trials=12, keep=1, folder=tmp_path / "two", protocol="random", resume=True, **QUICK)
    boards = {(tmp_path / name / "leaderboard.csv").read_bytes() for name in ("one", "two")}
    assert len(boards) == 1


def test_what_cannot_be_parted_is_refused(made_table, tmp_path):
    table = made_table(speakers=2, clips=2)
    with pytest.raises(UsageError, match=r"unknown protocol 'loso' \(a search has: speaker, random\)"):
        search(table, trials=1, folder=tmp_path, protocol="loso", **QUICK)
    few = table.rows((table.emotions != "sad") | (table.speakers == "made/01"))
    with pytest.raises(TrainingError, match="'sad' has 2 of the 3 clips that a search needs"):
        search(few, trials=1, folder=tmp_path, protocol="random", **QUICK)


def test_a_search_by_speakers_is_not_gone_on_with_for_known_voices(made_table, tmp_path):
    table = made_table()
    search(table, trials=2, folder=tmp_path, **QUICK)
    with pytest.raises(UsageError, match="another protocol: speaker, not random"):
        search(table, trials=4, folder=tmp_path, protocol="random", resume=True, **QUICK)
