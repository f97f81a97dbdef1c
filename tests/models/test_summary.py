"""What a report says, in a bundle: it comes back as it was, and nothing else comes in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from speech_emotion.errors import BundleError
from speech_emotion.models import card
from speech_emotion.models.bundle import load
from speech_emotion.models.manifest import Manifest
from speech_emotion.models.model import Model
from speech_emotion.models.summary import Condition, Summary

SUMMARY = Summary(
    protocol="speaker",
    recalls={"calm": 0.8, "happy": 0.25, "sad": 0.5},
    chance=1 / 3,
    majority=0.4,
    human=0.67,
    sexes={"female": {"value": 0.41, "low": 0.346, "high": 0.484}, "male": {"value": 0.34, "low": None, "high": None}},
    sex_gap={"value": 0.069, "low": -0.018, "high": 0.162},
    worst_speaker=("ravdess/17", 0.203),
    clean=0.5,
    conditions=(Condition("white noise, 10 dB", 0.2, 0.31),),
)


@pytest.fixture
def reported(model: Model) -> Model:
    scores = {"speaker": {**model.provenance.scores["speaker"], "ece": {"value": 0.05, "low": 0.03, "high": 0.08}}}
    for name in ("coverage", "sure_accuracy"):
        scores["speaker"][name] = {"value": 0.4 if name == "coverage" else 0.9, "low": None, "high": None}
    return replace(model, provenance=replace(model.provenance, report=SUMMARY, scores=scores), sure_above=0.6)


def test_a_bundle_gives_it_back_as_it_was(reported: Model) -> None:
    members = {"classifier.onnx": "0" * 64, "card.md": "f" * 64}
    manifest = replace(reported.manifest(), members=members)
    assert Manifest.from_json(manifest.to_json()).provenance.report == SUMMARY
    for sparse in (
        replace(SUMMARY, sex_gap=None, worst_speaker=None, human=None, clean=None, conditions=(), sexes={}),
    ):
        assert Summary.from_dict(json.loads(json.dumps(sparse.as_dict()))) == sparse


def test_a_bundle_that_was_made_before_there_were_reports_still_loads(forge: Callable[..., Any]) -> None:
    path = forge(change=lambda manifest: manifest.pop("report"))
    assert load(path).provenance.report is None


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "field missing": (lambda r: r.pop("chance"), "report lacks 'chance'"),
    "field unknown": (lambda r: r.update(hook="os.system"), "unknown field 'hook'"),
    "recall above 1": (lambda r: r["recalls"].update(calm=2), "a number from 0 to 1"),
    "recall a text": (lambda r: r["recalls"].update(calm="1"), "a number from 0 to 1"),
    "chance true": (lambda r: r.update(chance=True), "chance of report must be a number"),
    "recalls a list": (lambda r: r.update(recalls=[1]), "must be an object"),
    "recalls without end": (lambda r: r.update(recalls={str(n): 0 for n in range(1001)}), "at most 1000 fields"),
    "protocol with escape codes": (lambda r: r.update(protocol="\x1b[2J"), "printable"),
    "speaker of two lines": (lambda r: r["worst_speaker"].update(name="a\nb"), "printable"),
    "speaker a text": (lambda r: r.update(worst_speaker="ann"), "must be an object"),
    "gap a number": (lambda r: r.update(sex_gap=0.1), "must be an object"),
    "conditions without end": (lambda r: r.update(conditions=r["conditions"] * 101), "a list of at most 100"),
    "condition nested": (lambda r: r["conditions"][0].update(title=[[]]), "printable"),
    "condition unknown field": (lambda r: r["conditions"][0].update(more=1), "unknown field 'more'"),
    "condition too long": (lambda r: r["conditions"][0].update(title="x" * 101), "at most 100 characters"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_wrong_value_is_refused_in_one_line(forge: Callable[..., Any], reported: Model, case: str) -> None:
    spoil, word = SPOILT[case]

    def change(manifest: dict[str, Any]) -> None:
        manifest["report"] = SUMMARY.as_dict()
        spoil(manifest["report"])

    with pytest.raises(BundleError) as error:
        load(forge(change=change))
    assert word in str(error.value)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


def test_the_card_says_for_whom_and_where_it_works(reported: Model) -> None:
    text = card.text(reported.manifest())
    lines = text.splitlines()
    assert lines[lines.index("## For whom and where") + 2] == "Tested on: new speakers."
    for line in (
        "- Recognised of each emotion: calm 80.0 %, happy 25.0 %, sad 50.0 %.",
        "- UAR by sex: female 41.0 % (34.6–48.4), male 34.0 %.",
        "- UAR of women less that of men: +6.9 points (-1.8 to +16.2).",
        "- The speaker that it understands worst is ravdess/17: UAR 20.3 %.",
        "| as recorded | 50.0 % | – |",
        "| white noise, 10 dB | 20.0 % | 31.0 % |",
        "- How far its confidence is from its accuracy (ECE): 5.0 % (3.0–8.0).",
        '- Below a confidence of 0.60 it says "not sure": it answers 40.0 % of the clips, and 90.0 % of those answers '
        "are right.",
    ):
        assert line in lines, line


def test_chance_and_people_stand_in_the_cards_table(reported: Model) -> None:
    scores = {"speaker": {name: {"value": 0.4, "low": None, "high": None} for name in ("uar", "accuracy")}}
    text = card.text(replace(reported, provenance=replace(reported.provenance, scores=scores)).manifest())
    lines = text.splitlines()
    assert lines[lines.index("| new speakers | 40.0 % | 40.0 % |") + 1 :][:3] == [
        "| chance | 33.3 % | – |",
        "| always the most frequent emotion | – | 40.0 % |",
        "| people who only heard it (published) | – | 67.0 % |",
    ]
