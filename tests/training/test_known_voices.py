"""A search for the voices of the recordings alone: parted clip by clip, and said so wherever it is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from speech_emotion.errors import TrainingError, UsageError
from speech_emotion.evaluation.fitting import fit, guess
from speech_emotion.evaluation.metrics import confusion, uar
from speech_emotion.features.config import FeatureConfig
from speech_emotion.models.bundle import load
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.fold_data import bench_of
from speech_emotion.training.judging import Race, attempt, held_out
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


@pytest.mark.parametrize(("clips", "groups"), [(40, 4), (13, 2), (6, 1)])
def test_candidates_are_raced_by_groups_of_clips_with_every_emotion(made_table, tmp_path, clips, groups):
    table = made_table(speakers=1, clips=clips, strength=0.5)
    with bench_of(table, tmp_path / "shared", 0, "random") as bench:
        labels, fold, group = (bench.shared[name] for name in ("labels", "fold", "group"))
        assert bench.groups == groups * bench.folds == len(np.unique(group))
        for one in range(bench.groups):
            own = group == one
            assert len(set(fold[own])) == 1
            assert np.bincount(labels[own], minlength=3).min() >= 1
        done = attempt(Race(bench, Candidate("lda", ("mel",), {"shrinkage": 0.1}, ("mean",))))
        for one in range(bench.groups):
            own = group == one
            assert done.uars[one] == uar(confusion(labels[own], done.answer[own].argmax(axis=1), bench.classes))


def test_a_trial_on_columns_by_the_thousand_is_what_the_pipeline_says(made_table, tmp_path):
    table = made_table(speakers=3, clips=12, strength=0.3)
    wide = np.random.default_rng(0).normal(size=(len(table), 2496)).astype(np.float32)
    wide += np.repeat(np.unique(table.emotions, return_inverse=True)[1], 1)[:, None] * 0.05
    copy = wide + np.float32(0.1)
    config = FeatureConfig(features=("tone",))
    table = replace(table, values=wide, config=config, copies={"slower": copy})
    candidate = Candidate("ridge", ("tone",), {"penalty": 1.0, "centred": 0.5}, ("mean",))
    with bench_of(table, tmp_path / "shared", 0, "random") as bench:
        found = held_out(bench, candidate, 0)
        learnt, asked = bench.values(bench.columns(("tone",)), 0)
        assert len(learnt) == 2 * len(bench.rows(0)[0])
        assert not set(map(bytes, learnt)) & {bytes(row) for part in (wide, copy) for row in part[bench.rows(0)[1]]}
        fitted = fit(candidate.estimator(0), learnt, bench.learnt("labels", 0), bench.learnt("who", 0), held=True)
        assert found == pytest.approx(guess(fitted, asked, bench.classes, held=True), abs=1e-3)


def test_one_voice_is_enough_and_models_say_what_they_were_chosen_for(made_table, tmp_path):
    table = made_table(speakers=1, clips=20, strength=0.8)
    result = search(table, trials=8, keep=1, folder=tmp_path, protocol="random", outer=3, **QUICK)
    assert (result.development_clips, result.test_clips, result.beside) == (45, 15, None)
    for score in (result.kept[0].inner["uar"], result.kept[0].outer["uar"], result.procedure.scores["uar"]):
        assert 0 < score.low < score.value < score.high  # over clips, since over one speaker it would be all
    assert result.development_speakers == result.test_speakers == ("made/00",)
    assert result.procedure.protocol == "random"
    assert result.procedure.folds == 3
    for path in {*result.paths, result.best_path}:
        made = load(path).provenance
        assert (made.protocol, set(made.scores)) == ("random", {"inner", "random"})
    text = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert "of voices that it had learnt" in text
    assert "What a new voice would get cannot be told from them." in text
    assert "bootstrap over clips" in text


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
    for outer in (None, 2):
        with pytest.raises(TrainingError, match="'sad' has 2 clips, too few to learn from"):
            search(few, trials=1, folder=tmp_path, protocol="random", outer=outer, **QUICK)


def test_clips_that_do_not_do_for_two_outer_folds_are_refused_before_the_first_trial(made_table, tmp_path):
    table = made_table(speakers=1, clips=3)
    with pytest.raises(TrainingError, match="has 3 clips, too few to learn from"):
        search(table, trials=1, folder=tmp_path, protocol="random", outer=2, **QUICK)
    assert not list(tmp_path.iterdir())


def test_what_new_speakers_would_get_stands_beside_it(made_table, tmp_path):
    result = search(made_table(clips=8), trials=4, folder=tmp_path, protocol="random", **QUICK)
    assert result.beside.protocol == "speaker"
    assert result.as_dict()["beside"]["uar"]["value"] == result.beside.scores["uar"].value
    assert f"learnt anew, has a UAR of {result.beside.scores['uar']}" in (tmp_path / "search.html").read_text(
        encoding="utf-8"
    )


def test_a_search_by_speakers_is_not_gone_on_with_for_known_voices(made_table, tmp_path):
    table = made_table()
    search(table, trials=2, folder=tmp_path, **QUICK)
    with pytest.raises(UsageError, match="another protocol: speaker, not random"):
        search(table, trials=4, folder=tmp_path, protocol="random", resume=True, **QUICK)
