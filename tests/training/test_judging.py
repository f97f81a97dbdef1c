"""Trials: fast, and yet the numbers of the pipelines that are saved; races, ensembles, and what is shared."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from sklearn.preprocessing import StandardScaler

from speech_emotion.errors import TrainingError
from speech_emotion.evaluation.fitting import fit, guess
from speech_emotion.evaluation.intervals import Score
from speech_emotion.evaluation.metrics import confusion, uar
from speech_emotion.models.bundle import load
from speech_emotion.models.onnx_audit import audit
from speech_emotion.training import shared_arrays, wide
from speech_emotion.training.blend import Blend, BlendClassifier
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.components import Components
from speech_emotion.training.ensemble import join, picked
from speech_emotion.training.export import SklearnClassifier
from speech_emotion.training.families import FAMILIES
from speech_emotion.training.fold_data import bench_of
from speech_emotion.training.judging import Race, attempt, behind, held_out
from speech_emotion.training.proposals import AHEAD
from speech_emotion.training.scaling import standard_of
from speech_emotion.training.search import search
from speech_emotion.training.trial import Ensemble, Trial
from speech_emotion.training.trials import FEWEST_RIVALS, rivals_of


@pytest.fixture
def bench(made_table, tmp_path):
    """A bench with a copy of each clip."""
    table = made_table(speakers=6, clips=3, strength=1.0)
    rng = np.random.default_rng(9)
    noisy = (table.values + 0.1 * rng.normal(size=table.values.shape)).astype(np.float32)
    with bench_of(replace(table, copies={"noise": noisy}), tmp_path / "shared", 0) as made:
        yield made


@pytest.mark.parametrize("by_columns", [True, False])
@pytest.mark.parametrize(
    ("family", "components"), [("ridge", None), ("lda", 6), ("svm", 6), ("logistic", 4), ("extra_trees", 4)]
)
def test_trials_on_wide_features_say_what_the_saved_pipeline_says(bench, monkeypatch, family, components, by_columns):
    monkeypatch.setattr("speech_emotion.training.judging.WIDE", 5)
    monkeypatch.setattr("speech_emotion.training.wide.by_columns", lambda *_: by_columns)
    own = {"penalty": 0.3, "centred": 0.6} if family == "ridge" else {}
    candidate = Candidate(family, ("mel", "mfcc"), own, ("mean",), components=components)
    for fold in range(bench.folds):
        fast = held_out(bench, candidate, fold)
        learnt, asked = bench.values(bench.columns(("mel", "mfcc")), fold)
        fitted = fit(candidate.estimator(0), learnt, bench.learnt("labels", fold), bench.learnt("who", fold))
        assert fast == pytest.approx(guess(fitted, asked, bench.classes), abs=2e-2 if family == "extra_trees" else 1e-3)


def test_workers_that_outlive_a_search_read_the_arrays_of_the_next_one(tmp_path):
    from speech_emotion.training.shared_arrays import shared
    from speech_emotion.workers import Standing

    found = []
    with Standing(2) as standing:  # as a cluster's workers do
        for value in (1.0, 2.0):
            with shared(tmp_path / ".shared", {"values": np.full(3, value)}) as files:
                found += [read.tolist() for read in standing.run(itemgetter("values"), [files] * 4)]
    assert found == [[1.0] * 3] * 4 + [[2.0] * 3] * 4
    assert not (tmp_path / ".shared").exists()


def test_two_that_derive_an_array_at_once_both_have_it(tmp_path):
    both = threading.Barrier(2)

    def make():
        both.wait(timeout=30)
        return np.arange(1_000_000)

    with shared_arrays.shared(tmp_path / ".shared", {}) as files:
        with ThreadPoolExecutor(2) as threads:
            found = list(threads.map(lambda _: files.derived("gram", make), range(2)))
        assert all(np.array_equal(each, np.arange(1_000_000)) for each in found)
        assert [path.name for path in Path(files.folder).iterdir()] == ["gram.npy"]


def test_a_worker_that_cannot_read_the_recordings_is_no_fault_of_the_candidate(bench):
    Path(bench.shared.folder, "values.npy").unlink()
    shared_arrays._mapped.cache_clear()
    with pytest.raises(TrainingError, match="a trial cannot read or write"):
        attempt(Race(bench, Candidate("lda", ("mel",), {}, ("mean",))))


@pytest.mark.parametrize("rows", [60, 300])
def test_components_are_those_of_principal_component_analysis(rows):
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    X = (rng.normal(size=(rows, 200)) * 0.7 ** np.arange(200)).astype(np.float32)
    ours, theirs = Components(5).fit(X), PCA(5).fit(X)
    turned = np.abs(ours.components_ @ theirs.components_.T)
    assert turned / np.linalg.norm(ours.components_, axis=1, keepdims=True) == pytest.approx(np.eye(5), abs=0.02)
    assert ours.transform(X)[:, 0].std() == pytest.approx(1, rel=1e-3)


def test_a_candidate_far_behind_its_rivals_is_stopped_and_one_level_with_them_is_not(bench):
    good = Candidate("lda", ("mel", "chroma", "mfcc"), {"shrinkage": 0.1}, ("mean",))
    whole = attempt(Race(bench, good))
    best = np.ones((2, 2, bench.groups))
    poor = Candidate("mlp", ("chroma",), {"max_iter": 1, "learning_rate_init": 1e-6}, ("mean",))
    stopped = attempt(Race(bench, poor, best))
    assert 0 < stopped.folds < bench.folds
    assert stopped.scores == {}
    assert 0 <= np.nanmean(stopped.uars) < 1
    level = attempt(Race(bench, good, np.array([[whole.glimpse, whole.uars]] * 2)))
    assert level.folds == bench.folds
    assert level.scores == whole.scores
    spared = attempt(Race(bench, poor, np.stack([np.ones((2, bench.groups)), np.zeros((2, bench.groups))])))
    assert spared.folds == bench.folds


@pytest.mark.parametrize("copied", [False, True])
def test_a_glimpse_is_of_few_clips_and_stops_what_is_clearly_behind(made_table, tmp_path, copied):
    table = made_table(speakers=20, clips=7, strength=1.0)
    table = replace(table, copies={"noise": table.values + 100}) if copied else table
    good = Candidate("lda", ("mel", "chroma", "mfcc"), {"shrinkage": 0.1}, ("mean",))
    poor = Candidate("mlp", ("chroma",), {"max_iter": 1, "learning_rate_init": 1e-6}, ("mean",))
    with bench_of(table, tmp_path / "shared", 0) as bench:
        whole = attempt(Race(bench, good))
        learnt, asked = bench.values(bench.columns(good.features), 0)
        clips = len(bench.rows(0)[0])
        some = np.arange(clips)
        if not copied:
            labels = bench.learnt("labels", 0)
            some = np.concatenate([np.flatnonzero(labels == each) for each in range(bench.classes)])[::3]
            some.sort()
        labels, who = (bench.learnt(name, 0)[some] for name in ("labels", "who"))
        fitted = fit(good.estimator(0), learnt[some], labels, who, held=True)
        named = guess(fitted, asked, bench.classes, held=True).argmax(axis=1)
        tested = bench.rows(0)[1]
        for speaker in np.unique(bench.shared["who"][tested]):
            own = bench.shared["who"][tested] == speaker
            truth = bench.shared["labels"][tested][own]
            assert whole.glimpse[speaker] == uar(confusion(truth, named[own], bench.classes))
        assert np.isnan(whole.glimpse).sum() == bench.groups - len(np.unique(bench.shared["who"][tested]))
        stopped = attempt(Race(bench, poor, np.array([[whole.glimpse, whole.uars]] * 2)))
        assert (stopped.folds, stopped.scores) == (0, {})
        assert np.isnan(stopped.uars).all()
        assert np.nanmean(stopped.glimpse) < np.nanmean(whole.glimpse)
        odd = attempt(Race(bench, Candidate("lda", ("mel",), {"shrinkage": 2.0}, ("mean",))))
        assert np.isnan(odd.glimpse).all()
        assert "shrinkage" in odd.error  # as the folds say, not the glimpse


def test_the_race_is_a_one_sided_paired_t_test():
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(0)
    for _ in range(200):
        ours, rival = rng.random(7), rng.random(7)
        ours[5:] = np.nan
        expected = ttest_rel(ours[:5], rival[:5], alternative="less").pvalue
        for chance in (0.05, 0.2):
            assert behind(ours, rival, chance) == (expected < chance)


@pytest.mark.parametrize(
    ("known", "rank"), [([0.5], None), ([0.5, 0.6], 2), ([0.5, 0.7, 0.4, 0.6], 4), ([0.5, 0.7, 0.4, 0.6, 0.3, 0.2], 5)]
)
def test_rivals_are_the_fifth_best_or_the_worst_of_fewer_and_the_best_of_those_that_cost_as_much(known, rank):
    candidate = Candidate("lda", ("mel",), {})
    trials = [
        Trial(number, candidate, 1.0, {"uar": Score(uar, uar, uar)}, cost=100 * number, uars=(uar,), glimpse=(uar / 2,))
        for number, uar in enumerate(known, 1)
    ]
    rivals = rivals_of([*trials, Trial(99, candidate, 1.0, {}, uars=(0.9,))], cost=200)  # the last was stopped
    if rank is None:
        assert rivals is None
        return
    near = max(known[:2])
    expected = [sorted(known, reverse=True)[rank - 1], near]
    assert rivals.tolist() == [[[uar / 2], [uar]] for uar in expected]


def test_stopped_candidates_are_told_as_such_and_behind_all_whole_ones(made_table, tmp_path):
    result = search(made_table(speakers=9, clips=2), "random", trials=40, folder=tmp_path, workers=1,
                    families=["lda", "mlp"], space={"mlp": {"max_iter": [1, 2]}})  # fmt: skip
    states = [trial.state for trial in result.leaderboard]
    assert "stopped" in states
    assert states == sorted(states, reverse=True)
    for trial in result.leaderboard:
        if trial.state == "stopped":
            assert trial.folds < 5
            assert trial.number > AHEAD + FEWEST_RIVALS
            assert not trial.inner
    assert len((tmp_path / "leaderboard.csv").read_text().splitlines()) == 41


def noisy_answers(labels, count, rng, right=1.2):
    made = []
    for _ in range(count):
        logits = rng.normal(size=(len(labels), 3))
        logits[np.arange(len(labels)), labels] += right
        made.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    return made


def test_an_ensemble_of_independent_models_is_better_and_its_score_is_not_too_kind():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(10), 60)
    labels = np.tile(np.arange(3), 200)
    joined = join(noisy_answers(labels, 6, rng), labels, who, who // 2, seed=0)
    assert joined.inner["uar"].value > joined.alone["uar"].value + 0.05
    assert sum(member.weight for member in joined.members) == pytest.approx(1)
    labels, who = labels[:90], np.repeat(np.arange(10), 9)
    seen = [noisy_answers(labels, 6, rng, right=0) for _ in range(20)]
    noise = [join(answers, labels, who, who // 2, seed=0).inner["uar"].value for answers in seen]
    assert np.mean(noise) == pytest.approx(1 / 3, abs=0.03)
    kind = [
        uar(confusion(labels, sum(m.weight * answers[m.place] for m in picked(answers, labels)).argmax(axis=1), 3))
        for answers in seen
    ]
    assert np.mean(kind) > 1 / 3 + 0.03  # what it would seem, if it were scored by what picked it


def test_an_ensemble_is_one_file_that_passes_the_audit_and_says_the_same(made_table):
    table = made_table(strength=1.0)
    labels = np.array([table.classes.index(emotion) for emotion in table.emotions])
    where = [np.arange(11), np.arange(4, 9), np.arange(11), np.array([0, 10]), np.arange(11), np.arange(3)]
    built = [Candidate(name, ("mel",), {}, components=2 if name == "lda" else None).estimator(0) for name in FAMILIES]
    blend = Blend(built, where, [0.3, 0.1, 0.2, 0.1, 0.1, 0.2], [0.5, 1, 2, 0.7, 1, 3]).fit(table.values, labels)
    data = BlendClassifier(blend, 11, recipe=blend).onnx()
    audit(data, columns=11, classes=3)
    found = onnxruntime.InferenceSession(data).run(["probabilities"], {"values": table.values})[0]
    assert found == pytest.approx(blend.predict_proba(table.values), abs=1e-4)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_a_member_that_is_far_too_sure_is_tempered_in_the_file_as_in_memory(made_table):
    table = made_table(strength=1.0)
    labels = np.array([table.classes.index(emotion) for emotion in table.emotions])
    sure = Candidate("logistic", ("mel",), {"C": 1e3}).estimator(0)
    blend = Blend([sure], [np.arange(11)], [1.0], [20.0]).fit(table.values, labels)
    values = 5 * table.values
    assert np.quantile(blend.fitted_[0].predict_proba(values).min(axis=1), 0.5) < 1e-15
    data = BlendClassifier(blend, 11, recipe=blend).onnx()
    found = onnxruntime.InferenceSession(data).run(["probabilities"], {"values": values})[0]
    assert found == pytest.approx(blend.predict_proba(values), abs=1e-4)


def test_scaling_and_components_are_exported(made_table):
    table = made_table()
    labels = np.array([table.classes.index(emotion) for emotion in table.emotions])
    for scaling in ("standard", "robust", "none"):
        pipeline = FAMILIES["logistic"].build(scaling=scaling, components=3).fit(table.values, labels)
        data = SklearnClassifier(pipeline).onnx()
        audit(data, columns=11, classes=3)
        found = onnxruntime.InferenceSession(data).run(["probabilities"], {"values": table.values})[0]
        assert found == pytest.approx(pipeline.predict_proba(table.values), abs=1e-4)


@pytest.mark.parametrize("better", [True, False])
def test_an_ensemble_is_saved_as_one_bundle_where_it_is_better(made_table, tmp_path, monkeypatch, better):
    monkeypatch.setattr(Ensemble, "better", better)
    table = made_table(strength=0.3, seed=4)
    result = search(table, trials=10, keep=2, folder=tmp_path, workers=1, families=["lda", "svm", "logistic"])
    assert result.ensemble is not None
    assert len(result.ensemble.members) > 1
    assert (tmp_path / "00-ensemble.semodel").exists() == better
    if not better:
        assert result.best is result.models[0]
        return
    saved = load(tmp_path / "00-ensemble.semodel")
    assert saved.provenance.family == "ensemble"
    asked = table.narrow(saved.config.features, saved.config.statistics)
    assert saved.predict_proba(asked) == pytest.approx(result.joined.predict_proba(asked), abs=1e-4)
    assert result.ensemble.milliseconds is not None


def test_the_search_as_a_procedure_tests_every_speaker_once(made_table, tmp_path):
    table = made_table(speakers=6)
    result = search(table, trials=3, keep=1, folder=tmp_path, workers=1, families=["lda"], outer=3)
    report = result.procedure
    assert report.folds == 3
    assert len(report.truth) == len(table)
    assert report.probabilities.sum(axis=1) == pytest.approx(1)
    assert len(list((tmp_path / "outer").iterdir())) == 3
    assert result.as_dict()["procedure"]["uar"]["value"] == report.scores["uar"].value
    text = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert "repeated in 3 outer folds" in text


@pytest.mark.parametrize("by_columns", [True, False])
def test_what_trials_share_of_a_whole_group_is_kept_once_and_of_statistics_not_at_all(bench, monkeypatch, by_columns):
    monkeypatch.setattr("speech_emotion.training.judging.WIDE", 3)
    monkeypatch.setattr("speech_emotion.training.wide.by_columns", lambda *_: by_columns)
    monkeypatch.setattr("speech_emotion.training.wide.WHOLE", {"mfcc"})
    before = set(Path(bench.shared.folder).iterdir())
    for penalty in (0.0, 1.0):
        held_out(bench, Candidate("ridge", ("mfcc",), {"penalty": penalty}, ("mean",)), 0)
    held_out(bench, Candidate("ridge", ("mel", "mfcc"), {}, ("mean",)), 0)
    kept = {file.name for file in set(Path(bench.shared.folder).iterdir()) - before}
    assert kept == {"standardised-mfcc-0.npy", "moments-mfcc-0.npy" if by_columns else "gram-mfcc-0.npy"}


def test_columns_are_standardised_as_the_saved_pipeline_does():
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(1_000, 6)) * [1, 1e-3, 50, 1, 0, 0] + [0, 5, 300, -40, 0, 7]).astype(np.float32)
    middle, scale = standard_of(values)
    theirs = StandardScaler().fit(values)
    assert middle == pytest.approx(theirs.mean_, rel=1e-5, abs=1e-5)
    assert scale == pytest.approx(theirs.scale_, rel=1e-5)


def test_the_smaller_products_are_taken_copies_counted(bench):
    columns = bench.columns(("mel", "mfcc"))
    rows = len(bench.learnt("labels", 0))
    assert wide.by_columns(bench, replace(columns, where=np.arange(rows)), 0)
    assert not wide.by_columns(bench, replace(columns, where=np.arange(rows + 1)), 0)
