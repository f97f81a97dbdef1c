"""What a report says of a model, small enough to travel in its bundle; the card is made from it.

It comes back from a stranger's file, so every value is checked on reading, and none can be larger than a card is long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .strict_json import LONGEST_NAME, mapping, named, number, sequence, text

Interval = Mapping[str, float | None]
"""``value``, ``low`` and ``high``; the last two None where not estimated."""

MOST_CONDITIONS = 100


@dataclass(frozen=True)
class Condition:
    """What is left of a model in worse sound.

    Attributes:
        title: of the condition, for people.
        uar: under it.
        unchanged: the part of the clips that are given the same emotion as when they were clean.
    """

    title: str
    uar: float
    unchanged: float


@dataclass(frozen=True)
class Summary:
    """For whom and where a model works. All are fractions.

    Attributes:
        protocol: who was tested: ``speaker``.
        recalls: of each emotion that occurs, the part that was recognised.
        chance: the UAR of guessing.
        majority: the accuracy of always naming the most frequent emotion.
        human: the accuracy of people at the same task, where published.
        sexes: the UAR of each sex, with its interval.
        sex_gap: the UAR of women less that of men; None where one is missing.
        worst_speaker: the one with the lowest UAR, and that UAR; None where there is one speaker.
        clean: the UAR on the clips that were degraded, as they are; None where that was not measured.
        conditions: what is left of it under each condition.
    """

    protocol: str
    recalls: Mapping[str, float]
    chance: float
    majority: float
    human: float | None = None
    sexes: Mapping[str, Interval] = field(default_factory=dict)
    sex_gap: Interval | None = None
    worst_speaker: tuple[str, float] | None = None
    clean: float | None = None
    conditions: tuple[Condition, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = asdict(self)
        worst = self.worst_speaker
        values["worst_speaker"] = {"name": worst[0], "uar": worst[1]} if worst else None
        values["conditions"] = [asdict(condition) for condition in self.conditions]
        return values

    @classmethod
    def from_dict(cls, given: object, place: str = "report") -> Summary:
        """Check plain values, and read them.

        Raises:
            BundleError: if a field is missing, unknown or wrong.
        """
        values = mapping(given, place, list(cls.__dataclass_fields__))
        worst, human, clean, gap = (values[name] for name in ("worst_speaker", "human", "clean", "sex_gap"))
        if worst is not None:
            worst = mapping(worst, f"worst_speaker of {place}", ["name", "uar"])
        conditions = sequence(values["conditions"], f"conditions of {place}", MOST_CONDITIONS)
        return cls(
            protocol=text(values["protocol"], f"protocol of {place}", LONGEST_NAME),
            recalls=named(values["recalls"], f"recalls of {place}", _fraction),
            chance=_fraction(values["chance"], f"chance of {place}"),
            majority=_fraction(values["majority"], f"majority of {place}"),
            human=None if human is None else _fraction(human, f"human of {place}"),
            sexes=named(values["sexes"], f"sexes of {place}", interval),
            sex_gap=None if gap is None else interval(gap, f"sex_gap of {place}"),
            worst_speaker=worst
            and (
                text(worst["name"], f"worst_speaker of {place}"),
                _fraction(worst["uar"], f"worst_speaker of {place}"),
            ),
            clean=None if clean is None else _fraction(clean, f"clean of {place}"),
            conditions=tuple(_condition(condition, f"a condition of {place}") for condition in conditions),
        )


def interval(value: object, place: str) -> dict[str, float | None]:
    """A score with its interval: ``value``, ``low`` and ``high``, the last two maybe None.

    Raises:
        BundleError: if it is not.
    """
    score = mapping(value, place, ["value", "low", "high"])
    score["value"] = number(score["value"], place, -1e9, 1e9)
    for bound in ("low", "high"):
        score[bound] = None if score[bound] is None else number(score[bound], place, -1e9, 1e9)
    return score


def _fraction(value: object, place: str) -> float:
    return number(value, place, 0, 1)


def _condition(given: object, place: str) -> Condition:
    values = mapping(given, place, ["title", "uar", "unchanged"])
    return Condition(
        text(values["title"], f"title of {place}", LONGEST_NAME),
        _fraction(values["uar"], f"uar of {place}"),
        _fraction(values["unchanged"], f"unchanged of {place}"),
    )
