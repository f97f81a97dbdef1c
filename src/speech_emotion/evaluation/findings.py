"""What a check of recordings found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .nuisance import Nuisance

KINDS: Mapping[str, str] = {
    "unreadable": "cannot be read",
    "long": "too long to be looked at",
    "empty": "empty",
    "silent": "silent",
    "mislabelled": "named as another emotion than labelled",
    "copies": "two files of one name that differ",
    "exact": "the same recording twice",
    "near": "the same take twice, changed",
    "speaker": "speakers in more than one set",
    "nuisance": "tells of the emotion without the voice",
    "invalid": "samples that are no numbers",
    "clipped": "clipped",
    "unknown": "speakers unknown",
}
"""What may be found, by name, in the order in which it is told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: from :data:`KINDS`.
        paths: the recordings that it is about.
        text: what is to be said of them, in less than a line.
        unsafe: whether scores on these recordings would be untrue, or the recordings cannot be used.
    """

    kind: str
    paths: tuple[str, ...]
    text: str
    unsafe: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": self.kind, "paths": list(self.paths), "text": self.text, "unsafe": self.unsafe}


@dataclass(frozen=True, slots=True)
class Check:
    """All that was found in some sets of recordings.

    Attributes:
        sets: the name of each set and how many recordings it has.
        findings: in the order of :data:`KINDS`.
        nuisances: of each set; None where nothing could be scored.
    """

    sets: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...]
    nuisances: tuple[Nuisance | None, ...]

    @property
    def unsafe(self) -> bool:
        """Whether anything was found that makes scores untrue."""
        return any(finding.unsafe for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "unsafe": self.unsafe,
            "sets": [
                {"name": name, "recordings": count, "nuisance": scored and scored.as_dict()}
                for (name, count), scored in zip(self.sets, self.nuisances, strict=True)
            ],
            "findings": [finding.as_dict() for finding in self.findings],
        }
