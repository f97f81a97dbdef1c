"""The command ``evaluate``: what a model or a recipe is worth."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from speech_emotion.cli.main import run
from speech_emotion.corpora.utterance import Origin
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.training.train import recipe, train

LDA = ["--family", "lda", "--workers", "1"]


@pytest.fixture
def table(made_table):
    return made_table(speakers=6, strength=0.8)


@pytest.fixture
def saved(table, tmp_path):
    path = tmp_path / "table.npz"
    table.save(path)
    return str(path)


def test_uar_comes_first_then_the_rest_of_what_a_user_must_know(table, saved, capsys):
    assert run(["evaluate", saved, *LDA]) == 0
    out = capsys.readouterr().out
    header, first, *rest = out.splitlines()
    assert header.split() == ["new", "speakers"]
    uar = evaluate(recipe("lda"), table, workers=1).scores["uar"]
    assert first.split()[0] == "UAR"
    assert f"{100 * uar.value:.1f} % ({100 * uar.low:.1f}–{100 * uar.high:.1f})" in first
    text = " ".join(" ".join(rest).split())
    for word in (
        "accuracy",
        "macro F1",
        "ECE",
        "recall sad",
        "UAR female",
        "worst speaker made/0",
        "chance: UAR 33.3%",
    ):
        assert word in text
    assert "always the most frequent: accuracy 33.3%" in text
    assert "UAR of women less that of men" in text
    assert "people" not in text


def test_the_random_split_is_never_shown_alone_and_the_reason_is_told(saved, capsys):
    assert run(["evaluate", saved, *LDA, "--protocol", "random"]) == 0
    header, first, *rest = capsys.readouterr().out.splitlines()
    assert header.split() == ["random", "split,", "same", "speakers", "new", "speakers"]
    assert first.count("(") == 2
    assert "has heard every voice" in " ".join(rest)
    assert run(["evaluate", saved, *LDA, "--protocol", "random", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["protocol"], facts["beside"]["protocol"]) == ("random", "speaker")


def test_json_is_one_document_with_the_scores_at_its_top(table, saved, capsys):
    assert run(["evaluate", saved, *LDA, "--json", "--seed", "3", "--folds", "3", "--no-calibrate"]) == 0
    facts = json.loads(capsys.readouterr().out)
    expected = evaluate(recipe("lda", seed=3, calibrate=False), table, folds=3, seed=3, workers=1).as_dict()
    assert {name: facts[name] for name in expected} == expected
    assert set(facts["uar"]) == {"value", "low", "high"}
    assert set(facts["by"]["sex"]) == {"female", "male"}
    assert facts["by"]["worst_speaker"] in facts["by"]["speaker"]
    assert facts["human"] is None
    assert facts["published"] == {}


def test_a_wanted_accuracy_is_judged_on_new_speakers(saved, capsys):
    assert run(["evaluate", saved, *LDA, "--sure-at", "0.8"]) == 0
    out = capsys.readouterr().out
    assert "answered" in out
    assert "right of those" in out


def test_a_model_is_judged_on_new_speakers_only_unless_overlap_is_allowed_and_then_marked(
    table, saved, tmp_path, capsys
):
    heard = np.isin(table.speakers, ["made/00", "made/01", "made/02"])
    model, rest = str(tmp_path / "m.semodel"), str(tmp_path / "rest.npz")
    train(table.rows(heard), "lda", protocols=[], workers=1).save(model)
    table.rows(~heard).save(rest)
    assert run(["evaluate", rest, "--model", model]) == 0
    assert "judged as it is" in capsys.readouterr().err
    assert run(["evaluate", saved, "--model", model]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "trained on 3 of these speakers" in err
    assert "--allow-overlap" in err
    assert run(["evaluate", saved, "--model", model, "--allow-overlap", "--json"]) == 0
    assert "OVERLAP" in json.loads(capsys.readouterr().out)["notes"][0]


def test_several_corpora_are_joined_and_each_is_tested_by_the_others(made_table, saved, tmp_path, capsys):
    other = made_table(speakers=4, emotions=("calm", "happy", "angry"), seed=1)
    renamed = np.char.replace(other.speakers, "made", "other")
    other = replace(other, speakers=renamed, corpora=np.full(len(other), "other"), origins=(Origin("other", "CC0"),))
    other.save(tmp_path / "other.npz")
    options = [*LDA, "--protocol", "corpus", "--json"]
    assert run(["evaluate", saved, str(tmp_path / "other.npz"), *options]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert facts["emotions"] == ["calm", "happy"]
    assert facts["folds"] == 2
    assert set(facts["by"]["corpus"]) == {"made", "other"}
    assert "24 recordings left out: 'sad' is not in all of them" in err


def test_people_and_published_systems_stand_beside_ravdess_on_the_published_folds(ravdess_zip, capsys):
    options = [*LDA[:2], "--protocol", "emobox", "--no-calibrate"]
    assert run(["evaluate", f"ravdess:{ravdess_zip}", *options]) == 0
    out, err = capsys.readouterr()
    text = " ".join(out.split())
    assert "people who only hear it: accuracy 67%" in text
    assert "WavLM large 72.0%" in text
    assert "UAR strong" in text
    assert "means of the six folds" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name either a model (--model) or a recipe"),
        (["--family", "lda", "--model", "classic"], "name either a model (--model) or a recipe"),
        (["--family", "ldo"], "unknown family 'ldo'"),
        (["--family", "lda", "--protocol", "emobux"], "did you mean 'emobox'?"),
        (["--family", "lda", "--protocol", "emobox"], "for RAVDESS's 24 actors"),
        (["--family", "lda", "--protocol", "sentence"], "72 of 72 have none; protocol 'speaker' works"),
        (["--family", "lda", "--protocol", "corpus"], "needs 2 corpora or more"),
        (["--family", "lda", "--sure-at", "90"], "above 0 and below 1, not 90"),
        (["--model", "classic", "--sure-at", "0.9"], "go with --family"),
        (["--family", "lda", "--folds", "1"], "'--folds'"),
    ],
)
def test_a_wrong_call_is_one_line(saved, capsys, options, message):
    assert run(["evaluate", saved, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("error: ")
    assert message in err.splitlines()[-1]


def test_one_voice_is_shown_with_the_random_split_alone_and_no_promise(made_table, tmp_path, capsys):
    made_table(speakers=1, clips=6).save(tmp_path / "me.npz")
    assert run(["evaluate", str(tmp_path / "me.npz"), *LDA, "--protocol", "random"]) == 0
    assert "nothing is known of other voices" in " ".join(capsys.readouterr().out.split())
    assert run(["evaluate", str(tmp_path / "me.npz"), *LDA]) == 2
    assert "protocol 'random' works" in capsys.readouterr().err
