"""Feature configurations: names, ranges, and the way to JSON and back."""

from __future__ import annotations

import json

import pytest

from speech_emotion.errors import FeatureError, UsageError
from speech_emotion.features.config import FEATURES, FeatureConfig


def test_the_prototypes_features_are_the_default() -> None:
    config = FeatureConfig()
    assert len(config.columns) == 128 + 12 + 40
    assert config.columns[0] == "mel_mean_000"
    assert config.columns[128] == "chroma_mean_00"
    assert config.columns[-1] == "mfcc_mean_39"


def test_groups_stand_in_one_order_however_they_are_asked_for() -> None:
    assert FeatureConfig(features=("f0", "mfcc", "mel")).features == ("mel", "mfcc", "f0")


def test_any_percentile_may_be_asked_for() -> None:
    assert FeatureConfig(features=("rms",), statistics=("p33", "mean")).columns == ("rms_mean", "rms_p33")


def test_a_configuration_survives_json() -> None:
    features = tuple(name for name in FEATURES if name != "tone")  # a part of tone-large
    config = FeatureConfig(features=features, statistics=("std", "p0", "p100"), hop=160, tuning=-0.1)
    assert FeatureConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features": ("mell",)}, "unknown feature 'mell' .*did you mean 'mel'"),
        ({"features": ()}, "name at least one feature"),
        ({"features": ("tone", "tone-large")}, "tone is a part of tone-large; name one of them"),
        ({"statistics": ("p101",)}, "unknown statistic 'p101'"),
        ({"fft": 1000}, "fft must be a power of two, not 1000"),
        ({"hop": 0}, "hop must be"),
        ({"mel_low": 9000.0}, "mel_low and mel_high"),
        ({"mfcc_coefficients": 129}, "mfcc_coefficients must be from 1 to mel_bands, not 129"),
        ({"db_floor": 0.0}, "db_floor"),
        ({"chroma_power": 3}, "chroma_power must be 1 or 2, not 3"),
        ({"tuning": 0.7}, "tuning"),
        ({"f0_low": 600.0}, "f0_low and f0_high"),
        ({"rate": 0}, "rate"),
    ],
)
def test_a_parameter_out_of_range_is_named(change: dict, said: str) -> None:
    with pytest.raises((FeatureError, UsageError), match=said):
        FeatureConfig(**change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wavelet": 3}, "unknown feature parameter 'wavelet'"),
        ({"hop": "512"}, "'hop' must be int, not '512'"),
        ({"hop": 512.5}, "'hop' must be int"),
        ({"hop": True}, "'hop' must be int"),
        ({"features": "mel"}, "'features' must be"),
        ({"mel_low": None}, "'mel_low' must be float"),
    ],
)
def test_a_stored_configuration_is_checked(change: dict, said: str) -> None:
    with pytest.raises(FeatureError, match=said):
        FeatureConfig.from_dict({**FeatureConfig().as_dict(), **change})


def test_a_stored_configuration_must_be_whole() -> None:
    values = FeatureConfig().as_dict()
    del values["db_floor"]
    with pytest.raises(FeatureError, match="'db_floor' is missing"):
        FeatureConfig.from_dict(values)
