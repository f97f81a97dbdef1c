from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speech_emotion.evaluation.intervals import Score
from speech_emotion.features.config import FeatureConfig
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.choice import first_choice
from speech_emotion.training.ensemble import join
from speech_emotion.training.evolution import firsts
from speech_emotion.training.leaderboard import SearchResult, ranked
from speech_emotion.training.search_page import why_first
from speech_emotion.training.search_space import SearchSpace
from speech_emotion.training.train import described, recipe, train
from speech_emotion.training.trial import Trial

SETTLED = [0.5, 0.6, 0.7, 0.6]
LUCKY = [0.45, 0.6, 0.7, 0.8]  # 0.04 ahead, and the standard error is 0.06
BETTER = [0.6, 0.7, 0.8, 0.8]


def trial(number, uars, made="mutated"):
    uar = float(np.mean(uars))
    candidate = Candidate("ridge", ("mfcc",), {"penalty": float(number), "centred": 0.5})
    inner = {"uar": Score(uar, uar, uar)}
    return Trial(number, candidate, 1.0, inner, uars=tuple(uars), made=made, file=f"{number:02d}-ridge.semodel")


def result_of(*trials):
    board = tuple(ranked(trials))
    return SearchResult(
        board,
        (),
        tuple(Path(str(each.file)) for each in board),
        ("sad", "happy"),
        ("a",),
        ("b",),
        "evolution",
        0,
        "trials",
    )


def test_the_usual_settings_are_taken_unless_the_best_is_better_by_one_standard_error():
    usual = trial(1, SETTLED, "default")
    assert [each.number for each in ranked([usual, trial(2, LUCKY), trial(3, [0.1] * 4)])] == [1, 2, 3]
    assert [each.number for each in ranked([usual, trial(2, LUCKY), trial(3, BETTER)])] == [3, 2, 1]
    assert [each.number for each in ranked([trial(1, SETTLED), trial(2, LUCKY)])] == [2, 1]


def test_the_best_of_the_families_at_their_usual_settings_is_held_against_the_best():
    other = trial(4, [0.4, 0.5, 0.6, 0.5], "default")
    assert [each.number for each in ranked([other, trial(1, SETTLED, "default"), trial(2, LUCKY)])] == [1, 2, 4]


@pytest.mark.parametrize("speakers", range(2, 30))
def test_rounding_does_not_decide_where_one_speaker_alone_is_better(speakers):
    usual = np.random.default_rng(speakers).integers(1, 50, speakers) / 56
    better = usual + np.eye(speakers)[0] / 7
    assert first_choice([usual.mean(), better.mean()], [usual, better], [True, False]) == 0


def test_one_speaker_tells_no_standard_error():
    assert first_choice([0.5, 0.6], [[0.5], [0.6]], [True, False]) == 1


def test_why_the_highest_is_not_the_first_is_told():
    result = result_of(trial(1, SETTLED, "default"), trial(2, LUCKY))
    assert result.as_dict()["passed_over"] == pytest.approx(
        {"trial": 2, "inner_uar": 0.6375, "ahead": 0.0375, "standard_error": 0.05543}, abs=1e-4
    )
    told = why_first(result)
    assert told.startswith(
        "Trial 2 has the highest score, 63.7\xa0%. But the 3.8 points by which it is ahead of trial 1, "
    )
    assert "one standard error of that difference, 5.5. So trial 1 comes first" in told
    assert not why_first(result_of(trial(1, SETTLED, "default"), trial(3, BETTER)))
    assert not why_first(result_of(trial(1, SETTLED), trial(2, SETTLED)))


def test_the_single_model_that_an_ensemble_is_held_against_is_picked_so_too():
    labels, who = np.tile([0, 1], 40), np.repeat(np.arange(8), 10)
    lucky, settled = np.eye(2)[labels], np.eye(2)[labels]
    wrong = np.concatenate([np.flatnonzero(who == speaker)[:4] for speaker in (5, 7)])
    settled[wrong] = settled[wrong][:, ::-1]

    def alone(usual, groups=None):
        return join([lucky], labels, who, who // 2, 0, usual, groups).alone["uar"].value

    assert alone([]) == pytest.approx(1)
    assert alone([settled]) == pytest.approx(1 - 8 / 80)  # without speaker 5, or 7, one alone tells them apart
    assert alone([settled], groups=labels) == pytest.approx(1)  # and in two groups, each of an emotion, both


def test_only_a_family_at_exactly_its_usual_settings_is_called_so():
    config = FeatureConfig(features=("mfcc",), statistics=("mean", "std"))

    def made(changes=None, copies=0):
        space = SearchSpace.of(config, changes=changes, copies=copies)
        return {each.candidate.family: (each.made, dict(each.candidate.hyperparameters)) for each in firsts(space)}

    found = made(copies=6)
    assert found["ridge"] == ("default", {"penalty": 3.0, "centred": 0.75})
    assert found["logistic"][0] == found["extra_trees"][0] == "default"
    assert found["lda"][0] == found["svm"][0] == found["mlp"][0] == "middle"  # what they begin with is not in the space
    assert made({"ridge": {"penalty": {"low": 10.0, "high": 30.0}}}, 6)["ridge"][0] == "middle"


def test_the_usual_settings_go_by_the_copies_wherever_a_recipe_is_fitted(made_table):
    table = made_table()
    table = replace(table, copies=dict.fromkeys(("slower", "faster", "far", "noise", "room", "gain"), table.values))
    for model in (train(table, "ridge", protocols=()), train(table, "ridge", protocols=(), penalty=0.5)):
        assert model.classifier.recipe.fitted_[-1].penalty == model.provenance.hyperparameters["penalty"]
    assert model.provenance.hyperparameters["penalty"] == 0.5
    assert train(table, "ridge", protocols=()).provenance.hyperparameters["penalty"] == 3
    assert recipe("ridge", calibrate=False, copies=6)[-1].penalty == 3
    assert "penalty 3.0" in described("ridge", copies=6)


def test_equal_scores_pass_nobody_over():
    usual, twin = trial(1, SETTLED, "default"), trial(2, SETTLED)
    uar = np.nextafter(np.mean(SETTLED), 1)
    twin = replace(twin, inner={"uar": Score(uar, uar, uar)})
    assert result_of(usual, twin).passed_over is None
