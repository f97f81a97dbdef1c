from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.evaluation.intervals import Score
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.choice import first_choice
from speech_emotion.training.ensemble import join
from speech_emotion.training.leaderboard import SearchResult, ranked
from speech_emotion.training.search_page import why_first
from speech_emotion.training.trial import Trial

SETTLED = [0.5, 0.6, 0.7, 0.6]
LUCKY = [0.5, 0.6, 0.7, 0.8]  # better for one speaker: 0.05 ahead, and the standard error is 0.05
BETTER = [0.6, 0.7, 0.8, 0.8]


def trial(number, uars, made="mutated"):
    uar = float(np.mean(uars))
    candidate = Candidate("ridge", ("mfcc",), {"penalty": float(number), "centred": 0.5})
    return Trial(number, candidate, 1.0, {"uar": Score(uar, uar, uar)}, uars=tuple(uars), made=made)


def result_of(*trials):
    return SearchResult(tuple(ranked(trials)), (), (), ("sad", "happy"), ("a",), ("b",), "evolution", 0, "trials")


def test_the_usual_settings_are_taken_unless_the_best_is_better_by_one_standard_error():
    usual = trial(1, SETTLED, "default")
    assert [each.number for each in ranked([usual, trial(2, LUCKY), trial(3, [0.1] * 4)])] == [1, 2, 3]
    assert [each.number for each in ranked([usual, trial(2, LUCKY), trial(3, BETTER)])] == [3, 2, 1]
    assert [each.number for each in ranked([trial(1, SETTLED), trial(2, LUCKY)])] == [2, 1]


def test_the_best_of_the_families_at_their_usual_settings_is_held_against_the_best():
    other = trial(4, [0.4, 0.5, 0.6, 0.5], "default")
    assert [each.number for each in ranked([other, trial(1, SETTLED, "default"), trial(2, LUCKY)])] == [1, 2, 4]


def test_one_speaker_tells_no_standard_error():
    assert first_choice([0.5, 0.6], [[0.5], [0.6]], [True, False]) == 1


def test_why_the_highest_is_not_the_first_is_told():
    result = result_of(trial(1, SETTLED, "default"), trial(2, LUCKY))
    assert result.as_dict()["passed_over"] == 2
    told = why_first(result)
    assert told.startswith(
        "Trial 2 reaches 65.0\xa0% among the speakers chosen by, but is not ahead of ridge at its usual"
    )
    assert not why_first(result_of(trial(1, SETTLED, "default"), trial(3, BETTER)))
    assert not why_first(result_of(trial(1, SETTLED), trial(2, SETTLED)))


def test_the_single_model_that_an_ensemble_is_held_against_is_picked_so_too():
    labels, who = np.tile([0, 1], 40), np.repeat(np.arange(8), 10)
    lucky, settled = np.eye(2)[labels], np.eye(2)[labels]
    for answer, wrong in ((lucky, np.flatnonzero(who == 6)[:1]), (settled, np.flatnonzero(who == 7)[:4])):
        answer[wrong] = answer[wrong][:, ::-1]
    found = [
        join([lucky, settled], labels, who, who // 2, 0, [False, usual]).alone["uar"].value for usual in (False, True)
    ]
    assert found == pytest.approx([1 - 1 / 80, 1 - 4 / 80])
