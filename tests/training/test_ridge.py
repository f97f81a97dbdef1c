from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from speech_emotion.evaluation.fitting import fit
from speech_emotion.models.calibration import softmax
from speech_emotion.training.families import family
from speech_emotion.training.gram import Gram, ridge_by_gram
from speech_emotion.training.linear import balanced
from speech_emotion.training.moments import Moments, counted, ridge_by_moments
from speech_emotion.training.ridge import BalancedRidge


@parametrize_with_checks([BalancedRidge()])
def test_our_estimator_follows_scikit_learns_rules(estimator: object, check: object) -> None:
    check(estimator)


@pytest.mark.parametrize(("rows", "columns"), [(90, 7), (90, 400)])
@pytest.mark.parametrize("classes", [2, 5])
def test_scores_are_those_of_penalised_linear_discriminants(rows: int, columns: int, classes: int) -> None:
    random = np.random.default_rng(0)
    y = np.concatenate([np.arange(classes), random.choice(classes, rows - classes, p=_unequal(classes))])
    X = random.normal(size=(rows, columns)) + random.normal(size=(classes, columns))[y] + 3
    means = np.stack([X[y == label].mean(axis=0) for label in range(classes)])
    apart, weights = X - means[y], 1 / (classes * np.bincount(y)[y])
    within = apart.T @ (weights[:, None] * apart) + 0.7 * columns / rows * np.eye(columns)
    towards = np.linalg.solve(within, (means - means.mean(axis=0)).T)
    logits = (X - (means + means.mean(axis=0))[:, None] / 2).transpose(1, 0, 2) @ towards
    expected = _less_their_mean(np.einsum("icc->ic", logits))
    found = _less_their_mean(np.log(BalancedRidge(penalty=0.7).fit(X, y).predict_proba(X)))
    factor = (found * expected).sum() / (expected**2).sum()
    assert 0 < factor < 10
    np.testing.assert_allclose(found, factor * expected, atol=1e-6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_with_hardly_a_penalty_scores_stay_finite(kind: type) -> None:
    random = np.random.default_rng(5)
    X, y = random.normal(size=(20, 50)).astype(kind), np.arange(20) % 4
    found = BalancedRidge(penalty=1e-12).fit(X, y)
    assert (found.predict(X) == y).all()
    assert abs(found.decision_function(X)).max() < 100


@pytest.mark.parametrize(("rows", "columns", "offset"), [(90, 7, 1000), (90, 400, 3)])
@pytest.mark.parametrize("penalty", [1e-6, 1e-3, 1.0])
def test_single_precision_changes_no_score(penalty: float, rows: int, columns: int, offset: float) -> None:
    random = np.random.default_rng(6)
    y = np.arange(rows) % 5
    X = (random.normal(size=(rows, columns)) + random.normal(size=(5, columns))[y] + offset).astype(np.float32)
    single, double = (BalancedRidge(penalty=penalty).fit(each, y) for each in (X, X.astype(np.float64)))
    np.testing.assert_allclose(single.decision_function(X), double.decision_function(X), atol=1e-2)


@pytest.mark.parametrize("centred", [0.0, 0.75])
@pytest.mark.parametrize("penalty", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_sums_and_products_of_rows_give_the_same_scores(classes: int, penalty: float, centred: float) -> None:
    random = np.random.default_rng(7)
    y = np.concatenate([np.arange(classes), random.choice(classes, 55, p=_unequal(classes))])
    who = random.integers(4, size=len(y))
    X = (random.normal(size=(len(y), 9)) + random.normal(size=(classes, 9))[y]).astype(np.float32)
    asked = random.normal(size=(6, 9)).astype(np.float32)
    expected = BalancedRidge(penalty=penalty, centred=centred).fit(X, y, groups=who).predict_proba(asked)
    by_rows = ridge_by_gram(Gram(X @ X.T, asked @ X.T, 9), y, who, classes, penalty, centred)
    weights = balanced(y, classes)[:, None]
    speakers, labels = ((np.arange(count)[:, None] == of) for count, of in ((4, who), (classes, y)))
    sums = (speakers @ X, speakers @ (weights * X), labels @ X)
    slopes, offsets = ridge_by_moments(Moments((weights * X).T @ X, *sums, counted(who, y)), penalty, centred)
    for logits in (by_rows, asked @ slopes + offsets):
        np.testing.assert_allclose(softmax(logits), expected, atol=1e-3)


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


def _less_their_mean(rows: np.ndarray) -> np.ndarray:
    return rows - rows.mean(axis=1, keepdims=True)


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
