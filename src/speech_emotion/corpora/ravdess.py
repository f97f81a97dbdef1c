"""RAVDESS: 24 actors say two sentences in eight emotions (Livingstone & Russo, 2018).

Every file is named by seven numbers, ``03-01-06-01-02-01-12.wav``: modality, vocal channel, emotion,
intensity, statement, repetition, actor. Speech recorded as audio only is read, 1440 clips in the published
archive; songs, videos and other files are left out and counted. A clip that is there twice, as in a copy that
many people have, counts once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from . import clips
from .fetch import Archive
from .utterance import Corpus, Origin, Utterance

ORIGIN = Origin(
    name="ravdess",
    licence="CC BY-NC-SA 4.0",
    homepage="https://zenodo.org/records/1188976",
    citation=(
        "Livingstone, S. R., & Russo, F. A. (2018). The Ryerson Audio-Visual Database of Emotional "
        "Speech and Song (RAVDESS). PLoS ONE 13(5): e0196391. https://doi.org/10.1371/journal.pone.0196391"
    ),
)
LANGUAGE = "en"
BY_HAND = None
ARCHIVE = Archive(
    url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
    name="Audio_Speech_Actors_01-24.zip",
    size=208_468_073,
    md5="bc696df654c87fed845eb13823edef8a",
)

MODALITIES = ("audio-visual", "video", "audio")
CHANNELS = ("speech", "song")
EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
INTENSITIES = ("normal", "strong")
STATEMENTS = ("Kids are talking by the door", "Dogs are sitting by the door")
REPETITIONS = (1, 2)
ACTORS = tuple(range(1, 25))


@dataclass(frozen=True, slots=True)
class RavdessName:
    """What a file name says.

    Attributes:
        modality: one of :data:`MODALITIES`.
        channel: ``speech`` or ``song``.
        emotion: one of :data:`EMOTIONS`.
        intensity: ``normal`` or ``strong``; neutral has no strong.
        statement: the words, one of :data:`STATEMENTS`.
        repetition: 1 or 2.
        actor: 1 to 24.
    """

    modality: str
    channel: str
    emotion: str
    intensity: str
    statement: str
    repetition: int
    actor: int

    @property
    def sex(self) -> str:
        """``male`` for the odd actors, ``female`` for the even ones."""
        return "male" if self.actor % 2 else "female"


def parse(name: str | os.PathLike[str]) -> RavdessName:
    """What a file name says.

    Args:
        name: with or without folders before it and an ending behind it.

    Returns:
        All seven fields.

    Raises:
        CorpusError: if this is no name of RAVDESS; the message names the field.

    Example:
        >>> clip = parse("Actor_12/03-01-06-01-02-01-12.wav")
        >>> clip.emotion, clip.statement, clip.sex
        ('fearful', 'Dogs are sitting by the door', 'female')
    """
    return clips.parsed(name, _decode)


def owns(name: str) -> bool:
    """Whether a file is named as RAVDESS names its files, speech or not.

    Example:
        >>> owns("01-02-01-01-01-01-01.mp4"), owns("holiday.wav")
        (True, False)
    """
    return _SEVEN_NUMBERS.fullmatch(clips.stem(name)) is not None


def read(path: str | os.PathLike[str]) -> Corpus:
    """The speech clips in the published archive, or in a folder at any depth.

    Args:
        path: a zip archive, which is not unpacked, or a folder.

    Returns:
        One utterance a clip, by actor, then by file name, as :func:`.clips.read` orders them.

    Raises:
        CorpusError: if there is no clip; the message says what there was.
    """
    return clips.read(path, ORIGIN, _speech, _utterance, "its speech is named 03-01-EE-II-SS-RR-AA.wav")


_SEVEN_NUMBERS = re.compile(r"[0-9]{2}(?:-[0-9]{2}){6}")
_FIELDS: tuple[tuple[str, Iterable[object]], ...] = (
    ("modality", MODALITIES),
    ("vocal channel", CHANNELS),
    ("emotion", EMOTIONS),
    ("intensity", INTENSITIES),
    ("statement", STATEMENTS),
    ("repetition", REPETITIONS),
    ("actor", ACTORS),
)


def _decode(name: str) -> RavdessName | str:
    stem = clips.stem(name)
    if not _SEVEN_NUMBERS.fullmatch(stem):
        return "not a name of RAVDESS"
    values: list[object] = []
    for code, (field, valid) in zip(stem.split("-"), _FIELDS, strict=True):
        choices = tuple(valid)
        if not 1 <= int(code) <= len(choices):
            return f"{field} {code} does not exist (valid: 01 to {len(choices):02})"
        values.append(choices[int(code) - 1])
    decoded = RavdessName(*values)  # type: ignore[arg-type]
    if decoded.emotion == "neutral" and decoded.intensity == "strong":
        return "neutral with strong intensity does not exist"
    return decoded


def _speech(file: str) -> RavdessName | str:
    name = _decode(file)
    if isinstance(name, RavdessName) and name.modality != "audio":
        return "video"
    if isinstance(name, RavdessName) and name.channel != "speech":
        return "song"
    return name


def _utterance(name: RavdessName, file: str) -> Utterance:
    return Utterance(
        path=file,
        emotion=name.emotion,
        speaker=f"{ORIGIN.name}/{name.actor:02}",
        corpus=ORIGIN.name,
        sentence=name.statement,
        intensity=name.intensity,
        repetition=name.repetition,
        sex=name.sex,
        language=LANGUAGE,
    )
