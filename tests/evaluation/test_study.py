"""The document: what the schema in the docs says, and what scikit-learn and a count by hand say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from speech_emotion.evaluation.evaluate import Report
from speech_emotion.evaluation.intervals import Score
from speech_emotion.evaluation.robustness import Robustness, Row
from speech_emotion.evaluation.study import Side, Study

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
SCORE = Score(0.5, 0.4, 0.6)
WORSE = Robustness(
    *("speaker", 5, 0, 60, 5, 1 / 3, SCORE, SCORE),
    rows=(
        Row("white_10", "noise", "white noise", SCORE, SCORE, SCORE, SCORE),
        Row("opus", "channel", "Opus", None, None, None, missing="no Opus"),
    ),
)


def _study(scored: Report, **more: object) -> Study:
    sides = (Side("random", replace(scored, protocol="random")), Side("speaker", scored), Side("corpus", why_not="one"))
    return Study("3 emotions", **{"asked": "speaker", "sides": sides, **more})


def test_the_document_is_what_the_schema_says(scored: Report) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    found = {"robustness": WORSE, "left_out": {"song": 3}, "leaks": ("a leak",), "about": (("Seed", "0"),)}
    for study in (
        _study(scored),
        _study(scored, asked="random"),
        _study(scored, **found),
        _study(scored, not_robust="gone"),
    ):
        document = json.loads(json.dumps({**study.as_dict(), "repeat": "speech-emotion evaluate x"}))
        Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("uar"),
        lambda d: d.update(surprise=1),
        lambda d: d["by"].pop("sex_gap"),
        lambda d: d["protocols"].update(kfold={"why_not": "x"}),
        lambda d: d["protocols"]["corpus"].update(why_not=""),
        lambda d: d["reliability"][0].update(accuracy=1.5),
        lambda d: d["left_out"].update(song="three"),
    ],
)
def test_the_schema_refuses_another_document(scored: Report, spoil) -> None:
    document = json.loads(json.dumps({**_study(scored).as_dict(), "repeat": "x"}))
    spoil(document)
    assert not Draft202012Validator(SCHEMA).is_valid(document)


def test_the_random_split_is_never_the_one_to_go_by(scored: Report) -> None:
    study = _study(scored, asked="random")
    assert study.honest.protocol == "speaker"
    assert study.as_dict()["protocol"] == "random"
    assert study.as_dict()["beside"]["protocol"] == "speaker"
    alone = Study("3 emotions", "random", study.sides[:1])
    assert alone.honest.protocol == "random"
    assert alone.flattery is None


def test_the_curves_are_told_in_numbers(scored: Report) -> None:
    document = _study(scored).as_dict()
    bins = document["reliability"]
    assert [each["utterances"] for each in bins] == [4] * 15
    right = scored.probabilities.argmax(axis=1) == scored.truth
    assert sum(each["accuracy"] * each["utterances"] for each in bins) == pytest.approx(right.sum())
    order = np.argsort(-scored.probabilities.max(axis=1), kind="stable")
    for point in document["risk_coverage"]:
        count = round(point["coverage"] * 60)
        assert point["risk"] == pytest.approx(1 - right[order[:count]].mean())
    assert [point["coverage"] for point in document["risk_coverage"]] == pytest.approx(np.arange(1, 21) / 20)
