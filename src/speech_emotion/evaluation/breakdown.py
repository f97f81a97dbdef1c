"""For whom a model works: its scores for women and men, for each corpus, each intensity and each speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..models.summary import Condition, Summary
from .compare import by_speaker
from .evaluate import Report
from .intervals import DRAWS, Score, bootstrap_over_speakers, tail
from .metrics import uar
from .published import human

if TYPE_CHECKING:
    from .robustness import Robustness


@dataclass(frozen=True, slots=True)
class Part:
    """The scores of some of a report's utterances.

    Attributes:
        name: what they have in common: ``female``, ``ravdess/07``.
        utterances: how many.
        speakers: by how many people.
        uar: over the emotions that occur among them, with its interval over speakers.
        accuracy: with its interval over speakers.
    """

    name: str
    utterances: int
    speakers: int
    uar: Score
    accuracy: Score


def parts(report: Report, aspect: str) -> list[Part]:
    """The scores of each sex, corpus or intensity.

    Args:
        report: of a model.
        aspect: ``sex``, ``corpus`` or ``intensity``.

    Returns:
        Sorted by name; utterances of which it is not known are left out.
    """
    values = report.aspects.get(aspect, np.empty(0, dtype=np.str_))
    return [_part(report, name, values == name) for name in np.unique(values).tolist() if name]


def speakers(report: Report) -> list[Part]:
    """The scores of each speaker, the worst first.

    One speaker says nothing of others, so the intervals are all of 0 to 1.
    """
    each = [_part(report, name, report.speakers == name) for name in np.unique(report.speakers).tolist()]
    return sorted(each, key=lambda part: (part.uar.value, part.name))


def sex_gap(report: Report) -> Score | None:
    """The UAR of women minus that of men, with its interval over speakers; None where one of them is missing.

    Women are drawn among women and men among men.
    """
    sexes = report.aspects.get("sex", np.full(len(report.speakers), ""))
    guesses = report.probabilities.argmax(axis=1)
    return gap_between_sexes(report.truth, guesses, report.speakers, sexes, len(report.emotions), seed=report.seed)


def gap_between_sexes(
    truth: NDArray[np.int64],
    guesses: NDArray[np.int64],
    speakers: NDArray[np.str_],
    sexes: NDArray[np.str_],
    classes: int,
    *,
    seed: int = 0,
) -> Score | None:
    """As :func:`sex_gap`, of guesses that are in no report; each array is of shape (n,)."""
    drawn, values, fewest = [], [], len(speakers)
    for number, sex in enumerate(("female", "male")):
        those = sexes == sex
        if not those.any():
            return None
        counts = by_speaker(truth[those], guesses[those], speakers[those], classes)
        rng = np.random.default_rng([seed, number])
        times = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=DRAWS)
        drawn.append(uar(np.tensordot(times, counts, axes=1)))
        values.append(float(uar(counts.sum(axis=0))))
        fewest = min(fewest, len(counts))
    value = values[0] - values[1]
    if fewest < 2:
        return Score(value, -1.0, 1.0)
    end = tail(fewest)
    low, high = np.nanquantile(drawn[0] - drawn[1], [end, 1 - end])
    return Score(value, float(low), float(high))


def as_dict(report: Report) -> dict[str, object]:
    """All of it as plain values for JSON."""
    gap = sex_gap(report)
    found: dict[str, object] = {aspect: _plain(parts(report, aspect)) for aspect in report.aspects}
    each = speakers(report)
    found["speaker"] = {part.name: {"uar": part.uar.value, "utterances": part.utterances} for part in each}
    found["worst_speaker"] = each[0].name
    found["sex_gap"] = gap.as_dict() if gap else None
    return found


def summary(report: Report, worse: Robustness | None = None) -> Summary:
    """What a bundle and its card say of a model, beside its scores.

    Args:
        report: of the model, or of its recipe.
        worse: what is left of it in worse sound, where that was measured.
    """
    each, gap = speakers(report), sex_gap(report)
    rows = worse.rows if worse else ()
    return Summary(
        protocol=report.protocol,
        recalls=dict(report.recalls),
        chance=report.chance,
        majority=report.majority,
        human=human(report),
        sexes={part.name: part.uar.as_dict() for part in parts(report, "sex")},
        sex_gap=gap.as_dict() if gap else None,
        worst_speaker=(each[0].name, each[0].uar.value) if len(each) > 1 else None,
        clean=worse.clean.value if worse else None,
        conditions=tuple(
            Condition(row.title, row.uar.value, row.unchanged.value) for row in rows if row.uar and row.unchanged
        ),
    )


def _plain(found: Sequence[Part]) -> dict[str, object]:
    return {
        part.name: {
            "uar": part.uar.as_dict(),
            "accuracy": part.accuracy.as_dict(),
            "utterances": part.utterances,
            "speakers": part.speakers,
        }
        for part in found
    }


def _part(report: Report, name: str, rows: NDArray[np.bool_]) -> Part:
    who = report.speakers[rows]
    guesses = report.probabilities[rows].argmax(axis=1)
    scores = bootstrap_over_speakers(report.truth[rows], guesses, who, len(report.emotions), seed=report.seed)
    return Part(name, int(rows.sum()), len(np.unique(who)), scores["uar"], scores["accuracy"])
