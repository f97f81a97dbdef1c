"""Two models on the same clips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import permutation_test

from speech_emotion.errors import UsageError
from speech_emotion.evaluation.compare import PERMUTATIONS, compare, paired
from speech_emotion.evaluation.evaluate import Report, report


def _report(rng, rate, speakers=8, clips=30):
    truth = np.tile(np.arange(3), speakers * clips // 3)
    who = np.repeat([f"s{number:02d}" for number in range(speakers)], clips)
    right = rng.random(len(truth)) < np.clip(rate + 0.1 * rng.normal(size=speakers), 0, 1).repeat(clips)
    probabilities = np.eye(3)[np.where(right, truth, (truth + 1) % 3)]
    return report(probabilities, truth, who, ("a", "b", "c"), protocol="speaker", folds=5, seed=0)


def test_a_better_model_is_found_better():
    rng = np.random.default_rng(0)
    found = compare(_report(rng, 0.8, 12), _report(rng, 0.5, 12))
    assert found.difference.value == pytest.approx(found.first - found.second)
    assert 0 < found.difference.low < found.difference.value < found.difference.high
    assert found.p <= 0.05
    assert (found.speakers, found.utterances) == (12, 360)


def test_a_model_does_not_differ_from_itself():
    one = _report(np.random.default_rng(1), 0.6)
    found = compare(one, one)
    assert (found.difference.value, found.difference.low, found.difference.high, found.p) == (0, 0, 0, 1)


@pytest.mark.parametrize("speakers", [8, 13])
def test_p_is_that_of_scipys_paired_test_over_speakers_where_all_speak_alike(speakers):
    """With as many clips of each class by everyone, the UAR is the part that is right; counts keep the oracle exact."""
    rng = np.random.default_rng(2)
    a, b = _report(rng, 0.65, speakers), _report(rng, 0.58, speakers)
    each = [(one.probabilities.argmax(axis=1) == one.truth).reshape(speakers, -1).sum(axis=1) for one in (a, b)]
    oracle = permutation_test(each, lambda x, y: x.sum() - y.sum(), permutation_type="samples", n_resamples=np.inf)
    assert compare(a, b).p == pytest.approx(oracle.pvalue, abs=1e-12)


def test_with_many_speakers_p_is_drawn_and_the_seed_decides():
    rng = np.random.default_rng(3)
    a, b = _report(rng, 0.62, 20), _report(rng, 0.6, 20)
    first, again = compare(a, b, seed=1), compare(a, b, seed=1)
    assert first == again
    assert 0 < first.p <= 1


def test_a_p_that_is_drawn_is_never_nothing():
    """The answers as they are count as one of the ways (Phipson & Smyth, 2010)."""
    rng = np.random.default_rng(6)
    assert compare(_report(rng, 0.9, 20), _report(rng, 0.3, 20)).p == 1 / (PERMUTATIONS + 1)


def test_an_interval_of_a_difference_holds_the_true_one_as_often_as_it_says():
    rng, covered = np.random.default_rng(7), 0
    for _ in range(500):
        right = rng.binomial(20, np.array([0.7, 0.6])[:, None] + rng.uniform(-0.2, 0.2, (2, 6)))
        first, second = (np.array([[[each, 20 - each], [20 - each, each]] for each in model]) for model in right)
        found = paired(first, second, rng)
        covered += found.low <= 0.1 <= found.high
    assert 0.92 <= covered / 500 <= 0.98


def test_models_that_are_alike_are_seldom_told_apart():
    rng = np.random.default_rng(4)
    found = [compare(_report(rng, 0.6), _report(rng, 0.6)).p <= 0.05 for _ in range(60)]
    assert np.mean(found) <= 0.11


def test_reports_of_other_clips_are_refused():
    one = _report(np.random.default_rng(5), 0.6)
    with pytest.raises(UsageError, match="same utterances and emotions"):
        compare(one, replace(one, truth=one.truth[::-1].copy()))


def test_of_emobox_the_mean_of_the_folds_is_compared_as_the_score_is(scored: Report) -> None:
    """Folds of one and of four speakers, with few sad clips in one, so that pooling the clips gives another number."""
    rows = np.flatnonzero((scored.speakers != "s/0") | (scored.truth < 2) | (np.arange(60) > 54))
    truth, who = scored.truth[rows], scored.speakers[rows]
    better = np.eye(3)[truth]
    better[who == "s/0"] = np.eye(3)[0]

    def made(probabilities: np.ndarray, protocol: str, fold: np.ndarray | None) -> Report:
        return report(probabilities, truth, who, scored.emotions, protocol=protocol, folds=2, seed=0, fold=fold)

    fold = (who == "s/0").astype(np.intp)
    first, second = (made(each, "emobox", fold) for each in (scored.probabilities[rows], better))
    found = compare(first, second)
    assert found.first == pytest.approx(first.scores["uar"].value, abs=1e-12)
    assert found.second == pytest.approx(second.scores["uar"].value, abs=1e-12)
    assert found.difference.value == pytest.approx(found.first - found.second)
    pooled = compare(*(made(each, "speaker", None) for each in (scored.probabilities[rows], better)))
    assert abs(pooled.second - found.second) > 0.01
