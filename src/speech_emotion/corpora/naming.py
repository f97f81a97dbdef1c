"""What the name of a file says, wherever the file lies, if a known corpus named it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import CorpusError
from . import crema_d, emodb, ravdess, savee, tess, urdu


@dataclass(frozen=True, slots=True)
class Said:
    """What a name says.

    Attributes:
        corpus: whose name it is.
        emotion: a name from :data:`speech_emotion.emotions.EMOTIONS`.
        speaker: as in that corpus's utterances: ``ravdess/12``.
        clip: equal for two files that are named as the same clip.
    """

    corpus: str
    emotion: str
    speaker: str
    clip: Hashable


def said(path: str) -> Said | None:
    """What a file's name says; None where no known corpus would name a file so.

    Example:
        >>> said("mine/happy/03-01-06-01-02-01-12.wav").emotion
        'fearful'
        >>> print(said("mine/happy/1.wav"))
        None
    """
    for corpus, (parse, speaker) in _NAMES.items():
        try:
            name = parse(path)
        except CorpusError:
            continue
        return Said(corpus, name.emotion, f"{corpus}/{speaker(name)}", name)
    return None


_NAMES: Mapping[str, tuple[Callable[[str], Any], Callable[[Any], str]]] = {
    ravdess.ORIGIN.name: (ravdess.parse, lambda name: f"{name.actor:02}"),
    emodb.ORIGIN.name: (emodb.parse, lambda name: str(name.speaker)),
    crema_d.ORIGIN.name: (crema_d.parse, lambda name: str(name.actor)),
    savee.ORIGIN.name: (savee.parse, lambda name: str(name.speaker)),
    tess.ORIGIN.name: (tess.parse, lambda name: str(name.talker)),
    urdu.ORIGIN.name: (urdu.parse, lambda name: str(name.speaker)),
}
