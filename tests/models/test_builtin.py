"""The models that come with the package."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from speech_emotion.features.tone import encoder_bytes
from speech_emotion.models import bundle

FOLDER = Path(bundle.__file__).with_name("builtin")

LARGEST = {"tone": 12e6, "tone-large": 22e6, "tone-free": 12e6, "classic": 1e6}
"""Bytes, the encoder included."""


def test_the_built_in_models_are_there() -> None:
    assert set(bundle.builtin_names()) == set(LARGEST)
    assert bundle.DEFAULT == "tone"


@pytest.mark.parametrize("name", LARGEST)
def test_a_built_in_model_is_small_calibrated_and_says_whom_it_serves(name: str) -> None:
    manifest = bundle.verify(name)
    size = bundle.locate(name).stat().st_size + encoder_bytes(manifest.config.features)
    assert size <= LARGEST[name]
    assert manifest.temperature != 1
    assert manifest.centre
    assert (manifest.sure_above > 0) == (name != "classic")
    assert {"speaker", "random"} <= set(manifest.provenance.scores)
    report = manifest.provenance.report
    assert report is not None
    assert report.worst_speaker
    assert report.conditions


def test_only_what_learnt_from_free_recordings_is_free() -> None:
    licences = {name: bundle.verify(name).provenance for name in LARGEST}
    assert [name for name, made in licences.items() if not made.non_commercial] == ["tone-free"]
    assert licences["tone-free"].licence == "CC0 1.0"


@pytest.mark.parametrize("name", LARGEST)
def test_origin_licence_and_checksum_of_every_model_stand_beside_it(name: str) -> None:
    rows = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    row = next(row for row in rows if f"`{name}.semodel`" in row)
    assert hashlib.sha256((FOLDER / f"{name}.semodel").read_bytes()).hexdigest() in row
    assert bundle.verify(name).provenance.licence in row
