"""The field of a race: who is held against whom, and what a glimpse is taken for."""

from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.evaluation.intervals import Score
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.evolution import Proposal
from speech_emotion.training.field import Entry, Field, rivals_of
from speech_emotion.training.trial import Trial


def trial(number, score, cost=0):
    inner = {} if score is None else {"uar": Score(score, score, score)}
    return Trial(number, Candidate("lda", ("mel",), {}), 0.0, inner, cost=cost, uars=(score or 0.0,) * 3)


def field_of(*known):
    """Of family, whether wide, cost, level at the glimpse, and the score: None stopped, "" not judged yet."""
    field = Field()
    for number, (family, wide, cost, level, score) in enumerate(known, 1):
        field.entries.append(Entry(Proposal(Candidate(family, ("mel",), {"C": number}), "drawn"), cost, wide))
        field.saw(np.array([level, level, np.nan]))
        if score != "":
            field.heard(trial(number, score))
    return field


def test_rivals_are_one_of_the_best_and_the_best_that_costs_about_as_much():
    trials = [trial(place, 0.1 * place, 100 * place) for place in range(1, 8)] + [trial(8, None)]
    assert rivals_of(trials, 200)[:, 0] == pytest.approx([0.3, 0.2])
    assert rivals_of(trials, 250)[:, 0] == pytest.approx([0.3, 0.3])  # a candidate is held against what costs more
    assert rivals_of(trials, 70) is None  # nothing costs as little
    assert rivals_of(trials[:4], 200) is None


def test_at_a_glimpse_a_family_that_gains_more_is_held_against_others_as_if_they_were_of_it():
    judged = [("svm", False, 1, 0.3, 0.4)] * 3 + [("mlp", False, 1, 0.4, 0.42)] * 3 + [("lda", False, 1, 0.3, None)]
    field = field_of(*judged, ("svm", False, 1, 0.3, ""), ("mlp", False, 1, 0.35, ""))
    assert field.gain(7) == pytest.approx({("svm", False): 0.1, ("mlp", False): 0.02, ("", False): 0.06})
    assert field.gain(2) == pytest.approx({("", False): 0.1})
    third, near = field.glimpsed_rivals(7, judged=7, seen=9)  # of the svm: the best are 0.42 when judged
    assert third == pytest.approx([0.32, 0.32, np.nan], nan_ok=True)
    assert near == pytest.approx([0.32, 0.32, np.nan], nan_ok=True)
    assert field.glimpsed_rivals(7, judged=0, seen=9)[0][0] == pytest.approx(0.4)
    assert field.glimpsed_rivals(1, judged=0, seen=2) is None
    found = field.promising(7, 9)
    assert [known.number for known in found] == [8, 9]
    assert [known.score for known in found] == pytest.approx([0.4, 0.37])


def test_wide_features_whose_glimpse_is_longer_are_not_held_against_others():
    wide = [("ridge", True, 1, 0.7, "")] * 4
    field = field_of(*wide, *[("ridge", False, 1, 0.3, "")] * 3, ("ridge", False, 1, 0.2, ""))
    assert field.glimpsed_rivals(7, judged=0, seen=8)[0][0] == pytest.approx(0.3)
    assert [known.number for known in field.promising(0, 8)] == [5, 6, 7, 8]
    assert [known.score for known in field.promising(0, 7)] == pytest.approx([0.7] * 4)


def test_where_there_was_nothing_to_see_nothing_is_said():
    field = field_of(*[("lda", False, 1, 0.3, "")] * 4, ("lda", False, 1, np.nan, ""))
    assert [known.number for known in field.promising(0, 5)] == [1, 2, 3, 4]
    assert np.isnan(field.levels[4])
