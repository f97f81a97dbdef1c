"""Strategies: what they propose follows from the seed and from what is known, and gets better where they learn."""

from __future__ import annotations

import json
from itertools import cycle, islice, pairwise

import numpy as np
import pytest

from speech_emotion.errors import UsageError
from speech_emotion.features.config import FeatureConfig
from speech_emotion.training import costs
from speech_emotion.training.evolution import Known, front_of
from speech_emotion.training.families import FAMILIES
from speech_emotion.training.proposals import GENERATION, STRATEGIES, generation
from speech_emotion.training.search_space import SearchSpace, read
from speech_emotion.training.spaces import Choice, Real, Whole
from speech_emotion.training.surrogate import Surrogate, _log_gain, screened

CONFIG = FeatureConfig(features=("mel", "chroma", "mfcc", "tone"), statistics=("mean", "std"))
SPACE = SearchSpace.of(CONFIG)


def quality(candidate):
    """A made-up score: ridge, without chroma, near a penalty of 3."""
    score = 0.3 + 0.2 * (candidate.family == "ridge") - 0.1 * ("chroma" in candidate.features)
    if candidate.family == "ridge":
        score -= 0.1 * abs(np.log10(candidate.hyperparameters["penalty"] / 3))
    return score


def tried(strategy, generations, seed=0):
    known = []
    for number in range(generations):
        for each in generation(strategy, SPACE, known, seed, number):
            cost = each.candidate.cost(CONFIG, 1000, 8)
            known.append(Known(len(known) + 1, each.candidate, cost, quality(each.candidate)))
    return known


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_generation_follows_from_the_seed_and_what_is_known_alone(strategy):
    known = tried(strategy, 3)
    again = generation(strategy, SPACE, known[: 2 * GENERATION], 0, 2)
    assert [each.candidate for each in again] == [one.candidate for one in known[2 * GENERATION :]]
    assert again != generation(strategy, SPACE, known[: 2 * GENERATION], 1, 2)
    assert len({one.candidate.key for one in known}) == 3 * GENERATION


@pytest.mark.parametrize("strategy", ["evolution", "tpe"])
def test_strategies_that_learn_propose_better_candidates_than_chance(strategy):
    last = [one.score for one in tried(strategy, 24)[-24:]]
    random = [one.score for one in tried("random", 24)[-24:]]
    assert np.mean(last) > np.mean(random) + 0.08


def test_expected_improvement_follows_what_candidates_are_worth():
    surrogate = Surrogate(SPACE, tried("random", 40), 0)
    new = [one.candidate for one in tried("random", 20, seed=1)]
    effort = np.log([FAMILIES[one.family].effort for one in new])
    improvement = surrogate.log_expected_improvement(new) + effort
    ranks = [np.argsort(np.argsort(values)) for values in (improvement, [quality(one) for one in new])]
    assert np.corrcoef(*ranks)[0, 1] > 0.7


def test_what_takes_longer_to_learn_must_promise_more():
    lda, trees = (next(one.candidate for one in tried("random", 20) if one.candidate.family == name)
                  for name in ("lda", "extra_trees"))  # fmt: skip
    # both are known to score the same, so that the trees of the guess say the same of both
    surrogate = Surrogate(SPACE, [Known(place, each, 1, 0.5) for place, each in enumerate([lda, trees] * 3, 1)], 0)
    quick, slow = surrogate.log_expected_improvement([lda, trees])
    efforts = [FAMILIES[name].effort for name in ("lda", "extra_trees")]
    assert quick - slow == pytest.approx(np.log(efforts[1] / efforts[0]))


def test_an_expected_improvement_is_that_of_a_normal_score_however_far_behind():
    from scipy.integrate import quad

    for ahead in (-9.0, -3.0, -1.0, 0.0, 2.0):
        expected, _ = quad(lambda x, ahead=ahead: x * np.exp(-((x - ahead) ** 2) / 2), 0, max(ahead, 0) + 20, epsabs=0)
        assert _log_gain(np.array([ahead]))[0] == pytest.approx(np.log(expected / np.sqrt(2 * np.pi)), rel=1e-6)
    assert (np.diff(_log_gain(np.concatenate([[-1000, -300], np.linspace(-60, 5, 10_001)]))) > 0).all()


