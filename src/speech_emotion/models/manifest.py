"""A bundle's manifest: what the model is, what it was trained on, and how good it is.

JSON with a fixed set of fields, every one checked on reading, because a bundle may come from a stranger. It
holds no date, so the same training gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..audio.waveform import RATE
from ..corpora.utterance import Origin, strictest
from ..errors import BundleError, FeatureError, UsageError
from ..features.config import FeatureConfig
from .strict_json import (
    LONGEST_NAME,
    mapping,
    named,
    number,
    one_line,
    one_of,
    parse,
    plain,
    sequence,
    sha256,
    text,
    whole,
    wrong,
)
from .summary import Summary, interval

FORMAT = 1
"""Of the bundle; a newer one is refused."""

MEMBERS = ("classifier.onnx", "card.md")
"""What a bundle holds beside its manifest."""

POOLING = "mean"
"""How the windows of a long recording become one answer: the mean of their probabilities."""

MOST_EMOTIONS = 100
MOST_CORPORA = 100
MOST_SPEAKERS = 100_000
MOST_LOGARITHM = 1000.0
"""Of what a model's logarithms may be on average."""

MOST_COLUMNS = 100_000

LARGEST = {"fft": 8192, "mel_bands": 512}
"""Of the features: what is measured with more would take a stranger's model any time and memory."""

SHORTEST_HOP = 40
"""Samples."""

