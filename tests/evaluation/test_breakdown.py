"""For whom a model works."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import recall_score

from speech_emotion.evaluation.breakdown import as_dict, gap_between_sexes, parts, sex_gap, speakers
from speech_emotion.evaluation.evaluate import report


@pytest.fixture
def scored():
    """Women are understood nine times in ten, men half the time; f3 and m0 are of one intensity only."""
    rng = np.random.default_rng(0)
    truth = np.tile(np.arange(3), 240)
    who = np.repeat([f"{sex}{number}" for sex in "fm" for number in range(6)], 60)
    sexes = np.where(np.char.startswith(who, "f"), "female", "male")
    right = rng.random(720) < np.where(sexes == "female", 0.9, 0.5)
    right[who == "m4"] = False
    probabilities = np.eye(3)[np.where(right, truth, (truth + 1) % 3)]
    aspects = {"sex": sexes, "intensity": np.where(np.arange(720) % 2, "strong", ""), "corpus": np.full(720, "made")}
    return report(probabilities, truth, who, ("a", "b", "c"), protocol="speaker", folds=5, seed=0, aspects=aspects)


def test_the_scores_of_a_part_are_scikit_learns_on_its_rows(scored):
    guess = scored.probabilities.argmax(axis=1)
    women, men = parts(scored, "sex")
    for part in (women, men):
        rows = scored.aspects["sex"] == part.name
        assert part.uar.value == pytest.approx(
            recall_score(scored.truth[rows], guess[rows], average="macro"), abs=1e-12
        )
        assert part.uar.low < part.uar.value < part.uar.high
        assert (part.utterances, part.speakers) == (360, 6)


def test_what_is_not_known_is_in_no_part(scored):
    assert [part.name for part in parts(scored, "intensity")] == ["strong"]
    assert parts(replace(scored, aspects={}), "sex") == []


def test_the_worst_speaker_is_named_first(scored):
    assert speakers(scored)[0].name == "m4"
    assert as_dict(scored)["worst_speaker"] == "m4"
    assert len(speakers(scored)) == 12


def test_the_gap_between_women_and_men_is_the_difference_with_an_interval(scored):
    gap = sex_gap(scored)
    women, men = parts(scored, "sex")
    assert gap.value == pytest.approx(women.uar.value - men.uar.value, abs=1e-12)
    assert 0 < gap.low < gap.value < gap.high
    assert sex_gap(replace(scored, aspects={"sex": np.full(720, "female")})) is None
    assert sex_gap(replace(scored, aspects={})) is None


def test_an_interval_of_the_gap_holds_the_true_one_as_often_as_it_says():
    """Six women and six men who are understood alike, but each more or less well."""
    rng, covered = np.random.default_rng(0), 0
    truth, who = np.tile([0, 1], 12 * 10), np.repeat(np.arange(12), 20)
    sexes = np.where(who < 6, "female", "male")
    for seed in range(300):
        right = rng.random(len(truth)) < rng.uniform(0.4, 0.8, 12)[who]
        gap = gap_between_sexes(truth, np.where(right, truth, 1 - truth), who, sexes, 2, seed=seed)
        covered += gap.low <= 0 <= gap.high
    assert covered / 300 >= 0.94
