"""What is left of a model where the sound is worse: noise, a telephone, a codec, a room, half a sentence.

A model is fitted on recordings as they are, and asked about others, degraded. Nothing of a test speaker is
learnt, degraded or not, and nothing degraded is learnt at all: it is the same split as in
:func:`speech_emotion.evaluation.evaluate.evaluate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .intervals import Score


@dataclass(frozen=True, slots=True)
class Row:
    """What a model is worth under one condition. All scores have intervals over speakers.

    Attributes:
        condition: a name from :data:`CONDITIONS`: ``white_10``.
        group: what it belongs to, for a heading: ``noise``, ``level``, ``channel``, ``room``, ``speed`` or ``length``.
        title: for people: ``white noise, 10 dB``.
        uar: on the degraded clips.
        drop: the UAR on the clean clips less that on the degraded ones; above 0 is a loss.
        unchanged: the part of the clips that are given the same emotion as when they were clean, right or wrong.
        sex_gap: the UAR of women less that of men; None where the clips are not of both.
        missing: why there are no scores (which are then None), empty where there are.
    """

    condition: str
    group: str
    title: str
    uar: Score | None
    drop: Score | None
    unchanged: Score | None
    sex_gap: Score | None = None
    missing: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        scores = {name: getattr(self, name) for name in ("uar", "drop", "unchanged", "sex_gap")}
        return {
            "condition": self.condition,
            "group": self.group,
            "title": self.title,
            **{name: None if score is None else score.as_dict() for name, score in scores.items()},
            **({"missing": self.missing} if self.missing else {}),
        }


@dataclass(frozen=True, slots=True)
class Robustness:
    """What a model is worth on degraded sound.

    Attributes:
        protocol: who was tested on what, as in :class:`speech_emotion.evaluation.evaluate.Report`.
        folds: how many models were fitted; 0 where a saved one was judged as it is.
        seed: of the split, the choice of clips, the noise and the intervals.
        clips: how many were tested, under each condition.
        speakers: by how many people.
        chance: the UAR of guessing: 1 / classes.
        clean: the UAR on the same clips as they are.
        clean_sex_gap: the UAR of women less that of men on them; None where the clips are not of both.
        rows: one for each condition, in the order of :data:`CONDITIONS`.
        notes: what a reader should know, a line each.
    """

    protocol: str
    folds: int
    seed: int
    clips: int
    speakers: int
    chance: float
    clean: Score
    clean_sex_gap: Score | None
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "protocol": self.protocol,
            "folds": self.folds,
            "seed": self.seed,
            "clips": self.clips,
            "speakers": self.speakers,
            "chance": self.chance,
            "clean": self.clean.as_dict(),
            "clean_sex_gap": self.clean_sex_gap.as_dict() if self.clean_sex_gap else None,
            "rows": [row.as_dict() for row in self.rows],
            "notes": list(self.notes),
        }
