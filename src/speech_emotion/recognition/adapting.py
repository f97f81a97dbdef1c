"""Answers for many recordings, adapted to the session in which they were made and to who speaks in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from ..corpora.paths import writable
from ..errors import UsageError, unknown
from ..models.adaptation import Adaptation
from ..models.model import Model
from ..models.prediction import Prediction
from .recognizer import Recognition
from .transcript import Segment

ADAPT: Mapping[str, str] = {
    "none": "each recording by itself",
    "session": "all recordings of the call are of one session: one room, microphone and channel",
    "speaker": "and those of one folder are of one voice",
}
"""What answers may be adapted to."""


def check(adapt: str, model: Model, profile: Path | None = None) -> None:
    """Refuse what cannot be, before anything is heard.

    Raises:
        UsageError: if there is nothing of that name to adapt to, the model cannot adapt, or the profile's folder cannot
            be written.
        BundleError: if the profile is not one.
    """
    if adapt not in ADAPT:
        raise unknown("adaptation", adapt, ADAPT)
    if adapt == "none":
        if profile is not None:
            raise UsageError("a profile goes with --adapt session or --adapt speaker")
        return
    if profile is not None:
        writable(profile.parent)
    opened(model, profile)


def opened(model: Model, profile: Path | None = None) -> Adaptation:
    """The session to go on with: a new one, or the one that a profile remembers.

    Raises:
        UsageError: if the model cannot adapt, or the profile is another model's.
        BundleError: if the profile is not one.
    """
    session = model.adaptation()
    if profile is None or not os.path.exists(profile):
        return session
    kept = Adaptation.load(profile)
    if tuple(kept.centre) != tuple(session.centre):
        raise UsageError(
            f"{profile} was kept with another model than '{model.name}'; name that one, or another profile"
        )
    return kept


def adapted(
    answers: Iterable[Recognition], model: Model, adapt: str = "session", session: Adaptation | None = None
) -> Iterator[Recognition]:
    """The same answers, each adapted to what was heard before and to all of the others.

    Args:
        answers: of one call, not adapted; all are heard before the first comes back.
        model: that gave them.
        adapt: a name from :data:`ADAPT`.
        session: what was heard before; it hears these answers, too.

    Yields:
        Answers in the same order; what could not be used stays as it is.
    """
    if adapt == "none":
        yield from answers
        return
    session = session or model.adaptation()
    every = list(answers)
    heard = [answer for answer in every if answer.prediction is not None]
    voices = [voice(answer.path) for answer in heard] if adapt == "speaker" else None
    rows = np.array([_row(answer.prediction, model) for answer in heard if answer.prediction is not None])
    together = session.adapted_together(rows.reshape(len(heard), len(model.emotions)), voices)
    place = iter(range(len(heard)))
    for answer in every:
        if answer.prediction is None:
            yield answer
            continue
        number = next(place)
        segments = answer.segments
        if segments and len(heard) > 1:
            name = voices[number] if voices else None
            parts = session.adapted(np.array([_row(part, model) for part in segments]), name)
            segments = tuple(
                _again(part, model.prediction(row, part.start, part.end))
                for row, part in zip(parts, segments, strict=True)
            )
        whole = model.prediction(together[number], answer.prediction.start, answer.prediction.end)
        yield replace(answer, prediction=whole, segments=segments)


def voice(path: str) -> str:
    """Who is taken to speak in a recording: its folder.

    Example:
        >>> voice("calls/ann/1.wav")
        'calls/ann'
    """
    return PurePath(path.replace("\\", "/")).parent.as_posix()


def _again(part: Prediction | Segment, heard: Prediction) -> Prediction | Segment:
    return part.with_tone(heard) if isinstance(part, Segment) else heard


def _row(prediction: Prediction | Segment, model: Model) -> NDArray[np.float64]:
    scores = dict(prediction.scores)
    return np.array([scores[emotion] for emotion in model.emotions])