Scores = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""Protocol, then metric, then ``value``, ``low`` and ``high``: fractions; the last two None where not
estimated."""


@dataclass(frozen=True)
class Provenance:
    """How a model came to be.

    Attributes:
        family: of classifiers: ``mlp``.
        hyperparameters: plain JSON values.
        origins: the corpora it was trained on.
        speakers: those it has heard, sorted.
        utterances: how many it was trained on.
        utterances_sha256: of what identifies them, in order; empty where unknown.
        protocol: how it was chosen: ``speaker``.
        seed: of everything random.
        scores: what it scored, by protocol.
        report: for whom and where it works; None where that was not measured.
        versions: of the libraries that trained it.
    """

    family: str
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    origins: tuple[Origin, ...] = ()
    speakers: tuple[str, ...] = ()
    utterances: int = 0
    utterances_sha256: str = ""
    protocol: str = ""
    seed: int = 0
    scores: Scores = field(default_factory=dict)
    report: Summary | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def licence(self) -> str:
        """The strictest licence among the corpora."""
        return strictest(self.origins)

    @property
    def non_commercial(self) -> bool:
        """Whether a corpus forbids commercial use, and with it this model."""
        return any(origin.non_commercial for origin in self.origins)


@dataclass(frozen=True)
class Manifest:
    """Everything in a bundle but the classifier itself.

    Attributes:
        name: the model's name.
        emotions: in the order of the classifier's probabilities.
        config: how a recording is measured.
        provenance: how the model came to be.
        temperature: divides the logarithms of the probabilities; 1 leaves them as they are.
        sure_above: the confidence under which the model says "not sure".
        centre: what the logarithms of the probabilities are on average, for adaptation; empty where unknown.
        window: seconds of a long recording heard at once.
        hop: seconds from one window to the next.
        members: the SHA-256 of each other file in the bundle, in hexadecimal.
    """

    name: str
    emotions: tuple[str, ...]
    config: FeatureConfig
    provenance: Provenance
    temperature: float = 1.0
    sure_above: float = 0.0
    centre: tuple[float, ...] = ()
    window: float = 3.0
    hop: float = 1.0
    members: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Whether a model may be so called, hear these emotions and use these numbers.

        Raises:
            BundleError: if not; the message names the value and the valid ones.
        """
        _name(self.name)
        _emotions(self.emotions)
        number(self.temperature, "temperature", 0.01, 100)
        number(self.sure_above, "sure_above", 0, 1)
        for value in self.centre:
            number(value, "centre", -MOST_LOGARITHM, MOST_LOGARITHM)
        if self.centre and len(self.centre) != len(self.emotions):
            raise BundleError(f"adaptation has {len(self.centre)} numbers for {len(self.emotions)} emotions")
        number(self.window, "window", 0.1, 60)
        number(self.hop, "hop", 0.01, self.window)
        one_of(self.config.rate, "rate of the features", [RATE])
        for name, most in LARGEST.items():
            number(getattr(self.config, name), name, 0, most)
        least = max(SHORTEST_HOP, self.config.fft // 32)
        if self.config.hop < least:
            raise BundleError(
                f"hop must be {least} samples or more for frames of {self.config.fft}, not {self.config.hop}"
            )
        if self.config.size > MOST_COLUMNS:
            raise BundleError(f"the features have {self.config.size} columns; the most is {MOST_COLUMNS}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in reading order."""
        made = self.provenance
        return {
            "format": FORMAT,
            "name": self.name,
            "emotions": list(self.emotions),
            "rate": self.config.rate,
            "features": self.config.as_dict(),
            "window": self.window,
            "hop": self.hop,
            "pooling": POOLING,
            "calibration": {"temperature": self.temperature},
            "sure_above": self.sure_above,
            "adaptation": {"centre": list(self.centre)} if self.centre else None,
            "family": made.family,
            "hyperparameters": dict(made.hyperparameters),
            "licence": made.licence,
            "corpora": [asdict(origin) for origin in made.origins],
            "utterances": made.utterances,
            "utterances_sha256": made.utterances_sha256,
            "speakers": list(made.speakers),
            "protocol": made.protocol,
            "seed": made.seed,
            "scores": {protocol: dict(metrics) for protocol, metrics in made.scores.items()},
            "report": made.report.as_dict() if made.report else None,
            "versions": dict(made.versions),
            "members": dict(self.members),
        }

    def to_json(self) -> bytes:
        """The manifest as it is stored.

        Raises:
            BundleError: if :meth:`from_json` would refuse it.
        """
        try:
            data = json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        except (TypeError, ValueError) as error:
            raise BundleError(f"the model's description cannot be written as JSON ({error})") from error
        Manifest.from_json(data)
        return data

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read a manifest and check every field.

        Args:
            data: UTF-8.

        Raises:
            BundleError: if it is not JSON, of a newer format, or a field is missing, unknown or wrong.
        """
        values = parse(data)
        made_by = whole(values.get("format"), "format", 1, 2**31)
        if made_by > FORMAT:
            raise BundleError(f"made by a newer version: format {made_by}, this one reads up to {FORMAT}; update it")
        values = {**LATER, **values}
        mapping(values, "manifest.json", FIELDS)
        one_of(values["rate"], "rate", [RATE])
        one_of(values["pooling"], "pooling", [POOLING])
        provenance = _provenance(values)
        if values["licence"] != provenance.licence:
            raise wrong("licence", f"the strictest of its corpora, '{provenance.licence}'", values["licence"])
        members = mapping(values["members"], "members", MEMBERS)
        manifest = cls(
            name=values["name"],
            emotions=tuple(sequence(values["emotions"], "emotions", MOST_EMOTIONS)),
            config=_config(values["features"]),
            provenance=provenance,
            temperature=mapping(values["calibration"], "calibration", ["temperature"])["temperature"],
            sure_above=values["sure_above"],
            centre=_centre(values["adaptation"]),
            window=values["window"],
            hop=values["hop"],
            members={name: sha256(digest, f"members: {name}") for name, digest in members.items()},
        )
        manifest.check()
        return manifest


FIELDS = (
    *(
        "format",
        "name",
        "emotions",
        "rate",
        "features",
        "window",
        "hop",
        "pooling",
        "calibration",
        "sure_above",
    ),
    *("adaptation", "family", "hyperparameters", "licence", "corpora", "utterances", "utterances_sha256"),
    *("speakers", "protocol", "seed", "scores", "report", "versions", "members"),
)

LATER = {"report": None}
"""Fields that bundles of this format may lack, because they came later, and what they then are."""


def _name(value: object) -> None:
    if not text(value, "a name", LONGEST_NAME).strip():
        raise BundleError("a name must not be empty")


def _emotions(labels: Sequence[str]) -> None:
    if not 2 <= len(labels) <= MOST_EMOTIONS:
        raise BundleError(f"a model has 2 to {MOST_EMOTIONS} emotions, not {len(labels)}")
    for label in labels:
        _name(label)
        if list(labels).count(label) > 1:
            raise BundleError(f"the emotion '{label}' is there twice")


def _centre(value: object) -> tuple[float, ...]:
    if value is None:
        return ()
    return tuple(sequence(mapping(value, "adaptation", ["centre"])["centre"], "centre", MOST_EMOTIONS))


def _config(values: object) -> FeatureConfig:
    try:
        return FeatureConfig.from_dict(mapping(values, "features"))
    except (FeatureError, UsageError) as error:
        raise BundleError(f"features: {one_line(error)}") from error


def _provenance(values: Mapping[str, Any]) -> Provenance:
    speakers = sequence(values["speakers"], "speakers", MOST_SPEAKERS)
    digest = values["utterances_sha256"]
    return Provenance(
        family=text(values["family"], "family", LONGEST_NAME),
        hyperparameters=named(values["hyperparameters"], "hyperparameters", plain),
        origins=tuple(_origin(origin) for origin in sequence(values["corpora"], "corpora", MOST_CORPORA)),
        speakers=tuple(text(speaker, "a speaker") for speaker in speakers),
        utterances=whole(values["utterances"], "utterances", 0, 10**12),
        utterances_sha256=sha256(digest, "utterances_sha256") if digest != "" else "",
        protocol=text(values["protocol"], "protocol", LONGEST_NAME),
        seed=whole(values["seed"], "seed", 0, 2**32 - 1),
        scores=named(values["scores"], "scores", lambda metrics, place: named(metrics, place, interval)),
        report=None if values["report"] is None else Summary.from_dict(values["report"]),
        versions=named(values["versions"], "versions", text),
    )


def _origin(value: object) -> Origin:
    names = [origin_field.name for origin_field in fields(Origin)]
    origin = mapping(value, "a corpus", names)
    return Origin(**{name: text(origin[name], f"{name} of a corpus") for name in names})
