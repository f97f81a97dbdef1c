"""A classifier that learns how sure to be, from speakers whom it has not heard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from speech_emotion.errors import TrainingError, UsageError
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.features.table import FeatureTable
from speech_emotion.models.bundle import load
from speech_emotion.training.calibrated import NEVER, Calibrated
from speech_emotion.training.families import family
from speech_emotion.training.train import train


class Witness(ClassifierMixin, BaseEstimator):
    """Writes down which rows it was fitted on and asked about; column 0 is the number of the speaker."""

    seen: list[tuple[set[float], set[float]]] = []  # noqa: RUF012 (shared on purpose: it is cloned)

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.heard_ = set(X[:, 0].tolist())
        return self

    def predict_proba(self, X):
        self.seen.append((self.heard_, set(X[:, 0].tolist())))
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def _rows(table):
    return table.values, np.array([table.classes.index(emotion) for emotion in table.emotions]), table.speakers


def test_what_calibrates_was_asked_of_models_that_had_not_heard_the_speaker(made_table):
    _, labels, speakers = _rows(made_table(speakers=6))
    Witness.seen.clear()
    numbers = np.array([[float(name[-2:])] for name in speakers])
    Calibrated(Witness(), folds=3).fit(numbers, labels, groups=speakers)
    assert len(Witness.seen) == 3
    assert not any(heard & asked for heard, asked in Witness.seen)
    assert set.union(*(asked for _, asked in Witness.seen)) == set(range(6))


def test_the_speakers_that_test_a_model_have_no_say_in_how_sure_it_is(made_table):
    table = made_table(speakers=6, strength=0.7)
    shuffled = table.emotions.copy()
    tested = table.speakers == "made/00"
    shuffled[tested] = shuffled[tested][::-1]
    first, second = (
        evaluate(Calibrated(LinearDiscriminantAnalysis(), sure_at=0.5), each, "loso", workers=1)
        for each in (table, replace(table, emotions=shuffled))
    )
    assert (first.probabilities[tested] == second.probabilities[tested]).all()


def test_a_model_that_claims_too_much_is_calibrated(made_table):
    table = made_table(speakers=16, strength=0.4, clips=8)
    boastful = LinearDiscriminantAnalysis(priors=[0.98, 0.01, 0.01])
    plain, calibrated = (evaluate(each, table, workers=1).scores for each in (boastful, Calibrated(boastful)))
    assert calibrated["ece"].value < plain["ece"].value - 0.1
    assert calibrated["log_loss"].high < plain["log_loss"].low
    assert calibrated["uar"] == plain["uar"]


def test_one_speaker_gives_nothing_to_calibrate_on(made_table):
    values, labels, speakers = _rows(made_table(speakers=1))
    model = Calibrated(LinearDiscriminantAnalysis(), sure_at=0.9).fit(values, labels, groups=speakers)
    assert (model.temperature_, model.sure_above_) == (1.0, 0.0)
    expected = LinearDiscriminantAnalysis().fit(values, labels).predict_proba(values)
    assert model.predict_proba(values) == pytest.approx(expected)
    assert (model.predict(values) == labels).mean() > 0.8


def test_what_cannot_be_calibrated_is_refused(made_table):
    values, labels, speakers = _rows(made_table())
    with pytest.raises(UsageError, match="groups=speakers"):
        Calibrated(LinearDiscriminantAnalysis()).fit(values, labels)
    with pytest.raises(UsageError, match="above 0 and below 1, not 90"):
        Calibrated(LinearDiscriminantAnalysis(), sure_at=90).fit(values, labels, groups=speakers)


def test_an_accuracy_out_of_reach_answers_nothing_and_trains_nothing(made_table):
    table = made_table(speakers=6, strength=0.0, clips=8)
    model = Calibrated(LinearDiscriminantAnalysis(), sure_at=0.99).fit(*_rows(table)[:2], groups=table.speakers)
    assert (model.sure_above_, model.coverage_) == (NEVER, 0.0)
    with pytest.raises(TrainingError, match="no confidence makes 99% of the answers right"):
        train(table, "lda", sure_at=0.99, workers=1)


def test_scikit_learn_can_copy_it():
    copy = clone(Calibrated(LinearDiscriminantAnalysis(shrinkage=0.5), sure_at=0.8))
    assert (copy.get_params()["estimator__shrinkage"], copy.sure_at) == (0.5, 0.8)


def test_a_bundle_carries_temperature_and_threshold_and_gives_the_same_probabilities(made_table, tmp_path):
    table = made_table(speakers=8, strength=0.8)
    made = train(table, "lda", sure_at=0.7, workers=1)
    made.save(tmp_path / "m.semodel")
    model = load(tmp_path / "m.semodel")
    assert model.temperature == made.temperature != 1
    assert 0 < model.sure_above == made.sure_above < 1
    expected = made.classifier.recipe.predict_proba(table.values)
    assert model.predict_proba(table) == pytest.approx(expected, abs=1e-4)
    told = model.provenance.scores["speaker"]
    assert 0 < told["coverage"]["value"] < 1
    assert told["sure_accuracy"]["value"] > told["accuracy"]["value"]


def test_calibration_can_be_left_out_and_changes_no_answer(made_table):
    table = made_table(speakers=5, strength=0.7)
    with_it, without = (train(table, "lda", calibrate=on, workers=1) for on in (True, False))
    assert without.temperature == 1
    assert (with_it.predict(table) == without.predict(table)).all()
    for protocol in ("random", "speaker"):
        for name in ("uar", "accuracy", "macro_f1"):
            assert with_it.provenance.scores[protocol][name] == without.provenance.scores[protocol][name]
    with pytest.raises(UsageError, match="needs calibration"):
        train(table, "lda", calibrate=False, sure_at=0.9)


def test_on_new_speakers_of_ravdess_a_certain_classifier_becomes_honest(ravdess_table: FeatureTable):
    recipe = family("lda").build()
    plain, calibrated = (evaluate(each, ravdess_table).scores for each in (recipe, Calibrated(recipe)))
    assert plain["ece"].value > 0.15
    assert calibrated["ece"].value < 0.08
    assert calibrated["log_loss"].high < plain["log_loss"].value
