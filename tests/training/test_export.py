from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from speech_emotion.errors import MissingExtraError
from speech_emotion.features.table import FeatureTable
from speech_emotion.models import bundle
from speech_emotion.models.manifest import Provenance
from speech_emotion.models.model import Model
from speech_emotion.models.onnx_audit import audit
from speech_emotion.models.onnx_classifier import OnnxClassifier
from speech_emotion.training.export import SklearnClassifier
from speech_emotion.training.families import FAMILIES, family

CLOSE = 1e-4

QUICK = {"mlp": {"max_iter": 20, "hidden_layer_sizes": (50,)}, "extra_trees": {"n_estimators": 50}}
VARIANTS = [(name, QUICK.get(name, {})) for name in FAMILIES] + [
    ("mlp", {"max_iter": 20, "hidden_layer_sizes": (32, 16), "activation": "tanh"}),
    ("svm", {"C": 100.0, "gamma": 0.03, "class_weight": "balanced"}),
    ("lda", {"shrinkage": 0.01}),
    ("logistic", {"C": 10.0, "class_weight": "balanced"}),
    ("extra_trees", {"n_estimators": 20, "min_samples_leaf": 1, "max_features": 0.4}),
]


def fitted(
    name: str, hyperparameters: dict[str, object], X: NDArray[np.float32], y: NDArray[np.intp]
) -> SklearnClassifier:
    return SklearnClassifier(family(name).build(0, **hyperparameters).fit(X, y))


def labelled(classes: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Rows with the scale of real features: columns of magnitude 1e-6 to 1e3, with and without an offset."""
    random = np.random.default_rng(classes)
    labels = np.tile(np.arange(classes), 40)
    signal = random.normal(size=(classes, 24))[labels] + 2 * random.normal(size=(len(labels), 24))
    values = signal * np.geomspace(1e-6, 1e3, 24) + np.tile([0, 4], 12) * np.geomspace(1e-6, 1e3, 24)
    return values.astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3, 8])
@pytest.mark.parametrize(("name", "hyperparameters"), VARIANTS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_exported_probabilities_are_scikit_learns(
    name: str, hyperparameters: dict[str, object], classes: int
) -> None:
    X, y = labelled(classes)
    classifier = fitted(name, hyperparameters, X, y)
    data = classifier.onnx()
    audit(data, 24, classes)
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    unseen = np.random.default_rng(9).permuted(X, axis=0) * np.float32(1.5)
    for values in (X, unseen, X[:1]):
        found = OnnxClassifier(data).predict_proba(values)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, classifier.predict_proba(values), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_same_pipeline_gives_the_same_bytes(name: str) -> None:
    X, y = labelled(3)
    assert fitted(name, QUICK.get(name, {}), X, y).onnx() == fitted(name, QUICK.get(name, {}), X, y).onnx()


def test_values_next_to_a_trees_threshold_fall_on_the_same_side() -> None:
    random = np.random.default_rng(0)
    X = np.float32(1) + random.integers(0, 6, size=(400, 4)).astype(np.float32) * np.finfo(np.float32).eps
    y = (X.sum(axis=1) > np.median(X.sum(axis=1))).astype(int) + (X[:, 0] > X[:, 1])
    classifier = fitted("extra_trees", {"n_estimators": 50, "min_samples_leaf": 1}, X, y)
    assert classifier.pipeline.score(X, y) == 1
    found = OnnxClassifier(classifier.onnx()).predict_proba(X)
    np.testing.assert_allclose(found, classifier.predict_proba(X), rtol=0, atol=CLOSE)


def test_a_recording_on_the_border_of_two_emotions_is_scored_alike() -> None:
    """Whole votes would fall to one side here and to the other there."""
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 3)).astype(np.float32)
    classifier = fitted("svm", {}, X, np.arange(120) % 4)
    machines = classifier.pipeline[-1].svc_
    scaler = classifier.pipeline[0]
    low, high = X[:40].copy(), X[40:80].copy()
    for _ in range(60):  # the point between two rows where the first pair's distance changes sign
        middle = (low + high) / 2
        below = [machines.decision_function(scaler.transform(rows))[:, 0] for rows in (low, middle)]
        same = (below[0] > 0) == (below[1] > 0)
        low[same], high[~same] = middle[same], middle[~same]
    found = OnnxClassifier(classifier.onnx()).predict_proba(low)
    np.testing.assert_allclose(found, classifier.predict_proba(low), rtol=0, atol=CLOSE)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = labelled(2)
    classifier = fitted("lda", {}, X, y)
    monkeypatch.setitem(__import__("sys").modules, "skl2onnx", None)
    with pytest.raises(MissingExtraError, match=r"speech-emotion\[train\]"):
        classifier.onnx()


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("emotions", [2, 4, 8])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_on_all_of_ravdess_a_bundle_gives_scikit_learns_probabilities(
    name: str, emotions: int, ravdess_table: FeatureTable, tmp_path: Path
) -> None:
    classes = ravdess_table.classes[-emotions:]
    table = ravdess_table.select(classes)
    hyperparameters = {"max_iter": 60} if name == "mlp" else {}
    classifier = fitted(name, hyperparameters, table.values, np.array([classes.index(e) for e in table.emotions]))
    model = Model(classifier, classes, table.config, Provenance(name, origins=table.origins))
    model.save(tmp_path / "m.semodel")
    found = bundle.load(tmp_path / "m.semodel").predict_proba(ravdess_table)
    assert len(found) == 1440
    np.testing.assert_allclose(found, model.predict_proba(ravdess_table), rtol=0, atol=CLOSE)