def test_evolution_begins_with_few_that_take_long():
    first = [each.candidate.key for each in generation("evolution", SPACE, [], 0, 0)]
    slow = [
        sum(FAMILIES[each.candidate.family].effort > 5 for seed in range(40)
            for each in generation(strategy, SPACE, [], seed, 1, first))
        for strategy in ("evolution", "random")
    ]  # fmt: skip
    assert slow[0] < 0.7 * slow[1]


def test_of_each_litter_the_most_hopeful_are_tried():
    known = tried("random", 20)
    rng = np.random.default_rng(2)
    drawn = [one for number in range(8) for one in generation("random", SPACE, known, 2, number)]
    kept = list(islice(screened(SPACE, known, cycle([*drawn, None]), rng), 8))
    assert np.mean([quality(one.candidate) for one in kept]) > np.mean([quality(one.candidate) for one in drawn]) + 0.08
    blank = [Known(1, drawn[0].candidate, 1, None)]  # nothing to learn from: as they come
    assert list(islice(screened(SPACE, blank, iter(drawn), rng), 5)) == drawn[:5]


def test_children_say_whose_they_are_and_what_mutated():
    known = tried("evolution", 2)
    proposed = [each for number in range(2, 6) for each in generation("evolution", SPACE, known, 0, number)]
    children = [each for each in proposed if each.parents]
    assert {each.made for each in children} == {"crossed", "mutated"}
    numbers = {one.number: one.candidate for one in known}
    for child in children:
        assert set(child.parents) <= set(numbers)
        made = {name: value for name, (value, _) in SPACE.choices(child.candidate).items()}
        genes = [{n: v for n, (v, _) in SPACE.choices(numbers[number]).items()} for number in child.parents]
        told = {line.split()[0] for line in child.mutations}
        for name, value in made.items():
            if name not in told:
                theirs = [own[name] for own in genes if name in own]
                assert theirs
                # two numbers may be mixed to one between them, or a little outside
                assert value in theirs or (len(theirs) == 2 and type(value) in (int, float))


def test_the_front_has_what_nothing_beats_for_its_cost():
    candidate = tried("random", 1)[0].candidate
    rows = [(1, 50, 0.4), (2, 20, 0.4), (3, 10, 0.3), (4, 15, 0.2), (5, 90, 0.6), (6, 95, 0.5)]
    known = [Known(number, candidate, cost, score) for number, cost, score in rows]
    assert [one.number for one in front_of(known)] == [5, 2, 3]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_candidate_survives_the_journal(name):
    space = SearchSpace.of(CONFIG, [name])
    for each in generation("random", space, [], 0, 0):
        told = json.loads(json.dumps(each.candidate.as_dict()))
        assert space.restored(told) == each.candidate
        assert each.candidate.cost(CONFIG, 1000, 8) > costs.features(each.candidate.features)


@pytest.mark.parametrize("dimension", [Choice((None, "a", (1, 2))), Real(0.1, 10, log=True), Whole(1, 4), Whole(2, 2)])
def test_what_is_drawn_mutated_or_mixed_stays_inside(dimension):
    rng = np.random.default_rng(0)
    values = [dimension.draw(rng) for _ in range(50)]
    values += [dimension.mutated(value, rng) for value in values]
    values += [dimension.mixed(one, other, rng) for one, other in pairwise(values)]
    assert all(dimension.has(value) for value in values)
    assert all(dimension.heard(dimension.told(value)) == value for value in values)


