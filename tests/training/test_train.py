"""Training one model: the same bits from the same seed, and scores that say what it is worth."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from speech_emotion import corpora
from speech_emotion.errors import FeatureError, TrainingError, UsageError
from speech_emotion.evaluation.breakdown import as_dict, summary
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.features.extract import extract
from speech_emotion.models import card
from speech_emotion.models.bundle import load
from speech_emotion.training.train import fingerprint, recipe, train


def test_a_model_learns_and_carries_the_scores_of_its_recipe(made_table):
    table = made_table(speakers=6)
    model = train(table, "lda", workers=1)
    assert (model.predict(table) == table.emotions).mean() > 0.9
    scores = model.provenance.scores
    assert list(scores) == ["random", "speaker"]
    again = evaluate(model, table, "speaker", workers=1).scores
    assert scores["speaker"] == {name: score.as_dict() for name, score in again.items()}
    assert scores["speaker"]["uar"]["low"] < scores["speaker"]["uar"]["value"]


def test_a_bundle_says_how_its_model_was_made(made_table, tmp_path):
    table = made_table(speakers=4)
    train(table, "lda", seed=7, workers=1, shrinkage=0.5).save(tmp_path / "m.semodel")
    model = load(tmp_path / "m.semodel")
    made = model.provenance
    assert made.family == "lda"
    assert made.hyperparameters == {"shrinkage": 0.5}
    assert made.speakers == ("made/00", "made/01", "made/02", "made/03")
    assert made.utterances == len(table)
    assert made.utterances_sha256 == fingerprint(table)
    assert made.protocol == "random, speaker"
    assert made.seed == 7
    assert "scikit-learn" in made.versions
    assert model.name == "lda-made"
    assert (model.predict(table) == table.emotions).mean() > 0.9


def test_a_bundle_carries_what_its_report_says_of_new_speakers(made_table, tmp_path):
    table = made_table(speakers=4, strength=0.7)
    train(table, "lda", workers=1).save(tmp_path / "m.semodel")
    report = evaluate(recipe("lda"), table, workers=1)
    told = load(tmp_path / "m.semodel").provenance.report
    assert told == summary(report)
    assert told.recalls == report.recalls
    assert told.worst_speaker[0] == as_dict(report)["worst_speaker"]
    assert set(told.sexes) == {"female", "male"}
    assert train(table, "lda", protocols=["random"], workers=1).provenance.report.protocol == "random"
    assert train(table, "lda", protocols=[], workers=1).provenance.report is None


def test_sound_that_is_to_be_degraded_must_be_there(made_table):
    with pytest.raises(FeatureError, match="recordings are not where the table says"):
        train(made_table(), "lda", degraded=True, workers=1)


def test_what_is_left_in_worse_sound_is_in_the_bundle_and_on_its_card():
    corpus = corpora.open("synthetic").select(emotions=["angry", "sad"])
    table = extract(corpus, ["rms", "mfcc"], workers=1)
    told = []
    model = train(table, "lda", degraded=True, clips=4, folds=2, workers=1, progress=lambda *step: told.append(step))
    conditions = model.provenance.report.conditions
    assert {"white noise, 10 dB", "3 s of it"} <= {condition.title for condition in conditions}
    assert "| white noise, 10 dB |" in card.text(model.manifest())
    assert told[-1][0] == told[-1][1]
    assert [step[0] for step in told] == list(range(1, len(told) + 1))


def test_the_same_seed_gives_the_same_bits_with_any_number_of_workers(made_table):
    table = made_table(speakers=4)
    settings = {"hidden_layer_sizes": (6,), "max_iter": 8, "folds": 2}
    first, second, other = (
        train(table, "mlp", seed=seed, workers=workers, **settings) for seed, workers in ((0, 1), (0, 2), (1, 1))
    )
    asked = table.values[:5]
    assert (first.predict_proba(asked) == second.predict_proba(asked)).all()
    assert first.provenance == second.provenance
    assert (first.predict_proba(asked) != other.predict_proba(asked)).any()


def test_nothing_to_learn_scores_as_chance(made_table):
    table = made_table(speakers=8, strength=0.0)
    score = train(table, "lda", protocols=["speaker"], workers=1).provenance.scores["speaker"]["uar"]
    assert score["low"] < 1 / 3 < score["high"]


def test_judging_can_be_left_out(made_table):
    model = train(made_table(), "lda", protocols=(), workers=1)
    assert model.provenance.scores == {}


def test_running_out_of_iterations_is_not_told(made_table, recwarn):
    train(made_table(speakers=2), "mlp", protocols=["speaker"], workers=1, max_iter=2)
    assert [str(warning.message) for warning in recwarn] == []


def test_progress_counts_the_models_of_all_protocols(made_table):
    seen = []
    train(made_table(speakers=3), "lda", folds=4, workers=1, progress=lambda *step: seen.append(step))
    assert seen == [(done, 8) for done in range(1, 9)]


def test_the_fingerprint_is_the_same_elsewhere_and_in_another_order(made_table):
    table = made_table()
    moved = replace(table, paths=np.char.add("D:\\voices\\", np.char.replace(table.paths, "made/", "")))
    assert fingerprint(moved.rows(np.arange(len(table))[::-1])) == fingerprint(table)
    relabelled = replace(table, emotions=table.emotions[::-1].copy())
    assert fingerprint(relabelled) != fingerprint(table)


def test_what_cannot_be_learnt_is_refused_in_one_line(made_table):
    table = made_table()
    values = table.values.copy()
    values[0, 0] = np.inf
    for wrong, message in (
        (table.select(["sad"]), "only 'sad'"),
        (table.rows(np.zeros(len(table), dtype=bool)), "no recordings"),
        (replace(table, values=values), r"mel_mean_00 of made/0000\.wav is inf"),
        (table.rows(table.speakers == "made/01"), "needs 2 speakers or more"),
    ):
        with pytest.raises(TrainingError, match=message) as refused:
            train(wrong, "lda", workers=1)
        assert "\n" not in str(refused.value)


def test_wrong_names_are_refused(made_table):
    table = made_table()
    with pytest.raises(UsageError, match=r"unknown family 'mpl'.*did you mean 'mlp'"):
        train(table, "mpl")
    with pytest.raises(UsageError, match="hyperparameter 'hidden'"):
        train(table, "mlp", hidden=3)
    with pytest.raises(UsageError, match="unknown protocol 'lotso'"):
        train(table, "lda", protocols=["lotso"])
    with pytest.raises(UsageError, match="a list of names"):
        train(table, "lda", protocols="speaker")
    with pytest.raises(UsageError, match="seed must be a whole number from 0"):
        train(table, "lda", seed=-1)


def test_scores_are_plain_json(made_table):
    model = train(made_table(), "lda", workers=1)
    assert json.loads(json.dumps(model.provenance.scores)) == model.provenance.scores


def test_a_family_that_cannot_learn_so_few_clips_says_so_in_a_line(made_table):
    with pytest.raises(TrainingError, match="this model cannot learn from these recordings: The number of samples"):
        train(made_table(speakers=3, clips=1), "lda", protocols=("speaker",))
