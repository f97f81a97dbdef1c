from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from speech_emotion.training.ridge import SLOPE, BalancedRidge


@parametrize_with_checks([BalancedRidge()])
def test_our_estimator_follows_scikit_learns_rules(estimator: object, check: object) -> None:
    check(estimator)


@pytest.mark.parametrize(("rows", "columns"), [(90, 7), (90, 400)])
@pytest.mark.parametrize("classes", [2, 5])
def test_scores_are_those_of_scikit_learns_ridge_on_one_hot_targets(rows: int, columns: int, classes: int) -> None:
    random = np.random.default_rng(0)
    y = np.concatenate([np.arange(classes), random.choice(classes, rows - classes, p=_unequal(classes))])
    X = random.normal(size=(rows, columns)) + random.normal(size=(classes, columns))[y] + 3
    weights = rows / (classes * np.bincount(y)[y])
    oracle = Ridge(alpha=0.7, tol=1e-12).fit(X / np.sqrt(columns), np.eye(classes)[y], sample_weight=weights)
    logits = SLOPE * oracle.predict(X / np.sqrt(columns))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = BalancedRidge(penalty=0.7).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), atol=1e-9)


def test_a_rare_class_is_found_as_often_as_a_common_one() -> None:
    random = np.random.default_rng(1)
    y = np.repeat([0, 1], [950, 50])
    X = random.normal(size=(1000, 2)) + 1.5 * y[:, None]
    guesses = BalancedRidge().fit(X, y).predict(X)
    recalls = [(guesses[y == label] == label).mean() for label in (0, 1)]
    assert min(recalls) > 0.8


def test_the_penalty_means_the_same_with_every_column_twice() -> None:
    random = np.random.default_rng(2)
    y = np.arange(60) % 3
    X = random.normal(size=(60, 100))
    one = BalancedRidge().fit(X, y).predict_proba(X)
    two = BalancedRidge().fit(np.hstack([X, X]), y).predict_proba(np.hstack([X, X]))
    np.testing.assert_allclose(one, two, atol=1e-9)


def _unequal(classes: int) -> np.ndarray:
    shares = np.arange(1, classes + 1, dtype=float)
    return shares / shares.sum()
