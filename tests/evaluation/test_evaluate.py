"""A model's scores: on nothing that it was fitted on, and the same with any number of workers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier

from speech_emotion.errors import FeatureError, TrainingError, UsageError
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.evaluation.held_out import EMOBOX_ACTORS
from speech_emotion.evaluation.protocols import SpeakerSplit
from speech_emotion.models import bundle
from speech_emotion.models.manifest import Provenance
from speech_emotion.models.model import Model
from speech_emotion.training import train as training


class Trained:
    """A classifier that can be fitted anew, as training makes them."""

    def __init__(self, estimator):
        self.recipe = estimator

    def predict_proba(self, values):
        return self.recipe.predict_proba(values)

    def onnx(self):
        raise NotImplementedError


class Saved:
    """A classifier that can only be asked, as in a bundle."""

    def __init__(self, classes):
        self.classes = classes

    def predict_proba(self, values):
        return np.full((len(values), self.classes), 1 / self.classes)

    def onnx(self):
        raise NotImplementedError


class Parrot(ClassifierMixin, BaseEstimator):
    """Knows by heart what it was fitted on, and says the first class of anything else."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.heard_ = {row.tobytes(): label for row, label in zip(X, y, strict=True)}
        return self

    def predict_proba(self, X):
        guesses = [self.heard_.get(row.tobytes(), self.classes_[0]) for row in X]
        return (np.array(guesses)[:, None] == self.classes_).astype(float)


def _model(table, classifier, **provenance):
    return Model(classifier, table.classes, table.config, Provenance("lda", **provenance))


def test_scores_are_those_that_scikit_learn_finds_with_the_same_split(made_table):
    table = made_table(strength=0.7)
    report = evaluate(LinearDiscriminantAnalysis(), table, "speaker", folds=3, workers=1)
    labels = [table.classes.index(emotion) for emotion in table.emotions]
    probabilities = cross_val_predict(
        LinearDiscriminantAnalysis(),
        table.values,
        labels,
        groups=table.speakers,
        cv=SpeakerSplit(3),
        method="predict_proba",
    )
    assert report.probabilities == pytest.approx(probabilities, abs=1e-9)
    expected = balanced_accuracy_score(labels, probabilities.argmax(axis=1))
    assert report.scores["uar"].value == pytest.approx(expected, abs=1e-12)
    assert report.emotions == table.classes
    assert report.confusion.sum() == len(table)
    assert report.chance == pytest.approx(1 / 3)


def test_no_model_is_asked_about_what_it_was_fitted_on(made_table):
    table = made_table()
    for protocol in ("random", "speaker"):
        report = evaluate(Parrot(), table, protocol, workers=1)
        assert report.scores["uar"].value == pytest.approx(report.chance)
        assert report.recalls == {"calm": 1.0, "happy": 0.0, "sad": 0.0}


def test_a_random_split_flatters_a_model_that_knows_voices(made_table):
    table = made_table(speakers=12, strength=0.0)
    emotions = np.array([table.classes[int(name[-2:]) % 3] for name in table.speakers])
    table = replace(table, emotions=emotions)
    knows_voices = KNeighborsClassifier(n_neighbors=1)
    flattered = evaluate(knows_voices, table, "random", workers=1).scores["uar"].value
    honest = evaluate(knows_voices, table, "speaker", workers=1).scores["uar"].value
    assert flattered > 0.6
    assert honest < 0.5


def test_any_number_of_workers_gives_the_same_report(made_table):
    table = made_table()
    network = MLPClassifier(hidden_layer_sizes=(8,), max_iter=15, random_state=0)
    alone, together = (evaluate(network, table, folds=3, workers=count) for count in (1, 2))
    assert (alone.probabilities == together.probabilities).all()
    assert alone.as_dict() == together.as_dict()


def test_the_given_estimator_stays_unfitted_and_progress_is_told(made_table):
    estimator, seen = LinearDiscriminantAnalysis(), []
    evaluate(estimator, made_table(), folds=3, workers=1, progress=lambda *step: seen.append(step))
    assert not hasattr(estimator, "classes_")
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_fewer_speakers_than_folds_make_fewer_folds_and_the_report_says_so(made_table):
    report = evaluate(LinearDiscriminantAnalysis(), made_table(speakers=3), folds=5, workers=1)
    assert report.folds == 3
    assert report.notes == ("3 folds, not 5: there are no more speakers",)


def test_a_fold_that_lacks_an_emotion_is_still_judged(made_table):
    table = made_table(speakers=5)
    sad_elsewhere = (table.emotions == "sad") & ~np.isin(table.speakers, ["made/00", "made/01"])
    table = table.rows(~sad_elsewhere)
    report = evaluate(LinearDiscriminantAnalysis(), table, folds=2, workers=1)
    assert report.probabilities.sum(axis=1) == pytest.approx(1)


def test_a_trained_model_is_judged_by_fitting_its_recipe_anew(made_table):
    table = made_table()
    labels = np.array([table.classes.index(emotion) for emotion in table.emotions])
    model = _model(table, Trained(Parrot().fit(table.values, labels)), speakers=tuple(set(table.speakers)))
    assert (model.predict(table) == table.emotions).all()
    report = evaluate(model, table, workers=1)
    assert report.scores["uar"].value == pytest.approx(report.chance)


