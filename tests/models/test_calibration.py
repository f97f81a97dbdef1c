"""How sure to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from speech_emotion.models.calibration import temperature_for, tempered, threshold_for


def _clips(temperature, count=4000):
    """Labels drawn from the probabilities of logits, which are then shown at another temperature."""
    rng = np.random.default_rng(0)
    logits = 1.5 * rng.normal(size=(count, 5))
    truth = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    return truth, softmax(logits * temperature, axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0, 10.0])
def test_the_temperature_that_spoilt_calibration_is_found(temperature):
    truth, spoilt = _clips(temperature)
    assert temperature_for(truth, spoilt) == pytest.approx(temperature, rel=0.08)


def test_the_temperature_is_that_of_scipys_minimum():
    truth, spoilt = _clips(4.0, count=300)
    rows = np.arange(len(truth))
    logits = np.log(spoilt)
    oracle = minimize_scalar(
        lambda t: -log_softmax(logits / np.exp(t), axis=1)[rows, truth].mean(), bounds=(-3, 4.6), method="bounded"
    )
    assert temperature_for(truth, spoilt) == pytest.approx(np.exp(oracle.x), rel=1e-3)


def test_another_temperature_keeps_what_is_likeliest_and_sums_to_one():
    _, probabilities = _clips(2.0, count=100)
    for temperature in (0.3, 1.0, 7.0):
        found = tempered(probabilities, temperature)
        assert (found.argmax(axis=1) == probabilities.argmax(axis=1)).all()
        assert found.sum(axis=1) == pytest.approx(1)
    assert tempered(probabilities, 7.0).max() < probabilities.max()
    assert np.isfinite(tempered(np.array([[1.0, 0.0]]), 0.05)).all()


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=80), st.floats(0.1, 0.95))
def test_the_threshold_answers_as_much_as_the_wanted_accuracy_allows(found, wanted):
    confidence, right = (
        np.array(values) / scale for values, scale in zip(zip(*found, strict=True), (10, 1), strict=True)
    )
    allowed = []
    for level in np.unique(confidence):
        answered = confidence >= level
        if answered.sum() >= 20 and right[answered].mean() >= wanted:
            allowed.append((answered.mean(), level, right[answered].mean()))
    threshold = threshold_for(confidence, right, wanted)
    if not allowed:
        assert threshold is None
        return
    coverage, level, accuracy = max(allowed)
    assert threshold.confidence == level
    assert threshold.coverage == pytest.approx(coverage)
    assert threshold.accuracy == pytest.approx(accuracy)


def test_a_few_lucky_answers_are_no_evidence():
    confidence = np.linspace(1, 0, 100)
    assert threshold_for(confidence, np.arange(100) < 10, 0.9) is None
    assert threshold_for(confidence, np.arange(100) < 30, 0.9).coverage == pytest.approx(0.33)
