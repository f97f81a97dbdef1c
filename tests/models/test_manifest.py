from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora.utterance import Origin
from speech_emotion.errors import BundleError
from speech_emotion.models.manifest import FIELDS, Manifest, strictest
from speech_emotion.models.model import Model


@pytest.fixture
def manifest(model: Model) -> Manifest:
    return replace(model.manifest(), members={"classifier.onnx": "0" * 64, "card.md": "f" * 64})


def test_what_is_written_is_read_back(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_the_fields_are_those_that_are_listed(manifest: Manifest) -> None:
    assert tuple(manifest.as_dict()) == FIELDS


def test_every_feature_parameter_is_written(manifest: Manifest) -> None:
    written = json.loads(manifest.to_json())["features"]
    assert written == manifest.config.as_dict()
    assert {"fft", "hop", "mel_bands", "tuning"} <= set(written)


def test_the_strictest_licence_is_that_of_the_model(manifest: Manifest) -> None:
    assert manifest.as_dict()["licence"] == "CC BY-NC-SA 4.0"
    assert manifest.provenance.non_commercial


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        (["CC0", "CC BY 4.0"], "CC BY 4.0"),
        (["CC BY-SA 4.0", "CC BY 4.0"], "CC BY-SA 4.0"),
        (["CC BY-ND 4.0", "ODbL"], "CC BY-ND 4.0"),
        (["CC BY-NC 4.0", "CC BY-ND 4.0"], "CC BY-NC 4.0"),
        (["own", "CC0"], "own"),
        ([], "unknown"),
    ],
)
def test_licences_are_ranked_by_what_they_forbid(licences: list[str], expected: str) -> None:
    assert strictest([Origin("x", licence) for licence in licences]) == expected


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "newer format": (lambda m: m.update(format=2), "newer version: format 2"),
    "format as text": (lambda m: m.update(format="1"), "format must be a whole number"),
    "format true": (lambda m: m.update(format=True), "format must be a whole number"),
    "field missing": (lambda m: m.pop("seed"), "lacks 'seed'"),
    "field unknown": (lambda m: m.update(hook="os.system"), "unknown field 'hook'"),
    "name a list": (lambda m: m.update(name=["x"]), "a name must be"),
    "name with escape codes": (lambda m: m.update(name="\x1b[2J"), "printable"),
    "name of two lines": (lambda m: m.update(name="a\nb"), "printable"),
    "one emotion": (lambda m: m.update(emotions=["calm"]), "2 to 100 emotions"),
    "emotions twice": (lambda m: m.update(emotions=["calm"] * 3), "there twice"),
    "emotions as text": (lambda m: m.update(emotions="calm"), "emotions must be a list"),
    "emotion a number": (lambda m: m.update(emotions=["calm", 1]), "a name must be"),
    "another rate": (lambda m: m.update(rate=8000), "rate must be 16000"),
    "features at another rate": (
        lambda m: m["features"].update(rate=22050),
        "rate of the features must be 16000",
    ),
    "feature parameter unknown": (lambda m: m["features"].update(warp=1), "unknown feature parameter 'warp'"),
    "feature parameter missing": (lambda m: m["features"].pop("hop"), "'hop' is missing"),
    "feature group unknown": (lambda m: m["features"].update(features=["wav2vec"]), "unknown feature"),
    "features as a list": (lambda m: m.update(features=[]), "features must be an object"),
    "no statistic": (lambda m: m["features"].update(statistics=[]), "name at least one statistic"),
    "frames that take any memory": (
        lambda m: m["features"].update(features=["mfcc"], fft=65536, mel_bands=32768),
        "fft must be a number from 0 to 8192",
    ),
    "frames that take any time": (
        lambda m: m["features"].update(features=["f0"], hop=1),
        "hop must be 64 samples or more",
    ),
    "a floor without end": (lambda m: m["features"].update(db_floor=1e308), "db_floor must be"),
    "hop above window": (lambda m: m.update(hop=5), "hop must be a number from 0.01 to 3"),
    "other pooling": (lambda m: m.update(pooling="max"), 'pooling must be "mean"'),
    "adaptation": (lambda m: m.update(adaptation={"speaker": 1}), "adaptation"),
    "no temperature": (lambda m: m.update(calibration={}), "lacks 'temperature'"),
    "temperature 0": (lambda m: m.update(calibration={"temperature": 0}), "temperature must be"),
    "temperature text": (lambda m: m.update(calibration={"temperature": "1"}), "temperature must be"),
    "sure_above 2": (lambda m: m.update(sure_above=2), "sure_above must be a number from 0 to 1"),
    "hyperparameter an object": (lambda m: m["hyperparameters"].update(x={}), "plain value"),
    "licence that is a lie": (lambda m: m.update(licence="MIT"), "licence must be the strictest"),
    "corpus without licence": (lambda m: m["corpora"][0].pop("licence"), "lacks 'licence'"),
    "utterances below 0": (lambda m: m.update(utterances=-1), "utterances must be"),
    "hash too short": (lambda m: m.update(utterances_sha256="ab"), "SHA-256"),
    "speaker a number": (lambda m: m.update(speakers=[1]), "a speaker must be"),
    "score a number": (lambda m: m["scores"]["speaker"].update(uar=0.5), "must be an object"),
    "score without low": (lambda m: m["scores"]["speaker"]["uar"].pop("low"), "lacks 'low'"),
    "version a number": (lambda m: m["versions"].update(numpy=2), "must be one printable line"),
    "member added": (lambda m: m["members"].update({"x.py": "0" * 64}), "unknown field 'x.py'"),
    "member's hash upper case": (lambda m: m["members"].update({"card.md": "F" * 64}), "SHA-256"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_wrong_field_is_refused_in_one_line(manifest: Manifest, case: str) -> None:
    spoil, word = SPOILT[case]
    values = json.loads(manifest.to_json())
    spoil(values)
    with pytest.raises(BundleError) as error:
        Manifest.from_json(json.dumps(values).encode())
    assert word in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04N.",
        b"[]",
        b"null",
        b'{"format": 1, "format": 1}',
        b'{"format": NaN}',
        b'{"format": Infinity}',
        b'{"format": 1e999}',
        b'{"format": ' + b"9" * 5000 + b"}",
        b'{"format": ' + b"[" * 100_000,
        b'{"format": 1, "name": "\xff"}',
    ],
)
def test_what_is_no_manifest_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(BundleError) as error:
        Manifest.from_json(data)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


def test_a_value_that_could_not_be_read_back_is_not_written(manifest: Manifest) -> None:
    for hyperparameters in ({"alpha": float("nan")}, {"alpha": object()}, {"alpha": {"deep": 1}}):
        spoilt = replace(manifest, provenance=replace(manifest.provenance, hyperparameters=hyperparameters))
        with pytest.raises(BundleError):
            spoilt.to_json()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(field=st.sampled_from(FIELDS), value=JSON)
def test_any_value_in_any_field_is_read_or_refused(field: str, value: object) -> None:
    values = {**EXAMPLE, field: value}
    try:
        manifest = Manifest.from_json(json.dumps(values).encode())
    except BundleError as error:
        assert str(error).isprintable()  # noqa: PT017 - some of them are fine
    else:
        assert Manifest.from_json(manifest.to_json()) == manifest


def _example() -> dict[str, Any]:
    from speech_emotion.features.config import FeatureConfig
    from speech_emotion.models.manifest import Provenance

    members = {"classifier.onnx": "0" * 64, "card.md": "f" * 64}
    return Manifest("tiny", ("calm", "sad"), FeatureConfig(), Provenance("mlp"), members=members).as_dict()


EXAMPLE = _example()