def test_a_trained_model_is_judged_on_its_own_features_and_emotions(made_table):
    table = made_table(emotions=("calm", "happy", "sad", "angry"))
    small = table.select(["calm", "sad"]).narrow(["mfcc"])
    model = _model(small, Trained(LinearDiscriminantAnalysis()))
    report = evaluate(model, table, workers=1)
    assert report.emotions == ("calm", "sad")
    alone = evaluate(LinearDiscriminantAnalysis(), small, workers=1)
    assert replace(report, notes=()).as_dict() == alone.as_dict()
    assert report.notes == ("48 utterances left out: the model does not know their emotions",)


def test_a_saved_model_is_judged_as_it_is_on_new_speakers(made_table):
    table = made_table(speakers=4)
    new = table.rows(np.isin(table.speakers, ["made/02", "made/03"]))
    report = evaluate(_model(table, Saved(3), speakers=("made/00", "made/01")), new)
    assert report.folds == 0
    assert report.scores["uar"].value == pytest.approx(1 / 3)
    assert "as it is" in report.notes[0]


def test_a_saved_model_is_not_judged_on_its_own_speakers(made_table):
    table = made_table(speakers=4)
    model = _model(table, Saved(3), speakers=("made/00", "made/01"))
    with pytest.raises(TrainingError, match=r"trained on 2 of these speakers \(made/00, made/01\)"):
        evaluate(model, table)
    with pytest.raises(UsageError, match="cannot be fitted anew"):
        evaluate(model, table, "random")


def test_a_table_measured_otherwise_is_refused(made_table):
    table = made_table()
    other = replace(table, config=replace(table.config, hop=256))
    with pytest.raises(FeatureError, match="made with hop = 256, and the model needs 512"):
        evaluate(_model(table, Saved(3)), other)


def test_what_cannot_be_judged_is_refused_in_one_line(made_table):
    table = made_table()
    with pytest.raises(UsageError, match="str has not"):
        evaluate("mlp", table)
    with pytest.raises(UsageError, match="unknown protocol 'lotso'"):
        evaluate(LinearDiscriminantAnalysis(), table, "lotso")
    with pytest.raises(TrainingError, match="only 'calm'"):
        evaluate(LinearDiscriminantAnalysis(), table.select(["calm"]))
    with pytest.raises(TrainingError, match="no recordings"):
        evaluate(LinearDiscriminantAnalysis(), table.rows(np.arange(0)))
    values = table.values.copy()
    values[7, 2] = np.nan
    with pytest.raises(TrainingError, match=r"mel_mean_02 of made/0007\.wav is nan"):
        evaluate(LinearDiscriminantAnalysis(), replace(table, values=values))


class Listening(Parrot):
    """Remembers who it was told speaks."""

    heard: list[set[str]] = []  # noqa: RUF012 (shared on purpose: each fold fits a copy)

    def fit(self, X, y, groups=None):
        self.heard.append(set(groups))
        return super().fit(X, y)


def test_an_estimator_that_asks_for_speakers_is_told_those_of_its_training_rows(made_table):
    table = made_table(speakers=3)
    Listening.heard.clear()
    evaluate(Listening(), table, "loso", workers=1)
    everyone = {"made/00", "made/01", "made/02"}
    assert Listening.heard == [everyone - {name} for name in sorted(everyone)]


