"""Our own logistic regression and multilayer perceptron beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from speech_emotion.training.logistic import Logistic
from speech_emotion.training.mlp import MLP


def made_rows(classes: int, columns: int = 12, rows: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Standardised features of overlapping classes, of which the first is the rarest."""
    random = np.random.default_rng(seed)
    labels = np.sort(random.choice(classes, rows, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()))
    centres = random.normal(size=(classes, columns))
    values = random.normal(size=(rows, columns)) + centres[labels]
    return ((values - values.mean(axis=0)) / values.std(axis=0)).astype(np.float32), labels


@parametrize_with_checks([Logistic(), MLP(max_iter=100)])
def test_our_estimators_follow_scikit_learns_rules(estimator: object, check: object) -> None:
    check(estimator)


@pytest.mark.parametrize("columns", [12, 400])  # fewer than rows, and more
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("C", [0.01, 1.0])
@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_regression_finds_scikit_learns_minimum(
    classes: int, C: float, class_weight: str | None, columns: int
) -> None:
    X, y = made_rows(classes, columns)
    theirs = LogisticRegression(C=C, class_weight=class_weight, tol=1e-8, max_iter=5000).fit(X.astype(float), y)
    ours = Logistic(C=C, class_weight=class_weight).fit(X, y)
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=2e-3)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=5e-3)


def test_logistic_regression_converges_on_columns_of_any_scale() -> None:
    X, y = made_rows(4)
    X = X * np.geomspace(1e-2, 1e3, X.shape[1], dtype=np.float32) + np.linspace(0, 5e3, X.shape[1], dtype=np.float32)
    ours = Logistic(C=1.0).fit(X, y)
    assert ours.n_iter_ < 300

    def objective(model: Logistic) -> float:
        likelihood = np.log(model.predict_proba(X)[np.arange(len(y)), y])
        return float((model.coef_**2).sum() / 2 - likelihood.sum())

    with pytest.warns(ConvergenceWarning):
        rough = LogisticRegression(C=1.0, max_iter=300).fit(X, y)
    assert objective(ours) < objective(rough) - 0.1


@pytest.mark.parametrize("columns", [12, 400])
def test_logistic_regression_learns_from_columns_that_dwarf_its_penalty(columns: int) -> None:
    X, y = made_rows(3, columns)
    X[:, -1] = X[:, 0]
    ours = Logistic(C=10.0).fit(X * np.float32(1e9), y)
    assert ours.score(X * np.float32(1e9), y) > 0.9


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"activation": "tanh", "batch_size": 32},
        {"hidden_layer_sizes": (20, 10), "alpha": 3.0, "batch_size": 64},  # 150 rows: the last batch is smaller
        {"hidden_layer_sizes": (400,), "epsilon": 1e-3, "learning_rate_init": 0.01, "batch_size": 150},
    ],
    ids=str,
)
def test_a_network_learns_as_scikit_learns(settings: dict) -> None:
    X, y = made_rows(5, 90)  # with 400 units more weights than are moved at a time
    settings = {"hidden_layer_sizes": (30,), "max_iter": 8, "random_state": 3, **settings}
    theirs, ours = MLPClassifier(**settings), MLP(**settings)
    with pytest.warns(ConvergenceWarning):
        theirs.fit(X, y)
    ours.fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


def test_a_network_stops_when_scikit_learns_does() -> None:
    X, y = made_rows(3)
    settings = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.02, "max_iter": 2000, "random_state": 0}
    ours, theirs = MLP(**settings).fit(X, y), MLPClassifier(**settings).fit(X, y)
    assert 10 < ours.n_iter_ < 2000
    assert ours.n_iter_ == pytest.approx(theirs.n_iter_, abs=3)


def test_a_network_whose_weights_become_infinite_says_so() -> None:
    X, y = made_rows(3)
    with pytest.raises(ValueError, match="infinite; scale the features"):
        MLP(max_iter=20, learning_rate_init=1e38).fit(X, y)
