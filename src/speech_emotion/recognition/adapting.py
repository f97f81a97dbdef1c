"""Answers for many recordings, adapted to the session in which they were made and to who speaks in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, unknown
from ..models.adaptation import Adaptation
from ..models.model import Model
from ..models.prediction import Prediction
from ..models.profiles import opened
from ..writing import writable
from .groups import Group, folder_of
from .recognizer import Recognition
from .transcript import Segment

ADAPT: Mapping[str, str] = {
    "none": "each recording by itself",
    "session": "recordings of one group, or all, are of one session: one room, microphone and channel",
    "speaker": "all are of one session, and those of one group are of one voice",
}
"""What answers may be adapted to."""


def check(adapt: str, model: Model, profile: Path | None = None, grouped: bool = False) -> None:
    """Refuse what cannot be, before anything is heard.

    Args:
        adapt: what to adapt to.
        model: that answers.
        profile: a file that remembers a session.
        grouped: whether it is said how recordings are grouped.

    Raises:
        UsageError: if there is nothing of that name to adapt to, the model cannot adapt, what is asked for needs
            another adaptation, or the profile's folder cannot be written.
        BundleError: if the profile is not one.
    """
    if adapt not in ADAPT:
        raise unknown("adaptation", adapt, ADAPT)
    if adapt == "none":
        if profile is not None or grouped:
            what = "a profile" if profile is not None else "a grouping"
            raise UsageError(f"{what} goes with --adapt session or --adapt speaker")
        return
    if adapt == "session" and profile is not None and grouped:
        raise UsageError("a profile is of one session, and grouping makes several; leave out --profile or --group-by")
    if profile is not None:
        writable(profile.parent)
    opened(profile, model)


def adapted(
    answers: Iterable[Recognition],
    model: Model,
    adapt: str = "session",
    session: Adaptation | None = None,
    group: Group | None = None,
) -> Iterator[Recognition]:
    """The same answers, each adapted to what was heard before and to all of the others.

    Args:
        answers: of one call, not adapted; all in which somebody speaks are heard before the first comes back.
        model: that gave them.
        adapt: a name from :data:`ADAPT`.
        session: what was heard before; it hears these answers, too.
        group: who speaks in a recording of this path, or which session it is of; None takes the folder for the
            speaker, and all recordings for one session.

    Yields:
        Answers in the same order; what could not be used stays as it is.

    Raises:
        UsageError: if one session is to be that of several groups.
    """
    if adapt == "none":
        yield from answers
        return
    if adapt == "session" and session is not None and group is not None:
        raise UsageError("each group is a session of its own, so none can go on with another; leave one of them out")
    every = list(answers)
    heard = [answer for answer in every if answer.prediction is not None and answer.prediction.spoken]
    by_voice = adapt == "speaker"
    names = [(group or folder_of)(answer.path) if by_voice or group else None for answer in heard]
    rows = np.array([_row(answer.prediction, model) for answer in heard if answer.prediction is not None])
    rows = rows.reshape(len(heard), len(model.emotions))
    whole = np.empty_like(rows)
    sessions: dict[str | None, Adaptation] = {}
    for name in [None] if by_voice else dict.fromkeys(names):
        own = [number for number, each in enumerate(names) if by_voice or each == name]
        sessions[name] = session or model.adaptation()
        whole[own] = sessions[name].adapted_together(rows[own], [names[number] for number in own] if by_voice else None)
    place = iter(range(len(heard)))
    for answer in every:
        if answer.prediction is None or not answer.prediction.spoken:
            yield answer
            continue
        number = next(place)
        name = names[number]
        segments = answer.segments
        if segments:
            parts = np.array([_row(part, model) for part in segments])
            parts = sessions[None].adapted(parts, name) if by_voice else sessions[name].adapted(parts)
            segments = tuple(
                _again(part, model.prediction(row, part.start, part.end, part.spoken))
                for row, part in zip(parts, segments, strict=True)
            )
        found = model.prediction(whole[number], answer.prediction.start, answer.prediction.end)
        yield replace(answer, prediction=found, segments=segments)


def _again(part: Prediction | Segment, heard: Prediction) -> Prediction | Segment:
    return part.with_tone(heard) if isinstance(part, Segment) else heard


def _row(prediction: Prediction | Segment, model: Model) -> NDArray[np.float64]:
    scores = dict(prediction.scores)
    return np.array([scores[emotion] for emotion in model.emotions])
