"""Intervals over speakers."""

from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.errors import UsageError
from speech_emotion.evaluation.intervals import Score, bootstrap_over_speakers, bootstrap_probabilities
from speech_emotion.evaluation.metrics import confusion, uar
from speech_emotion.evaluation.probabilities import aurc, brier_scores, ece, guesses, log_losses

CLASSES = 4


def _clips(rng, speakers, clips=40):
    """Guesses that are right more often for some speakers than for others; the mean rate is 0.6."""
    rates = rng.beta(6, 4, size=speakers)
    truth = np.tile(np.arange(CLASSES), speakers * clips // CLASSES)
    who = np.repeat(np.arange(speakers), clips)
    right = rng.random(len(truth)) < rates[who]
    return truth, np.where(right, truth, (truth + 1) % CLASSES), who


def _coverage(speakers, grouped, repeats):
    """How often an interval holds the true UAR of 0.6, over so many corpora of so many speakers."""
    rng = np.random.default_rng(speakers)
    covered = 0
    for seed in range(repeats):
        truth, guess, who = _clips(rng, speakers)
        groups, draws = (who, 1000) if grouped else (np.arange(len(who)), 300)
        score = bootstrap_over_speakers(truth, guess, groups, CLASSES, metrics={"uar": uar}, draws=draws, seed=seed)[
            "uar"
        ]
        covered += score.low <= 0.6 <= score.high
    return covered / repeats


@pytest.mark.parametrize("speakers", [12, 24])
def test_an_interval_over_speakers_holds_the_true_value_as_often_as_it_says(speakers):
    assert 0.93 <= _coverage(speakers, grouped=True, repeats=1000) <= 0.97


def test_with_six_speakers_it_holds_it_nearly_as_often():
    assert 0.9 <= _coverage(6, grouped=True, repeats=500) <= 0.97


def test_an_interval_over_clips_is_far_too_narrow():
    assert _coverage(12, grouped=False, repeats=60) <= 0.75


def test_the_value_is_that_of_all_clips_and_lies_in_its_interval():
    truth, guess, who = _clips(np.random.default_rng(1), 10)
    scores = bootstrap_over_speakers(truth, guess, who, CLASSES)
    assert list(scores) == ["uar", "accuracy", "macro_f1"]
    assert scores["accuracy"].value == pytest.approx((truth == guess).mean())
    assert all(score.low < score.value < score.high for score in scores.values())


def test_one_speaker_says_nothing_of_others():
    score = bootstrap_over_speakers([0, 1, 1], [0, 1, 0], ["me", "me", "me"], 2)["uar"]
    assert score == Score(value=0.75, low=0.0, high=1.0)


def test_the_same_seed_gives_the_same_interval():
    truth, guess, who = _clips(np.random.default_rng(2), 8)
    first, again, other = (bootstrap_over_speakers(truth, guess, who, CLASSES, seed=seed)["uar"] for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_speakers_who_lack_a_class_do_no_harm():
    truth, who = np.array([0, 0, 1, 1, 1]), np.array(["a", "a", "b", "b", "b"])
    score = bootstrap_over_speakers(truth, truth, who, 2)["uar"]
    assert score == Score(1.0, 1.0, 1.0)


def test_a_score_is_plain_in_json():
    assert Score(0.5, 0.4, 0.6).as_dict() == {"value": 0.5, "low": 0.4, "high": 0.6}


def test_lengths_that_differ_are_refused():
    with pytest.raises(UsageError, match="same length"):
        bootstrap_over_speakers([0, 1], [0], ["a", "a"], 2)


def test_over_folds_a_score_is_the_mean_of_the_folds_scores_and_lies_in_its_interval():
    rng = np.random.default_rng(5)
    truth, guess, who = _clips(rng, 12)
    kept = rng.random(len(truth)) < 0.8
    truth, guess, who = truth[kept], guess[kept], who[kept]
    folds = who // 4
    score = bootstrap_over_speakers(truth, guess, who, CLASSES, folds=folds)["uar"]
    each = [uar(confusion(truth[folds == fold], guess[folds == fold], CLASSES)) for fold in range(3)]
    assert score.value == pytest.approx(np.mean(each), abs=1e-12)
    assert score.low < score.value < score.high


def test_an_interval_over_folds_holds_the_true_value_as_often_as_it_says():
    rng, covered = np.random.default_rng(6), 0
    for seed in range(200):
        truth, guess, who = _clips(rng, 24)
        score = bootstrap_over_speakers(
            truth, guess, who, CLASSES, metrics={"uar": uar}, folds=who // 4, draws=300, seed=seed
        )["uar"]
        covered += score.low <= 0.6 <= score.high
    assert covered >= 180


def _answers(rng, speakers, clips=60):
    """Confidences that are as right as they say on the whole, though some speakers are easier than others."""
    confidence = rng.uniform(0.5, 1, speakers * clips)
    shift = rng.normal(scale=0.08, size=speakers).repeat(clips)
    right = rng.random(len(confidence)) < np.clip(confidence + shift, 0, 1)
    guess = np.column_stack([confidence, 1 - confidence])
    return np.where(right, 0, 1), guess, np.arange(speakers).repeat(clips)


def test_the_scores_of_probabilities_are_those_of_all_clips_and_lie_in_their_intervals():
    truth, probabilities, who = _answers(np.random.default_rng(7), 10)
    sure = probabilities[:, 0] > 0.8
    scores = bootstrap_probabilities(truth, probabilities, who, sure=sure)
    confidence, right = guesses(truth, probabilities)
    expected = {
        "log_loss": log_losses(truth, probabilities).mean(),
        "brier": brier_scores(truth, probabilities).mean(),
        "ece": ece(confidence, right),
        "aurc": aurc(confidence, right),
        "coverage": sure.mean(),
        "sure_accuracy": right[sure].mean(),
    }
    assert {name: score.value for name, score in scores.items()} == pytest.approx(expected, abs=1e-12)
    assert all(score.low < score.value < score.high for score in scores.values())


def test_an_interval_of_the_log_loss_holds_the_true_value_as_often_as_it_says():
    rng = np.random.default_rng(8)
    truth, probabilities, _ = _answers(rng, 5000)
    true = log_losses(truth, probabilities).mean()
    found = [bootstrap_probabilities(*_answers(rng, 12), draws=200, seed=seed)["log_loss"] for seed in range(100)]
    assert np.mean([score.low <= true <= score.high for score in found]) >= 0.88


def test_where_nothing_is_answered_there_is_no_accuracy_of_answers():
    truth, probabilities, who = _answers(np.random.default_rng(9), 4)
    scores = bootstrap_probabilities(truth, probabilities, who, sure=np.zeros(len(truth), dtype=bool))
    assert scores["coverage"] == Score(0.0, 0.0, 0.0)
    assert "sure_accuracy" not in scores


def test_an_interval_of_the_calibration_error_lies_around_what_was_measured():
    """A resample's error holds the noise of drawing twice: left as it is, the interval would lie above the value."""
    rng = np.random.default_rng(10)
    found = [bootstrap_probabilities(*_answers(rng, 12), draws=200, seed=seed)["ece"] for seed in range(30)]
    assert abs(np.mean([(score.low + score.high) / 2 - score.value for score in found])) < 0.01
