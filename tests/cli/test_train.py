"""The command ``train``: scores side by side, and a bundle."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from speech_emotion.cli.main import run
from speech_emotion.corpora.utterance import Origin
from speech_emotion.features.table import FeatureTable
from speech_emotion.models.bundle import load


@pytest.fixture
def saved(made_table, tmp_path):
    """A table that ``extract`` could have saved."""
    path = tmp_path / "table.npz"
    made_table(speakers=5).save(path)
    return str(path)


def test_both_scores_are_printed_side_by_side_with_chance_and_the_reason(saved, tmp_path, capsys):
    model = tmp_path / "m.semodel"
    assert run(["train", saved, "-o", str(model), "--family", "lda", "--workers", "1"]) == 0
    out, err = capsys.readouterr()
    header, first, second, *rest = out.splitlines()
    assert header.split() == ["random", "split", "new", "speakers", "chance"]
    assert first.split()[0] == "UAR"
    assert second.split()[0] == "accuracy"
    assert first.rstrip().endswith("33.3 %")
    scores = load(model).provenance.scores
    for protocol in ("random", "speaker"):
        uar = scores[protocol]["uar"]
        interval = f"{100 * uar['value']:.1f} % ({100 * uar['low']:.1f}–{100 * uar['high']:.1f})"
        assert interval in first
    assert "heard every voice" in " ".join(rest)
    assert str(model) in err


def test_json_is_one_document_with_nothing_else_on_standard_output(saved, tmp_path, capsys):
    model = tmp_path / "m.semodel"
    options = ["--family", "lda", "--emotions", "calm,sad", "--features", "mfcc", "--json", "--workers", "1"]
    assert run(["train", saved, "-o", str(model), *options]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["emotions"] == ["calm", "sad"]
    assert facts["chance"] == 0.5
    assert set(facts["scores"]) == {"random", "speaker"}
    assert set(facts["scores"]["speaker"]["uar"]) == {"value", "low", "high"}
    assert load(model).config.features == ("mfcc",)


def test_one_voice_makes_a_model_but_no_promise(made_table, tmp_path, capsys):
    made_table(speakers=1, clips=6).save(tmp_path / "me.npz")
    model = tmp_path / "m.semodel"
    assert run(["train", str(tmp_path / "me.npz"), "-o", str(model), "--family", "lda", "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "unknown" in out
    assert "cannot be known from one speaker" in " ".join(out.split())
    assert list(load(model).provenance.scores) == ["random"]


def test_a_licence_that_forbids_commerce_is_told_once(made_table, tmp_path, capsys):
    origins = (Origin("made", "CC BY-NC-SA 4.0"),)
    replace(made_table(), origins=origins).save(tmp_path / "t.npz")
    run(
        [
            "train",
            str(tmp_path / "t.npz"),
            "-o",
            str(tmp_path / "m.semodel"),
            "--family",
            "lda",
            "--workers",
            "1",
        ]
    )
    assert capsys.readouterr().err.count("non-commercial") == 1


def test_recordings_are_measured_where_no_table_is_given(tmp_path, capsys):
    path = tmp_path / "voices"
    options = ["--emotions", "calm,happy", "--family", "lda", "--workers", "1", "--json"]
    assert run(["train", f"synthetic:{path}", "-o", str(tmp_path / "m.semodel"), *options]) == 0
    assert json.loads(capsys.readouterr().out)["emotions"] == ["calm", "happy"]
    assert load(tmp_path / "m.semodel").config.features == ("mel", "chroma", "mfcc")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "m.onnx"], "a model is saved as .semodel, not as 'm.onnx'; name it m.semodel"),
        (["-o", "{}/table.npz/m.semodel"], "cannot write in"),
        (["-o", "{}/f.semodel"], "f.semodel is a folder"),
        (["-o", "{}/m.semodel", "--family", "mpl"], "unknown family 'mpl'"),
        (["-o", "{}/m.semodel", "--emotions", "joy"], "did you mean 'happy'?"),
        (["-o", "{}/m.semodel", "--emotions", "calm"], "two emotions or more"),
        (["-o", "{}/m.semodel", "--features", "mel,f0"], "f0"),
        (["-o", "{}/m.semodel", "--seed", "x"], "'--seed'"),
        ([], "--out"),
    ],
)
def test_a_wrong_call_is_one_line_and_writes_nothing(saved, tmp_path, refused, options, message):
    (tmp_path / "f.semodel").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert message in refused(["train", saved, *(option.format(tmp_path) for option in options)])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root and Windows may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused_before_the_work(saved, tmp_path, capsys):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert run(["train", saved, "-o", str(tmp_path / "locked" / "m.semodel")]) == 2
    assert "cannot write in" in capsys.readouterr().err


def test_recordings_that_could_not_be_used_are_told(saved, tmp_path, capsys):
    table = FeatureTable.load(saved)
    from speech_emotion.features.table import Failure

    replace(table, failures=(Failure("a.wav", "is empty"),)).save(saved)
    run(["train", saved, "-o", str(tmp_path / "m.semodel"), "--family", "lda", "--workers", "1"])
    assert "warning: 1 of 61 recordings could not be used: a.wav: is empty" in capsys.readouterr().err


def test_where_nothing_is_named_the_recipe_of_the_built_in_model_is_trained(small, tmp_path, capsys):
    assert run(["train", str(small), "-o", str(tmp_path / "m.semodel"), "--workers", "1"]) == 0
    model = load(tmp_path / "m.semodel")
    assert (model.provenance.family, model.config.features) == ("ridge", ("tone",))
    assert "m.semodel: ridge, 8 utterances" in capsys.readouterr().err


def test_other_features_are_learnt_by_the_network(small, tmp_path):
    asked = ["--features", "rms,mfcc", "--no-calibrate", "--workers", "1"]
    assert run(["train", str(small), "-o", str(tmp_path / "m.semodel"), *asked]) == 0
    assert load(tmp_path / "m.semodel").provenance.family == "mlp"
