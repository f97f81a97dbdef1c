"""Scores of guesses; scikit-learn and audmetric are the oracles."""

from __future__ import annotations

import audmetric
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from speech_emotion.errors import UsageError
from speech_emotion.evaluation.metrics import METRICS, accuracy, confusion, macro_f1, recalls, uar

labels = st.integers(2, 6).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1, max_size=80),
    )
)


@given(labels)
def test_scores_equal_those_of_scikit_learn(case):
    classes, pairs = case
    truth, guess = np.array(pairs).T
    counts = confusion(truth, guess, classes)
    present = np.unique(truth)
    assert (counts == oracle.confusion_matrix(truth, guess, labels=range(classes))).all()
    expected = oracle.recall_score(truth, guess, labels=present, average=None, zero_division=0)
    assert recalls(counts)[present] == pytest.approx(expected, abs=1e-12)
    assert float(uar(counts)) == pytest.approx(expected.mean(), abs=1e-12)
    assert float(accuracy(counts)) == pytest.approx(oracle.accuracy_score(truth, guess), abs=1e-12)
    f1 = oracle.f1_score(truth, guess, average="macro", zero_division=0)
    assert float(macro_f1(counts)) == pytest.approx(f1, abs=1e-12)


@given(labels)
def test_scores_equal_those_of_audmetric(case):
    classes, pairs = case
    truth, guess = np.array(pairs).T
    counts = confusion(truth, guess, classes)
    assert counts.tolist() == audmetric.confusion_matrix(truth, guess, labels=range(classes))
    each = audmetric.recall_per_class(truth, guess, labels=range(classes))
    present = np.unique(truth)
    assert recalls(counts)[present] == pytest.approx([each[one] for one in present], abs=1e-12)
    assert float(accuracy(counts)) == pytest.approx(audmetric.accuracy(truth, guess), abs=1e-12)
    assert float(macro_f1(counts)) == pytest.approx(audmetric.unweighted_average_fscore(truth, guess), abs=1e-12)
    if set(guess) <= set(truth):  # audmetric counts a class that is only guessed as one never recognised
        assert float(uar(counts)) == pytest.approx(audmetric.unweighted_average_recall(truth, guess), abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_on_thousands_of_random_guesses_both_oracles_agree(seed):
    rng = np.random.default_rng(seed)
    classes = 2 + seed % 8
    truth, guess = rng.choice(classes, size=(2, 3000), p=rng.dirichlet(np.full(classes, 5.0)))
    counts = confusion(truth, guess, classes)
    found = [float(metric(counts)) for metric in (uar, accuracy, macro_f1)]
    by_audmetric = [
        audmetric.unweighted_average_recall(truth, guess),
        audmetric.accuracy(truth, guess),
        audmetric.unweighted_average_fscore(truth, guess),
    ]
    by_scikit_learn = [
        oracle.balanced_accuracy_score(truth, guess),
        oracle.accuracy_score(truth, guess),
        oracle.f1_score(truth, guess, average="macro"),
    ]
    assert found == pytest.approx(by_audmetric, abs=1e-12)
    assert found == pytest.approx(by_scikit_learn, abs=1e-12)


def test_the_uar_of_a_constant_guess_is_chance_however_unequal_the_classes():
    truth = np.array([0] * 90 + [1] * 9 + [2])
    counts = confusion(truth, np.zeros(100, dtype=int), 3)
    assert float(uar(counts)) == pytest.approx(1 / 3)
    assert float(accuracy(counts)) == pytest.approx(0.9)


def test_many_matrices_are_scored_at_once():
    rng = np.random.default_rng(0)
    many = rng.integers(0, 9, size=(5, 2, 4, 4))
    for metric in METRICS.values():
        each = [[float(metric(matrix)) for matrix in row] for row in many]
        assert metric(many) == pytest.approx(np.array(each), abs=1e-12)


def test_a_class_that_never_occurs_has_no_recall_and_does_not_count():
    counts = confusion([0, 0, 1], [0, 2, 1], classes=4)
    assert np.isnan(recalls(counts)).tolist() == [False, False, True, True]
    assert float(uar(counts)) == pytest.approx(0.75)


def test_nothing_to_score_is_not_a_number():
    assert np.isnan(uar(np.zeros((3, 3))))


@pytest.mark.parametrize(("truth", "guess"), [([0, 1], [0]), ([0, 3], [0, 1]), ([0, 1], [-1, 1])])
def test_labels_out_of_range_or_of_unequal_number_are_refused(truth, guess):
    with pytest.raises(UsageError, match="must be"):
        confusion(truth, guess, classes=3)
