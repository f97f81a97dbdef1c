from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from speech_emotion.cli.main import run
from speech_emotion.corpora.utterance import Origin
from speech_emotion.features.config import FeatureConfig
from speech_emotion.models import bundle
from speech_emotion.models.manifest import Provenance
from speech_emotion.models.model import Model
from speech_emotion.models.onnx_classifier import OnnxClassifier
from speech_emotion.training.train import train


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that is also the only built-in model."""
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["values"], ["probabilities"], axis=1)],
        "softmax",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    Model(
        classifier=OnnxClassifier(proto.SerializeToString()),
        emotions=("calm", "happy"),
        config=FeatureConfig(features=("zcr", "rms")),
        provenance=Provenance(
            "logistic",
            origins=(Origin("ravdess", "CC BY-NC-SA 4.0"),),
            scores={"speaker": {"uar": {"value": 0.512, "low": 0.47, "high": 0.55}}},
        ),
        name="tiny",
    ).save(tmp_path / "tiny.semodel")
    monkeypatch.setattr(bundle, "_BUILTIN", tmp_path)
    return tmp_path / "tiny.semodel"


@pytest.mark.usefixtures("saved")
def test_list_shows_emotions_licence_and_main_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert all(
        word in out
        for word in ("tiny", "calm, happy", "CC BY-NC-SA 4.0", "UAR 51.2 % on new speakers of ravdess (chance 50.0 %)")
    )


def test_list_as_json_is_one_document(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "tiny",
            "emotions": ["calm", "happy"],
            "bytes": saved.stat().st_size,
            "encoder_bytes": 0,
            "sure_above": 0.0,
            "licence": "CC BY-NC-SA 4.0",
            "non_commercial": True,
            "corpora": ["ravdess"],
            "uar": {"value": 0.512, "low": 0.47, "high": 0.55},
            "chance": 0.5,
            "default": False,
        }
    ]


def test_show_prints_the_card_and_the_manifest(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "show", "tiny"]) == 0
    assert capsys.readouterr().out.startswith("# tiny\n")
    assert run(["models", "show", str(saved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["emotions"] == ["calm", "happy"]


def test_verify_has_a_line_for_each_and_fails_if_one_is_refused(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "verify", str(saved)]) == 0
    capsys.readouterr()
    bad = tmp_path / "bad.semodel"
    bad.write_bytes(b"\x80\x04N.")
    assert run(["models", "verify", str(bad), "tiny", "none"]) == 1
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith(f"refused  {bad}: ")
    assert "pickle" in first
    assert second == "ok       tiny: tiny, 2 emotions"
    assert third.startswith("refused  unknown model 'none'")


def test_a_wrong_name_is_one_line_and_status_2(refused: Any) -> None:
    assert refused(["models", "show", "nothing"]).startswith("error: unknown model 'nothing'")


def test_compare_says_which_is_better_and_whether_that_may_be_luck(
    made_table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = made_table(speakers=9, strength=0.8)
    heard = np.isin(table.speakers, ["made/00", "made/01"])
    good, poor = str(tmp_path / "good.semodel"), str(tmp_path / "poor.semodel")
    train(table.rows(heard), "lda", protocols=[], workers=1).save(good)
    train(table.rows(heard).narrow(["chroma"]), "lda", protocols=[], workers=1).save(poor)
    table.rows(~heard).save(tmp_path / "new.npz")
    table.save(tmp_path / "all.npz")
    assert run(["models", "compare", good, poor, "--corpus", str(tmp_path / "new.npz"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["difference"]["value"] == pytest.approx(facts["first"] - facts["second"])
    assert facts["difference"]["value"] > 0
    assert (facts["speakers"], facts["utterances"]) == (7, 84)
    assert run(["models", "compare", good, poor, "--corpus", str(tmp_path / "new.npz")]) == 0
    out = capsys.readouterr().out
    assert f"{100 * facts['first']:.1f} % and {100 * facts['second']:.1f} %" in out
    assert f"p = {facts['p']:.3f}" in out
    assert run(["models", "compare", good, poor, "--corpus", str(tmp_path / "all.npz")]) == 2
    assert "trained on 2 of these speakers" in capsys.readouterr().err