def test_a_file_narrows_and_extends_the_space(tmp_path):
    (tmp_path / "space.toml").write_text(
        'features = ["mel", "mfcc"]\nfamilies = ["ridge", "mlp", "svm"]\nscaling = ["standard"]\n'
        "[ridge]\npenalty = { low = 100, high = 200.0 }\ncentred = 0.5\n"
        '[mlp]\nhidden_layer_sizes = [[32], [16, 8]]\nepsilon = [1e-8, 1e-7]\n[svm]\nclass_weight = "none"\n'
    )
    space = SearchSpace.of(CONFIG, changes=read(tmp_path / "space.toml"))
    candidates = [each.candidate for number in range(3) for each in generation("random", space, [], number, 0)]
    assert {candidate.family for candidate in candidates} == {"ridge", "mlp", "svm"}
    assert {group for candidate in candidates for group in candidate.features} == {"mel", "mfcc"}
    for candidate in candidates:
        own = candidate.hyperparameters
        if candidate.family == "ridge":
            assert 100 <= own["penalty"] <= 200
            assert own["centred"] == 0.5
        if candidate.family == "mlp":
            assert own["hidden_layer_sizes"] in ((32,), (16, 8))
            assert own["epsilon"] in (1e-8, 1e-7)
        if candidate.family == "svm":
            assert own["class_weight"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": ["f0"]}, "unknown feature 'f0'"),
        ({"families": ["rigde"]}, "unknown family 'rigde'.*did you mean 'ridge'"),
        ({"rigde": {}}, "unknown key 'rigde'.*did you mean 'ridge'"),
        ({"families": []}, "families is an empty list; name some, or leave it out"),
        ({"families": ["svm"], "ridge": {"penalty": -5}}, "penalty of ridge cannot be -5"),
        ({"ridge": {"alpha": 1}}, "unknown hyperparameter 'alpha'"),
        ({"ridge": {"penalty": {"low": 2, "high": 1}}}, "must rise"),
        ({"ridge": {"penalty": {"low": 0, "high": 1, "log": True}}}, "must rise, from above 0"),
        ({"ridge": {"penalty": {"from": 0}}}, "a range of ridge.penalty is"),
        ({"ridge": {"penalty": {"low": 1, "high": float("inf")}}}, "a range of ridge.penalty is"),
        ({"ridge": {"penalty": {"low": 1, "high": 10**400}}}, "a range of ridge.penalty is"),
        ({"ridge": {"penalty": [1.0, float("nan")]}}, "nan is no value to search in"),
        ({"ridge": {"penalty": []}}, "no values"),
        ({"ridge": {"penalty": [1.0, -5]}}, "penalty of ridge cannot be -5; valid"),
        ({"ridge": {"centred": {"low": 0.5, "high": 2.0}}}, "centred of ridge cannot be 2.0; valid: 0 to 1"),
        (
            {"mlp": {"hidden_layer_sizes": [[64], [0]]}},
            r"cannot be \(0,\); valid: .* or several, up to 20, each a whole number from 1",
        ),
        ({"ridge": 3}, "is a table of its hyperparameters"),
        ({"scaling": "minmax"}, "unknown scaling 'minmax'"),
        ({"components": [0]}, "whole numbers above 0"),
        ({"components": 64.5}, "whole numbers above 0.*not 64.5"),
        ({"components": "64"}, "whole numbers above 0.*not '64'"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        SearchSpace.of(CONFIG, changes=changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "no such file"), ("a = ", "is not a search space in TOML"), ("#" * 2**21, "is longer than any")],
)
def test_a_file_that_is_no_space_is_refused(tmp_path, text, message):
    if text is not None:
        (tmp_path / "space.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        read(tmp_path / "space.toml")


def test_a_folder_and_a_file_without_text_are_refused_as_what_they_are(tmp_path):
    with pytest.raises(UsageError, match=f"^'{tmp_path}' is no file; name a TOML file$"):
        read(tmp_path)
    (tmp_path / "space.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"space\.toml is not a search space in TOML: it is no text"):
        read(tmp_path / "space.toml")


def test_a_hyperparameter_that_the_search_sets_itself_may_be_searched_too():
    space = SearchSpace.of(CONFIG, changes={"families": ["svm"], "svm": {"slope": [0.5]}})
    candidate = generation("random", space, [], 0, 0)[0].candidate
    assert candidate.estimator(0)[-1].slope == 0.5
    assert (
        SearchSpace.of(CONFIG, ["svm"]).candidate(lambda _, dimension: dimension.middle()).estimator(0)[-1].slope == 1
    )


def test_the_quickest_families_are_tried_first():
    first = [each.candidate.family for each in generation("evolution", SPACE, [], 0, 0)]
    assert set(first[:2]) == {"lda", "ridge"}
    assert first[-1] == "extra_trees"
