"""Which trials are kept, and which are on the front."""

from __future__ import annotations

from speech_emotion.evaluation.intervals import Score
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.leaderboard import ranked
from speech_emotion.training.trial import Trial
from speech_emotion.training.winners import MOST_ON_FRONT, chosen


def trial(number, uar, cost, uars=(), made="drawn"):
    candidate = Candidate("lda", ("mfcc",), {"shrinkage": number / 10})
    inner = {"uar": Score(uar, uar, uar)}
    return Trial(number, candidate, 1.0, inner, cost=cost, uars=uars or (number, uar), made=made)


def test_kept_are_the_best_and_what_costs_less_than_all_better_ones():
    best, dear, cheap, useless = trial(1, 0.70, cost=20), trial(2, 0.66, cost=30), trial(3, 0.60, 5), trial(4, 0.20, 1)
    leaderboard = ranked([useless, cheap, dear, best])
    assert [one.number for one in leaderboard] == [1, 2, 3, 4]
    assert [(one.number, one.front) for one in chosen(leaderboard, keep=1)] == [(1, True), (3, True)]
    assert [(one.number, one.front) for one in chosen(leaderboard, keep=2)] == [(1, True), (2, False), (3, True)]


def test_of_candidates_that_answer_alike_the_cheapest_is_kept_and_the_next_best_takes_the_place():
    alike = [trial(number, 0.70, cost=20, uars=(0.6, 0.8)) for number in (1, 2, 3)]
    other, cheaper = trial(4, 0.65, cost=20), trial(5, 0.70, cost=10, uars=(0.6, 0.8))
    assert [one.number for one in chosen(ranked([*alike, other]), keep=2)] == [1, 4]
    assert [one.number for one in chosen(ranked([*alike, other]), keep=3)] == [1, 2, 4]
    kept = chosen(ranked([*alike, other, cheaper]), keep=2)
    assert [(one.number, one.front) for one in kept] == [(5, True), (4, False)]


def test_a_cheaper_twin_does_not_take_the_place_of_the_usual_settings():
    usual = trial(1, 0.60, cost=20, uars=(0.5, 0.7), made="default")
    leaderboard = ranked([usual, trial(2, 0.60, cost=10, uars=(0.5, 0.7)), trial(3, 0.61, 20, uars=(0.4, 0.82))])
    assert [one.number for one in leaderboard] == [1, 3, 2]
    assert chosen(leaderboard, keep=1)[0].number == 1


def test_of_the_front_no_more_are_kept_than_that():
    front = [trial(number, 0.9 - number / 100, cost=100 - number) for number in range(1, MOST_ON_FRONT + 9)]
    kept = chosen(ranked([*front, trial(99, 0.3, cost=999)]), keep=2)
    assert [one.number for one in kept] == list(range(1, 2 + MOST_ON_FRONT + 1))
