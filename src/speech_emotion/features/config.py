"""What is computed from a recording, every parameter named.

A configuration travels with the table that it made and with the model that was trained on it, so that a live window
is measured exactly as the training clips were.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..errors import FeatureError, require_list, unknown
from .whole import WHOLE

FRAMES = ("mel", "chroma", "mfcc", "zcr", "rms", "f0")
"""The feature groups that are tracks of frames."""

FEATURES = (*FRAMES, *WHOLE)
"""All feature groups, in the order of their columns."""

STATISTICS = ("mean", "std", "slope", "delta", "p5", "p10", "p25", "p50", "p75", "p90", "p95")
"""What may be asked of a track of frames; any other percentile is ``p`` and its number, ``p0`` to ``p100``."""


@dataclass(frozen=True, slots=True)
class FeatureConfig:
    """The features, their statistics over frames, and every parameter of both.

    The defaults are the prototype's: librosa's own at 16 kHz.

    Attributes:
        features: groups to compute, from :data:`FEATURES`.
        statistics: over the frames of each track, from :data:`STATISTICS`; ``slope`` is per second. Groups that are
            measured over a whole utterance have none.
        rate: Hz.
        fft: samples a frame, a power of two.
        hop: samples from one frame to the next.
        mel_bands: how many mel bands (Slaney's scale, area-normalised).
        mel_low: lower edge of the lowest band, Hz.
        mel_high: upper edge of the highest band, Hz.
        mfcc_coefficients: how many cepstral coefficients, from the zeroth.
        db_floor: how far below the loudest value of the clip a mel energy in dB may lie.
        chroma_bins: pitch classes in an octave.
        chroma_power: exponent of the spectrum that chroma is made from: 1, magnitude, as the prototype did; 2, energy.
        tuning: deviation from A = 440 Hz in chroma bins, or None to estimate it from each clip.
        f0_low: lowest pitch looked for, Hz.
        f0_high: highest pitch looked for, Hz.

    Raises:
        FeatureError: if a parameter is out of range, or one group is a part of another.
        UsageError: if a feature or statistic is unknown.
    """

    features: tuple[str, ...] = ("mel", "chroma", "mfcc")
    statistics: tuple[str, ...] = ("mean",)
    rate: int = 16_000
    fft: int = 2048
    hop: int = 512
    mel_bands: int = 128
    mel_low: float = 0.0
    mel_high: float = 8000.0
    mfcc_coefficients: int = 40
    db_floor: float = 80.0
    chroma_bins: int = 12
    chroma_power: int = 1
    tuning: float | None = None
    f0_low: float = 65.0
    f0_high: float = 500.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", _named("feature", self.features, FEATURES))
        if {"tone", "tone-large"} <= set(self.features):
            raise FeatureError("tone is a part of tone-large; name one of them")
        object.__setattr__(self, "statistics", _statistics(self.statistics))
        numbers = (self.mel_low, self.mel_high, self.db_floor, self.tuning or 0.0, self.f0_low, self.f0_high)
        _check(all(map(math.isfinite, numbers)), "every parameter", numbers, "finite")
        _check(self.rate > 0, "rate", self.rate, "above 0 Hz")
        _check(16 <= self.fft <= 65_536 and self.fft & (self.fft - 1) == 0, "fft", self.fft, "a power of two")
        _check(1 <= self.hop <= self.fft, "hop", self.hop, "from 1 to fft")
        _check(1 <= self.mel_bands <= self.fft // 2, "mel_bands", self.mel_bands, "from 1 to fft / 2")
        _check(
            0 <= self.mel_low <= self.mel_high - self.rate / self.fft and self.mel_high <= self.rate / 2,
            "mel_low and mel_high",
            (self.mel_low, self.mel_high),
            "within 0 to rate / 2, at least rate / fft apart",
        )
        _check(
            "mfcc" not in self.features or 1 <= self.mfcc_coefficients <= self.mel_bands,
            "mfcc_coefficients",
            self.mfcc_coefficients,
            "from 1 to mel_bands",
        )
        _check(0 < self.db_floor <= 1000, "db_floor", self.db_floor, "above 0 and at most 1000 dB")
        _check(1 <= self.chroma_bins <= 96, "chroma_bins", self.chroma_bins, "from 1 to 96")
        _check(self.chroma_power in (1, 2), "chroma_power", self.chroma_power, "1 or 2")
        _check(self.tuning is None or abs(self.tuning) <= 0.5, "tuning", self.tuning, "within -0.5 to 0.5")
        _check(
            20 <= self.f0_low < self.f0_high <= self.rate / 4,
            "f0_low and f0_high",
            (self.f0_low, self.f0_high),
            "within 20 Hz to rate / 4, the lower first",
        )

    def tracks(self, feature: str) -> int:
        """How many numbers a frame has for one feature group of frames."""
        return {"mel": self.mel_bands, "chroma": self.chroma_bins, "mfcc": self.mfcc_coefficients}.get(feature, 1)

    def width(self, feature: str) -> int:
        """How many columns one feature group has."""
        if feature in WHOLE:
            return len(WHOLE[feature].columns(self))
        return self.tracks(feature) * len(self.statistics)

    @property
    def size(self) -> int:
        """How many columns there are: as many as :attr:`columns` names, without naming them."""
        return sum(map(self.width, self.features))

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each feature: group, statistic, and number where a group has several.

        Groups that are measured over a whole utterance name their own.

        Example:
            >>> FeatureConfig(features=("chroma", "rms"), chroma_bins=2, statistics=("mean", "std")).columns
            ('chroma_mean_00', 'chroma_mean_01', 'chroma_std_00', 'chroma_std_01', 'rms_mean', 'rms_std')
        """
        names: list[str] = []
        for feature in self.features:
            if feature in WHOLE:
                names += WHOLE[feature].columns(self)
                continue
            count = self.tracks(feature)
            width = max(2, len(str(count - 1)))
            for statistic in self.statistics:
                if count == 1:
                    names.append(f"{feature}_{statistic}")
                else:
                    names += [f"{feature}_{statistic}_{number:0{width}d}" for number in range(count)]
        return tuple(names)

    def narrowed(self, features: Sequence[str], statistics: Sequence[str]) -> FeatureConfig:
        """The same parameters with fewer groups or statistics."""
        require_list("features", features)
        require_list("statistics", statistics)
        return replace(self, features=tuple(features), statistics=tuple(statistics))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, every parameter in it."""
        return {**asdict(self), "features": list(self.features), "statistics": list(self.statistics)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FeatureConfig:
        """The configuration that :meth:`as_dict` wrote.

        Raises:
            FeatureError: if a parameter is missing, of the wrong type, or not known to this version.
        """
        types = {f.name: f.type for f in fields(cls)}
        for name in values:
            if name not in types:
                raise FeatureError(f"unknown feature parameter '{name}': made by a newer speech-emotion? update it")
        for name, expected in types.items():
            if name not in values:
                raise FeatureError(f"feature parameter '{name}' is missing")
            if not _is(values[name], str(expected)):
                raise FeatureError(f"feature parameter '{name}' must be {expected}, not {values[name]!r}")
        lists = {name: tuple(values[name]) for name in ("features", "statistics")}
        return cls(**{**values, **lists})


def _is(value: object, expected: str) -> bool:
    if expected.startswith("tuple"):
        return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
    if isinstance(value, bool):
        return False
    if expected == "int":
        return isinstance(value, int)
    return (value is None and "None" in expected) or isinstance(value, (int, float))


def _check(right: bool, name: str, value: object, valid: str) -> None:
    if not right:
        raise FeatureError(f"{name} must be {valid}, not {value}")


def _named(kind: str, wanted: Sequence[str], valid: Sequence[str]) -> tuple[str, ...]:
    if isinstance(wanted, str):
        wanted = [wanted]
    if not wanted:
        raise FeatureError(f"name at least one {kind} (valid: {', '.join(valid)})")
    for name in wanted:
        if name not in valid:
            raise unknown(kind, name, valid)
    return tuple(name for name in valid if name in wanted)


def _statistics(wanted: Sequence[str]) -> tuple[str, ...]:
    if isinstance(wanted, str):
        wanted = [wanted]
    others = [name for name in dict.fromkeys(wanted) if re.fullmatch(r"p(100|[1-9]?\d)", name)]
    for name in wanted:
        if name not in (*STATISTICS, *others):
            raise unknown("statistic", name, ["mean", "std", "slope", "delta", "p0 to p100"], hint="")
    return _named("statistic", wanted, list(dict.fromkeys([*STATISTICS, *others])))
