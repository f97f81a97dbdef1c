"""Features standardised per speaker: what it may use, what it must say, and that voices no longer matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from speech_emotion.errors import UsageError
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.training.families import family
from speech_emotion.training.per_speaker import PerSpeaker, standardised
from speech_emotion.training.train import recipe


@given(st.integers(0, 2**32 - 1))
def test_each_speakers_rows_are_what_scikit_learn_makes_of_them_alone(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(size=7) * 100, 3, size=(40, 7)).astype(np.float32)
    speakers = rng.choice(["a", "b", "c"], size=40)
    found = standardised(values, speakers)
    for name in np.unique(speakers):
        expected = StandardScaler().fit_transform(values[speakers == name].astype(np.float64))
        np.testing.assert_allclose(found[speakers == name], expected, atol=1e-5)


def test_a_column_that_does_not_vary_becomes_zero():
    values = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 6.0]] * 7)
    assert (standardised(values, ["a"] * 21)[:, 0] == 0).all()
    assert (standardised(values[:1], ["alone"]) == 0).all()


def test_how_high_loud_and_lively_a_voice_is_no_longer_matters(made_table):
    table = made_table(speakers=6, strength=1.0)
    who = np.unique(table.speakers, return_inverse=True)[1][:, None]
    louder = replace(table, values=(table.values * (1 + who) + 50 * who).astype(np.float32))
    first, second = (evaluate(PerSpeaker(family("lda").build()), each, workers=1) for each in (table, louder))
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=1e-3)


def test_the_labels_of_the_tested_speakers_have_no_say(made_table):
    table = made_table(speakers=5, strength=1.0)
    tested = table.speakers == "made/00"
    emotions = table.emotions.copy()
    emotions[tested] = emotions[tested][::-1]
    judged = PerSpeaker(recipe("logistic", calibrate=False))
    first, second = (evaluate(judged, each, "loso", workers=1) for each in (table, replace(table, emotions=emotions)))
    np.testing.assert_array_equal(first.probabilities[tested], second.probabilities[tested])


def test_the_report_says_what_was_done(made_table):
    table = made_table()
    assert any("per speaker" in note for note in evaluate(PerSpeaker(family("lda").build()), table, workers=1).notes)
    assert not any("per speaker" in note for note in evaluate(family("lda").build(), table, workers=1).notes)


def test_without_speakers_it_refuses(made_table):
    table = made_table()
    with pytest.raises(UsageError, match="needs to know who speaks"):
        PerSpeaker(family("lda").build()).fit(table.values, table.emotions)
    fitted = PerSpeaker(family("lda").build()).fit(table.values, table.emotions, groups=table.speakers)
    with pytest.raises(UsageError, match="needs to know who speaks"):
        fitted.predict(table.values)
    assert (fitted.predict(table.values, groups=table.speakers) == table.emotions).mean() > 0.9


def test_it_can_be_calibrated_inside(made_table):
    table = made_table(speakers=5, strength=1.0)
    labels = np.array([table.classes.index(emotion) for emotion in table.emotions])
    fitted = PerSpeaker(recipe("logistic")).fit(table.values, labels, groups=table.speakers)
    assert fitted.fitted_.temperature_ != 1
