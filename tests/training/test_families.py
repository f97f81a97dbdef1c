from __future__ import annotations

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from speech_emotion.errors import UsageError
from speech_emotion.training import svm
from speech_emotion.training.families import FAMILIES, family
from speech_emotion.training.spaces import Choice, Real, Whole
from speech_emotion.training.svm import SHARPNESS, PairwiseSVC

QUICK = {"mlp": {"max_iter": 30}, "extra_trees": {"n_estimators": 20}}


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Three well separated classes, shape (90, 6)."""
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 30)
    return (random.normal(size=(90, 6)) + 3 * np.eye(3, 6)[labels]).astype(np.float32), labels


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_family_learns_and_gives_probabilities(name: str, rows: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = rows
    pipeline = family(name).build(0, **QUICK.get(name, {}))
    assert isinstance(pipeline, Pipeline)
    pipeline.fit(X, y)
    assert pipeline.score(X, y) > 0.9
    np.testing.assert_allclose(pipeline.predict_proba(X).sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_same_seed_gives_the_same_model(name: str, rows: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = rows
    one, other = (family(name).build(3, **QUICK.get(name, {})).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_point_of_the_search_space_can_be_built(name: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(25):
        chosen = {key: dimension.draw(rng) for key, dimension in family(name).space.items()}
        built = family(name).build(0, **chosen)[-1].get_params()
        assert {key: built[key] for key in chosen} == chosen


@pytest.mark.parametrize("name", FAMILIES)
def test_the_defaults_name_every_hyperparameter_of_the_space(name: str) -> None:
    assert set(family(name).space) <= set(family(name).defaults)


@pytest.mark.parametrize("name", FAMILIES)
def test_only_ridge_minds_how_often_each_clip_is_learnt(name: str) -> None:
    own = family(name)
    assert own.usual() == own.usual(1) == own.usual(2) == own.defaults
    assert own.usual(6) == ({**own.defaults, "penalty": 3.0} if name == "ridge" else own.defaults)


def test_the_mlp_is_the_prototypes() -> None:
    built = family("mlp").build(5)[-1].get_params()
    expected = {
        "hidden_layer_sizes": (300,),
        "alpha": 0.01,
        "batch_size": 256,
        "epsilon": 1e-8,
        "max_iter": 500,
        "random_state": 5,
    }
    assert {key: built[key] for key in expected} == expected


def test_layers_read_back_from_json_are_layers() -> None:
    assert family("mlp").build(0, hidden_layer_sizes=[64, 32])[-1].hidden_layer_sizes == (64, 32)


def test_an_unknown_family_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown family 'mpl' \(valid: mlp, svm, .*\); did you mean 'mlp'\?"):
        family("mpl")


def test_an_unknown_hyperparameter_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown hyperparameter 'c' \(svm has: C, gamma, class_weight, slope\)"):
        family("svm").build(0, c=1)


@pytest.mark.parametrize("name", FAMILIES)
def test_all_that_a_family_begins_with_and_searches_is_within_its_limits(name: str) -> None:
    own = family(name)
    assert set(own.limits) == set(own.defaults)
    for hyperparameter, value in own.defaults.items():
        own.check(hyperparameter, value)
    for hyperparameter, dimension in own.space.items():
        own.check(hyperparameter, *(getattr(dimension, "values", None) or (dimension.low, dimension.high)))


@pytest.mark.parametrize(
    ("name", "hyperparameter", "value"),
    [
        ("ridge", "penalty", -5),
        ("ridge", "penalty", "1"),
        ("ridge", "centred", 1.5),
        ("mlp", "hidden_layer_sizes", ()),
        ("mlp", "hidden_layer_sizes", (64, 0)),
        ("mlp", "batch_size", 0),
        ("mlp", "activation", "sine"),
        ("svm", "gamma", "small"),
        ("logistic", "C", float("nan")),
        ("extra_trees", "max_features", 1.5),
    ],
)
def test_a_value_that_a_hyperparameter_cannot_have_is_refused(name: str, hyperparameter: str, value: object) -> None:
    with pytest.raises(UsageError, match=rf"{hyperparameter} of {name} cannot be .*; valid: "):
        family(name).build(0, **{hyperparameter: value})


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        (Choice(((64,), (128, 64))), {(64,), (128, 64)}),
        (Choice((None, "balanced")), {None, "balanced"}),
        (Whole(1, 3), {1, 2, 3}),
    ],
)
def test_a_dimension_draws_all_its_values_and_no_other(dimension: Choice | Whole, expected: set[object]) -> None:
    rng = np.random.default_rng(0)
    assert {dimension.draw(rng) for _ in range(40)} == expected


def test_a_logarithmic_dimension_has_as_many_values_below_its_geometric_mean_as_above() -> None:
    rng = np.random.default_rng(0)
    values = np.array([Real(1e-4, 1.0, log=True).draw(rng) for _ in range(400)])
    assert 1e-4 <= values.min() < values.max() <= 1
    assert 0.4 < (values < 1e-2).mean() < 0.6


@parametrize_with_checks([PairwiseSVC()])
def test_our_estimator_follows_scikit_learns_rules(estimator: object, check: object) -> None:
    check(estimator)


def test_votes_are_those_of_scikit_learns_machines(rows: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = rows
    found = PairwiseSVC(C=2.0).fit(X, y)
    distances = SVC(C=2.0, decision_function_shape="ovo").fit(X, y).decision_function(X)
    one_two, one_three, two_three = np.tanh(SHARPNESS * distances).T
    votes = np.stack([one_two + one_three, two_three - one_two, -one_three - two_three], axis=1)
    powers = np.exp(found.slope_ * votes)
    np.testing.assert_allclose(found.predict_proba(X), powers / powers.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("settings", [{}, {"gamma": "auto"}, {"gamma": 0.02, "class_weight": "balanced"}], ids=str)
def test_the_slope_is_the_same_whether_or_not_distances_are_kept(
    settings: dict, rows: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = PairwiseSVC(**settings).fit(*rows).slope_
    monkeypatch.setattr(svm, "ROWS_KEPT", 0)
    assert PairwiseSVC(**settings).fit(*rows).slope_ == kept


def test_two_classes_are_told_apart_as_scikit_learn_does(rows: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = rows[0][:60], rows[1][:60]
    np.testing.assert_array_equal(PairwiseSVC().fit(X, y).predict(X), SVC(C=10).fit(X, y).predict(X))


def test_noise_is_answered_with_doubt_and_clear_classes_with_certainty(
    rows: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = rows
    noise = np.random.default_rng(1).permutation(y)
    assert PairwiseSVC().fit(X, noise).predict_proba(X).max(axis=1).mean() < 0.5
    assert PairwiseSVC().fit(X, y).predict_proba(X).max(axis=1).mean() > 0.9


@pytest.mark.parametrize(
    ("name", "hyperparameter", "value"),
    [
        ("extra_trees", "min_samples_leaf", 1.0),
        ("mlp", "hidden_layer_sizes", [4] * 2000),
        ("mlp", "hidden_layer_sizes", [100_000, 100_000]),
        ("mlp", "hidden_layer_sizes", []),
    ],
)
def test_what_no_library_or_model_file_takes_is_refused_before_the_work(
    name: str, hyperparameter: str, value: object
) -> None:
    with pytest.raises(UsageError, match=f"{hyperparameter} of {name} cannot be"):
        family(name).build(0, **{hyperparameter: value})
