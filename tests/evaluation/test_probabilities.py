"""Scores of probabilities; scikit-learn is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from speech_emotion.errors import UsageError
from speech_emotion.evaluation.probabilities import (
    aurc,
    brier_scores,
    ece,
    guesses,
    log_losses,
    reliability,
    risk_coverage,
    sorted_ece,
)


def _made(seed, count=150, classes=4):
    rng = np.random.default_rng(seed)
    return rng.integers(0, classes, count), rng.dirichlet(np.full(classes, 0.5), count)


@pytest.mark.parametrize("seed", range(20))
def test_log_loss_and_brier_score_equal_scikit_learns(seed):
    classes = 3 + seed % 4
    truth, probabilities = _made(seed, classes=classes)
    labels = list(range(classes))
    assert log_losses(truth, probabilities).mean() == pytest.approx(
        log_loss(truth, probabilities, labels=labels), abs=1e-12
    )
    expected = brier_score_loss(truth, probabilities, labels=labels, scale_by_half=False)
    assert brier_scores(truth, probabilities).mean() == pytest.approx(expected, abs=1e-12)


def test_a_probability_of_nothing_costs_much_but_not_all():
    assert log_losses([0, 1], [[0.0, 1.0], [0.0, 1.0]]) == pytest.approx(
        [log_loss([0], [[0.0, 1.0]], labels=[0, 1]), 0], abs=1e-12
    )


@pytest.mark.parametrize("seed", range(20))
def test_calibration_error_equals_the_mean_gap_of_scikit_learns_quantile_bins(seed):
    confidence, right = guesses(*_made(seed))
    accuracies, confidences = calibration_curve(right, confidence, n_bins=15, strategy="quantile")
    assert ece(confidence, right) == pytest.approx(np.abs(accuracies - confidences).mean(), abs=1e-12)
    bins = reliability(confidence, right)
    assert [part.accuracy for part in bins] == pytest.approx(accuracies, abs=1e-12)
    assert [part.confidence for part in bins] == pytest.approx(confidences, abs=1e-12)


pairs = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


@given(pairs, st.integers(1, 20))
def test_calibration_error_is_the_weighted_gap_of_its_bins(found, bins):
    confidence, right = (np.array(values, dtype=float) for values in zip(*found, strict=True))
    parts = reliability(confidence, right, bins)
    sizes = [part.utterances for part in parts]
    assert sum(sizes) == len(found)
    assert max(sizes) - min(sizes) <= 1
    expected = sum(part.utterances * abs(part.accuracy - part.confidence) for part in parts) / len(found)
    assert ece(confidence, right, bins) == pytest.approx(expected, abs=1e-12)
    order = np.argsort(confidence, kind="stable")
    assert sorted_ece(confidence[order], right[order], bins) == ece(confidence, right, bins)


@given(pairs)
def test_risk_at_each_coverage_is_the_error_of_the_surest(found):
    confidence, right = (np.array(values, dtype=float) for values in zip(*found, strict=True))
    coverage, risk = risk_coverage(confidence, right)
    surest = sorted(range(len(found)), key=lambda row: -confidence[row])
    for count, (covered, wrong) in enumerate(zip(coverage, risk, strict=True), 1):
        assert covered == pytest.approx(count / len(found))
        assert wrong == pytest.approx(1 - np.mean([right[row] for row in surest[:count]]), abs=1e-12)
    assert aurc(confidence, right) == pytest.approx(risk.mean(), abs=1e-12)


def test_a_confidence_that_says_nothing_has_the_error_rate_as_its_area():
    rng = np.random.default_rng(0)
    assert aurc(rng.random(20_000), rng.random(20_000) < 0.7) == pytest.approx(0.3, abs=0.02)


def test_what_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="probabilities must be"):
        log_losses([0, 1], [[0.5, 0.5]])
    with pytest.raises(UsageError, match="labels must be from 0 to 1"):
        brier_scores([2], [[0.5, 0.5]])
