from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from speech_emotion.evaluation.fitting import fit
from speech_emotion.training.families import family
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


def test_columns_that_are_not_scaled_and_say_the_same_are_learnt_from_all_the_same() -> None:
    random = np.random.default_rng(0)
    y = np.tile([0, 1], 40)
    X = np.outer(1e12 * (y + 0.1 * random.normal(size=80)), np.ones(6))
    assert (BalancedRidge(penalty=1e-3).fit(X, y).predict(X) == y).mean() > 0.9


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


def test_most_of_what_a_voice_has_always_is_not_there_to_lean_on() -> None:
    random = np.random.default_rng(3)
    speakers = np.repeat(["ann", "bob", "eve"], [10, 20, 30])
    y, X = np.arange(60) % 2, random.normal(size=(60, 4)) + 5 * (speakers == "bob")[:, None]
    centred = X.copy()
    for row, speaker in enumerate(speakers):
        centred[row] -= 0.75 * (X[speakers == speaker].mean(axis=0) - X.mean(axis=0))
    told = BalancedRidge(centred=0.75).fit(X, y, groups=speakers)
    np.testing.assert_allclose(told.coef_, BalancedRidge().fit(centred, y).coef_)
    np.testing.assert_allclose(
        BalancedRidge(centred=0).fit(X, y, groups=speakers).coef_, BalancedRidge().fit(X, y).coef_
    )


def test_a_pipeline_passes_on_who_speaks() -> None:
    random = np.random.default_rng(4)
    y, speakers = np.arange(60) % 3, np.arange(60) // 12
    X = (random.normal(size=(60, 5)) + speakers[:, None]).astype(np.float32)
    told = fit(family("ridge").build(), X, y, speakers.astype(str))
    by_hand = BalancedRidge().fit(told[0].transform(X), y, groups=speakers)
    np.testing.assert_allclose(told[-1].coef_, by_hand.coef_)
    assert not np.allclose(told[-1].coef_, fit(family("ridge").build(), X, y)[-1].coef_)
