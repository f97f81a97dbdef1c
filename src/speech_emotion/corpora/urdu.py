"""URDU: 38 guests of Urdu talk shows, in four emotions that nobody acted (Latif et al., 2018).

Every file is named by speaker, the speaker's file and the emotion's, ``SM1_F10_A010.wav``: SM a man, SF a woman, each
number one person in all emotions. The emotion's number follows a 0: ``A010`` is the tenth. 400 clips, 100 an emotion;
few speakers are heard in more than one, so that a model may know the emotion by the voice.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from . import clips
from .utterance import Corpus, Origin, Utterance

ORIGIN = Origin(
    name="urdu",
    licence="research only",  # "only for research purposes", its home says, and names no standard licence
    homepage="https://github.com/siddiquelatif/URDU-Dataset",
    citation=(
        "Latif, S., Qayyum, A., Usman, M., & Qadir, J. (2018). Cross Lingual Speech Emotion Recognition: Urdu vs. "
        "Western Languages. https://arxiv.org/abs/1812.10411"
    ),
)
LANGUAGE = "ur"
ARCHIVE = None  # GitHub packs the files anew for every download
BY_HAND = "download the zip archive of the code from https://github.com/siddiquelatif/URDU-Dataset"

SPEAKERS = {"SM": 27, "SF": 11}
"""How many men and women there are."""

EMOTIONS = {
    "A": ("angry", "angry"),
    "H": ("happy", "happy"),
    "N": ("neutral", "neutral"),
    "S": ("sad", "sad"),
}
"""The letters, each with the corpus's word and the one used here."""

CLIPS = 100
"""Of each emotion."""


@dataclass(frozen=True, slots=True)
class UrduName:
    """What a file name says.

    Attributes:
        speaker: ``SM1`` to ``SM27`` or ``SF1`` to ``SF11``.
        file: counts a speaker's files in one emotion, from 1.
        emotion: one that :data:`EMOTIONS` maps to.
        number: counts the emotion's files, from 1.
    """

    speaker: str
    file: int
    emotion: str
    number: int

    @property
    def sex(self) -> str:
        """``male`` or ``female``."""
        return "male" if self.speaker.startswith("SM") else "female"


def parse(name: str | os.PathLike[str]) -> UrduName:
    """What a file name says.

    Args:
        name: with or without folders before it and an ending behind it.

    Raises:
        CorpusError: if this is no name of URDU; the message names the field.

    Example:
        >>> parse("Angry/SM1_F10_A010.wav")
        UrduName(speaker='SM1', file=10, emotion='angry', number=10)
    """
    return clips.parsed(name, _decode)


def owns(name: str) -> bool:
    """Whether a file is named as URDU names its files.

    Example:
        >>> owns("SF6_F14_H038.wav"), owns("DC_a01.wav")
        (True, False)
    """
    return _NAME.fullmatch(clips.stem(name)) is not None


def read(path: str | os.PathLike[str]) -> Corpus:
    """The clips in an archive, or in a folder at any depth.

    Returns:
        One utterance a clip, as :func:`.clips.read` orders them.

    Raises:
        CorpusError: if there is no clip; the message says what there was.
    """
    return clips.read(path, ORIGIN, _decode, _utterance, "its clips are named SM1_F10_A010.wav")


_NAME = re.compile(r"(SM|SF)([0-9]{1,2})_F([0-9]{1,3})_([A-Z])([0-9]{1,4})")


def _decode(file: str) -> UrduName | str:
    fields = _NAME.fullmatch(clips.stem(file))
    if fields is None:
        return "not a name of URDU"
    kind, letter = fields[1], fields[4]
    speaker, count, number = int(fields[2]), int(fields[3]), int(fields[5])
    if letter not in EMOTIONS:
        return f"emotion {letter} does not exist (valid: {', '.join(EMOTIONS)})"
    for field, value, last in (
        (f"speaker {kind}", speaker, SPEAKERS[kind]),
        ("file F", count, CLIPS),
        (f"number {letter}", number, CLIPS),
    ):
        if not 1 <= value <= last:
            return f"{field}{value} does not exist (valid: 1 to {last})"
    return UrduName(f"{kind}{speaker}", count, EMOTIONS[letter][1], number)


def _utterance(name: UrduName, file: str) -> Utterance:
    return Utterance(
        path=file,
        emotion=name.emotion,
        speaker=f"{ORIGIN.name}/{name.speaker}",
        corpus=ORIGIN.name,
        sex=name.sex,
        language=LANGUAGE,
    )
