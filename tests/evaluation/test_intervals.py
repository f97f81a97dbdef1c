"""Intervals over speakers."""

from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.errors import UsageError
from speech_emotion.evaluation.intervals import Score, bootstrap_over_speakers
from speech_emotion.evaluation.metrics import uar

CLASSES = 4


def _clips(rng, speakers, clips=40):
    """Guesses that are right more often for some speakers than for others; the mean rate is 0.6."""
    rates = rng.beta(6, 4, size=speakers)
    truth = np.tile(np.arange(CLASSES), speakers * clips // CLASSES)
    who = np.repeat(np.arange(speakers), clips)
    right = rng.random(len(truth)) < rates[who]
    return truth, np.where(right, truth, (truth + 1) % CLASSES), who


def _coverage(speakers, grouped, repeats=200):
    rng = np.random.default_rng(speakers)
    covered = 0
    for seed in range(repeats):
        truth, guess, who = _clips(rng, speakers)
        groups = who if grouped else np.arange(len(who))
        score = bootstrap_over_speakers(truth, guess, groups, CLASSES, metrics={"uar": uar}, draws=300, seed=seed)[
            "uar"
        ]
        covered += score.low <= 0.6 <= score.high
    return covered / repeats


@pytest.mark.parametrize("speakers", [6, 10, 24])
def test_an_interval_over_speakers_holds_the_true_value_as_often_as_it_says(speakers):
    assert _coverage(speakers, grouped=True) >= 0.88


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