@pytest.mark.parametrize("protocol", ["loso", "sentence", "corpus"])
def test_every_protocol_tests_each_utterance_on_what_was_not_learnt(made_table, protocol):
    table = made_table(speakers=4)
    rows = np.arange(len(table))
    table = replace(table, sentences=np.array(["a", "b"])[rows % 2], corpora=np.array(["x", "y"])[(rows % 8) // 4])
    report = evaluate(Parrot(), table, protocol, workers=1)
    assert report.folds == {"loso": 4, "sentence": 2, "corpus": 2}[protocol]
    assert report.scores["uar"].value == pytest.approx(report.chance)
    assert report.notes == ()


def test_emobox_is_the_mean_of_six_folds_and_says_so(made_table):
    table = made_table(speakers=24, clips=2, strength=0.5)
    table = replace(table, speakers=np.array([f"ravdess/{int(name[-2:]) + 1:02d}" for name in table.speakers]))
    missing = (table.speakers == "ravdess/01") & (table.emotions == "sad")  # so that the pooled UAR is another
    table = table.rows(~missing)
    report = evaluate(LinearDiscriminantAnalysis(), table, "emobox", workers=1)
    guess, each = report.probabilities.argmax(axis=1), []
    for actors in EMOBOX_ACTORS:
        rows = np.isin(table.speakers, [f"ravdess/{actor:02d}" for actor in actors])
        each.append(balanced_accuracy_score(report.truth[rows], guess[rows]))
    assert report.scores["uar"].value == pytest.approx(np.mean(each), abs=1e-12)
    assert report.scores["uar"].value != pytest.approx(balanced_accuracy_score(report.truth, guess), abs=1e-6)
    assert report.scores["uar"].low < report.scores["uar"].value < report.scores["uar"].high
    assert "means of the six folds" in report.notes[0]


def test_a_saved_model_knows_a_voice_again_by_the_name_of_its_file_in_any_folder(made_table):
    table = made_table(speakers=4)
    paths = np.array([f"mine/03-01-04-01-01-01-{1 + row % 2:02}.wav" for row in range(len(table))])
    model = _model(table, Saved(3), speakers=("ravdess/01", "ravdess/02", "ravdess/03"))
    with pytest.raises(TrainingError, match=r"trained on 2 of these speakers \(ravdess/01, ravdess/02\)"):
        evaluate(model, replace(table, paths=paths))


def test_a_saved_model_is_judged_on_its_own_speakers_only_when_told_to_and_marked(made_table):
    table = made_table(speakers=4)
    model = _model(table, Saved(3), speakers=("made/00", "made/01"))
    report = evaluate(model, table, allow_overlap=True)
    assert report.notes == ("OVERLAP: trained on 2 of these 4 speakers (made/00, made/01); new voices will score less",)


def test_what_a_saved_model_is_not_sure_of_counts_as_not_answered(made_table):
    table = made_table(speakers=4)
    unsure = replace(_model(table, Saved(3)), sure_above=0.4)
    report = evaluate(unsure, table)
    assert report.scores["coverage"].value == 0
    assert "sure_accuracy" not in report.scores
    assert "coverage" not in evaluate(replace(unsure, sure_above=0.0), table).scores


def test_json_has_each_score_with_its_interval_at_the_top(made_table):
    facts = evaluate(LinearDiscriminantAnalysis(), made_table(), workers=1).as_dict()
    for name in ("uar", "accuracy", "macro_f1", "log_loss", "brier", "ece", "aurc"):
        assert set(facts[name]) == {"value", "low", "high"}
        assert facts[name]["low"] <= facts[name]["value"] <= facts[name]["high"]


class Recorder(ClassifierMixin, BaseEstimator):
    """Remembers, in its answers, how many rows it learnt."""

    def fit(self, X, y):
        self.classes_, self.rows = np.unique(y), {row.tobytes() for row in X}
        assert len(X) == len(y)
        return self

    def predict_proba(self, X):
        seen = np.array([row.tobytes() in self.rows for row in X])
        assert not seen.any(), "a row that was learnt, or a copy of one, is tested"
        share = len(self.rows) / 1000
        return np.tile([share, 1 - share], (len(X), 1))


@pytest.mark.parametrize("protocol", ["random", "speaker"])
def test_copies_of_training_clips_are_learnt_and_none_is_tested(protocol, made_table):
    table = made_table(speakers=4, emotions=("calm", "sad"))
    copies = {"slower": table.values + 1, "faster": table.values - 1}
    report = evaluate(Recorder(), replace(table, copies=copies), protocol, folds=4, workers=1)
    assert len(report.truth) == len(table)
    np.testing.assert_allclose(report.probabilities[:, 0], 3 * len(table) * 3 / 4 / 1000)


class Spy(SpeakerSplit):
    """A splitter that remembers how many speakers it was asked to keep apart, and that it did."""

    asked: list[int] = []  # noqa: RUF012 (shared on purpose: it is cloned)

    def split(self, X, y=None, groups=None):
        Spy.asked.append(len(set(groups)))
        for train, test in SpeakerSplit(self.folds, self.seed).split(X, y, groups):
            assert not set(groups[train]) & set(groups[test])
            yield train, test


def test_choosing_between_models_inside_a_fold_keeps_the_training_speakers_apart(made_table):
    table = made_table(speakers=6, strength=1.0)
    choice = GridSearchCV(LinearDiscriminantAnalysis(solver="lsqr"), {"shrinkage": [0.1, 0.9]}, cv=Spy(folds=3))
    Spy.asked = []
    report = evaluate(choice, table, "loso", workers=1)
    assert report.folds == 6
    assert Spy.asked == [5] * 6


def test_chance_counts_the_emotions_that_are_tested(made_table) -> None:
    """A model of three emotions, asked about clips of two: UAR is a mean over these two."""
    table = made_table(speakers=6)
    found = evaluate(_model(table, Saved(3)), table.select(["calm", "sad"]))
    assert len(found.emotions) == 3
    assert found.chance == 1 / 2


def test_a_saved_model_that_knows_more_emotions_says_that_they_count_as_wrong(made_table, tmp_path):
    training.train(made_table(), family="lda", protocols=[]).save(tmp_path / "m.semodel")
    model = bundle.load(tmp_path / "m.semodel")
    other = made_table(seed=1)
    other = replace(other, speakers=np.char.add("other/", other.speakers))
    notes = evaluate(model, other.rows(other.emotions != "calm"), workers=1).notes
    assert any("also knows calm, which no recording here is" in note for note in notes)
    assert not any("also knows" in note for note in evaluate(model, other, workers=1).notes)
