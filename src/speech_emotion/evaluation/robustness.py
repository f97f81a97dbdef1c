"""What is left of a model where the sound is worse: noise, a telephone, a codec, a room, half a sentence.

A model is fitted on recordings as they are, and asked about others, degraded. Nothing of a test speaker is
learnt, degraded or not, and nothing degraded is learnt at all: it is the same split as in
:func:`speech_emotion.evaluation.evaluate.evaluate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..corpora.utterance import Corpus
from ..errors import UsageError, unknown
from ..features.config import FeatureConfig
from ..features.table import FeatureTable
from .breakdown import gap_between_sexes
from .compare import by_speaker, paired
from .conditions import CONDITIONS
from .degraded import Answers, ask, question
from .fitting import numbered
from .intervals import Score, bootstrap_over_speakers
from .metrics import accuracy, uar


@dataclass(frozen=True, slots=True)
class Row:
    """What a model is worth under one condition. All scores have intervals over speakers.

    Attributes:
        condition: a name from :data:`speech_emotion.evaluation.conditions.CONDITIONS`: ``white_10``.
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
        clean: the UAR, of all folds together, on the same clips as they are.
        clean_sex_gap: the UAR of women less that of men on them; None where the clips are not of both.
        rows: one for each condition, in the order in which they were asked for.
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


def robustness(
    model: Any,
    recordings: Corpus | FeatureTable,
    *,
    protocol: str = "speaker",
    folds: int = 5,
    seed: int = 0,
    conditions: Sequence[str] | None = None,
    clips: int | None = None,
    config: FeatureConfig | None = None,
    workers: int | str | None = None,
    progress: pool.Progress | None = None,
    allow_overlap: bool = False,
) -> Robustness:
    """Judge a model on recordings that it was not fitted on, as they are and under worse conditions.

    Args:
        model: as :func:`speech_emotion.evaluation.evaluate.evaluate` takes it.
        recordings: a corpus; or its table, whose files are read again, and must be those that it was made of.
        protocol: as ``evaluate`` takes it. The scores are those of all folds together.
        folds: how many, from 2.
        seed: of the split, the choice of clips, the noise and the intervals.
        conditions: names from :data:`speech_emotion.evaluation.conditions.CONDITIONS`; None takes all.
        clips: how many to test, drawn evenly from speakers and emotions; None takes all. Models are fitted on all
            clips of the training speakers all the same.
        config: what to measure in a corpus, for an estimator; by default mel, chroma and MFCC.
        workers: how many processes; None takes all cores. The result is the same with any number.
        progress: called with steps done and all steps: a clip heard under all conditions, or a model fitted.
        allow_overlap: judge a saved model also on speakers that it was trained on; the notes then say so.

    Returns:
        A row for each condition. One that this machine cannot do, for want of a codec, has the reason instead of
        scores.

    Raises:
        UsageError: if there is no such protocol or condition, ``clips`` is less than 1, or the model has neither
            ``fit`` nor a recipe.
        TrainingError: if the recordings cannot be split so, or are of speakers that a saved model was trained on.
        FeatureError: if a recording cannot be read (again), or is not what the table was made of.
    """
    names = _names(conditions, clips)
    found = ask(
        question(model, recordings, config, protocol, folds, seed, workers, allow_overlap),
        names,
        clips,
        seed,
        workers,
        progress,
    )
    clean, *rest = (_scored(found, guesses, seed) for guesses in found.named)
    return Robustness(
        protocol=protocol,
        folds=found.folds,
        seed=seed,
        clips=len(found.tested),
        speakers=len(np.unique(found.tested.speakers)),
        chance=1 / len(found.classes),
        clean=clean["uar"],
        clean_sex_gap=clean["sex_gap"],
        rows=tuple(map(_row, names, rest, found.missing[1:])),
        notes=found.notes,
    )


def _names(conditions: Sequence[str] | None, clips: int | None) -> tuple[str, ...]:
    names = tuple(CONDITIONS) if conditions is None else tuple(dict.fromkeys(conditions))
    for name in names:
        if name not in CONDITIONS:
            raise unknown("condition", name, CONDITIONS)
    if clips is not None and clips < 1:
        raise UsageError(f"clips must be 1 or more, not {clips}")
    return names


def _scored(found: Answers, guesses: NDArray[np.int64], seed: int) -> dict[str, Any]:
    """The scores of the classes that are named for clips, and what has changed since they were clean."""
    tested, count, clean = found.tested, len(found.classes), found.named[0]
    truth, speakers = numbered(tested.emotions, found.classes), tested.speakers
    score = partial(bootstrap_over_speakers, speakers=speakers, classes=count, seed=seed)
    first, second = (by_speaker(truth, named, speakers, count) for named in (clean, guesses))
    return {
        "uar": score(truth, guesses, metrics={"uar": uar})["uar"],
        "drop": paired(first, second, np.random.default_rng(seed)),
        "unchanged": score(clean, guesses, metrics={"unchanged": accuracy})["unchanged"],
        "sex_gap": gap_between_sexes(truth, guesses, speakers, tested.sexes, count, seed=seed),
    }


def _row(name: str, scores: dict[str, Any], missing: str) -> Row:
    condition = CONDITIONS[name]
    if missing:
        return Row(name, condition.group, condition.title, None, None, None, missing=missing)
    return Row(name, condition.group, condition.title, **scores)
