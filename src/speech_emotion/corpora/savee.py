"""SAVEE: four British men say 120 TIMIT sentences each in seven emotions (Haq & Jackson, 2010).

A file is named by emotion and sentence and lies in its speaker's folder, ``DC/a01.wav``; many copies have the speaker
in the name instead, ``DC_a01.wav``. 480 clips: 15 sentences an emotion, 30 neutral. The numbers count from 1 in
each emotion, and most texts belong to one emotion only: a model may know the emotion by the words.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from . import clips
from .utterance import Corpus, Origin, Utterance

ORIGIN = Origin(
    name="savee",
    licence="research only",  # "free of charge for research purposes"; its home names no standard licence
    homepage="http://kahlan.eps.surrey.ac.uk/savee/",
    citation=(
        "Haq, S., & Jackson, P. J. B. (2010). Multimodal Emotion Recognition. In W. Wang (ed.), Machine Audition: "
        "Principles, Algorithms and Systems. IGI Global, 398–423."
    ),
)
LANGUAGE = "en"
ARCHIVE = None
BY_HAND = "register at http://personal.ee.surrey.ac.uk/Personal/P.Jackson/SAVEE/Register.html for AudioData.zip"

SPEAKERS = ("DC", "JE", "JK", "KL")
EMOTIONS = {
    "a": ("anger", "angry"),
    "d": ("disgust", "disgust"),
    "f": ("fear", "fearful"),
    "h": ("happiness", "happy"),
    "n": ("neutral", "neutral"),
    "sa": ("sadness", "sad"),
    "su": ("surprise", "surprised"),
}
"""The letters, each with the corpus's word and the one used here."""


@dataclass(frozen=True, slots=True)
class SaveeName:
    """What a file name says, together with the folder that the file lies in.

    Attributes:
        speaker: one of :data:`SPEAKERS`, all men.
        emotion: one that :data:`EMOTIONS` maps to.
        sentence: the corpus's name for it, emotion and number: ``a01``.
    """

    speaker: str
    emotion: str
    sentence: str


def parse(name: str | os.PathLike[str]) -> SaveeName:
    """What a file name says, together with the folder that the file lies in.

    Args:
        name: with folders before it, where they name the speaker; with or without an ending.

    Raises:
        CorpusError: if this is no name of SAVEE; the message names the field.

    Example:
        >>> parse("DC/sa01.wav") == parse("ALL/DC_sa01.wav")
        True
        >>> parse("KL_su15.wav").emotion
        'surprised'
    """
    return clips.parsed(name, _decode)


def owns(name: str) -> bool:
    """Whether a file is named as SAVEE names its files; without a speaker it is not.

    Example:
        >>> owns("AudioData/DC/a01.wav"), owns("DC_a01.wav"), owns("a01.wav")
        (True, True, False)
    """
    return _fields(name) is not None


def read(path: str | os.PathLike[str]) -> Corpus:
    """The clips in a folder at any depth, or in an archive of one.

    Returns:
        One utterance a clip, as :func:`.clips.read` orders them.

    Raises:
        CorpusError: if there is no clip; the message says what there was.
    """
    return clips.read(path, ORIGIN, _decode, _utterance, "its clips are named DC/a01.wav or DC_a01.wav")


_NAME = re.compile(rf"({'|'.join(SPEAKERS)})_({'|'.join(EMOTIONS)})([0-9]{{2}})")


def _fields(file: str) -> re.Match[str] | None:
    alone = _NAME.fullmatch(clips.stem(file))
    return alone or _NAME.fullmatch("_".join([*clips.parts(file)[-2:-1], clips.stem(file)]))


def _decode(file: str) -> SaveeName | str:
    fields = _fields(file)
    if fields is None:
        return "not a name of SAVEE"
    speaker, letters, number = fields.groups()
    last = 30 if letters == "n" else 15
    if not 1 <= int(number) <= last:
        return f"sentence {letters}{number} does not exist (valid: {letters}01 to {letters}{last})"
    return SaveeName(speaker, EMOTIONS[letters][1], letters + number)


def _utterance(name: SaveeName, file: str) -> Utterance:
    return Utterance(
        path=file,
        emotion=name.emotion,
        speaker=f"{ORIGIN.name}/{name.speaker}",
        corpus=ORIGIN.name,
        sentence=name.sentence,
        sex="male",
        language=LANGUAGE,
    )
