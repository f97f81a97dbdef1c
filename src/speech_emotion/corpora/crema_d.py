"""CREMA-D: 91 actors say twelve sentences in six emotions (Cao et al., 2014).

Every file is named by actor, sentence, emotion and level, ``1001_DFA_ANG_XX.wav``; XX is a level that nobody asked
for. 7442 clips: of each the sound is published as WAV and as MP3, and the WAV is taken where both are there. One
published name is misspelt. One clip, ``1076_MTI_SAD_XX``, is known to hold no voice; it is read like the others.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from . import clips
from .utterance import Corpus, Origin, Utterance

ORIGIN = Origin(
    name="crema_d",
    licence="ODbL 1.0",
    homepage="https://github.com/CheyneyComputerScience/CREMA-D",
    citation=(
        "Cao, H., Cooper, D. G., Keutmann, M. K., Gur, R. C., Nenkova, A., & Verma, R. (2014). CREMA-D: "
        "Crowd-sourced Emotional Multimodal Actors Dataset. IEEE Transactions on Affective Computing 5(4), "
        "377–390. https://doi.org/10.1109/TAFFC.2014.2336244"
    ),
)
LANGUAGE = "en"
ARCHIVE = None
BY_HAND = (
    "clone https://github.com/CheyneyComputerScience/CREMA-D with git-lfs (about 7.5 GB; its folder AudioWAV is "
    "all that is needed, and a zip download of it holds links instead of sound)"
)

ACTORS = range(1001, 1092)
WOMEN = frozenset(
    (
        *(1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025, 1028, 1029, 1030),
        *(1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060, 1061, 1063, 1072, 1073, 1074, 1075),
        *(1076, 1078, 1079, 1082, 1084, 1089, 1091),
    )
)
"""From VideoDemographics.csv, which is published beside the recordings; the other 48 actors are men."""

SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
EMOTIONS = {
    "ANG": ("anger", "angry"),
    "DIS": ("disgust", "disgust"),
    "FEA": ("fear", "fearful"),
    "HAP": ("happy/joy", "happy"),
    "NEU": ("neutral", "neutral"),
    "SAD": ("sad", "sad"),
}
"""The codes, each with the corpus's word and the one used here."""

LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": None}
MISSPELT = {"1040_ITH_SAD_X": "1040_ITH_SAD_XX"}
"""A name as it was published, and as it was meant."""


@dataclass(frozen=True, slots=True)
class CremaDName:
    """What a file name says.

    Attributes:
        actor: 1001 to 1091.
        sentence: the words, from :data:`SENTENCES`.
        emotion: one that :data:`EMOTIONS` maps to.
        level: ``low``, ``medium`` or ``high``; None where it was left to the actor.
    """

    actor: int
    sentence: str
    emotion: str
    level: str | None

    @property
    def sex(self) -> str:
        """``male`` or ``female``."""
        return "female" if self.actor in WOMEN else "male"


def parse(name: str | os.PathLike[str]) -> CremaDName:
    """What a file name says.

    Args:
        name: with or without folders before it and an ending behind it.

    Raises:
        CorpusError: if this is no name of CREMA-D; the message names the field.

    Example:
        >>> clip = parse("AudioWAV/1002_IEO_FEA_HI.wav")
        >>> clip.emotion, clip.level, clip.sex, clip.sentence
        ('fearful', 'high', 'female', "It's eleven o'clock")
    """
    return clips.parsed(name, _decode)


def owns(name: str) -> bool:
    """Whether a file is named as CREMA-D names its files, sound or film.

    Example:
        >>> owns("1001_DFA_ANG_XX.flv"), owns("OAF_back_angry.wav")
        (True, False)
    """
    return _NAME.fullmatch(_meant(name)) is not None


def read(path: str | os.PathLike[str]) -> Corpus:
    """The clips in a folder at any depth, or in an archive of one.

    Returns:
        One utterance a clip, as :func:`.clips.read` orders them.

    Raises:
        CorpusError: if there is no clip; the message says what there was.
    """
    return clips.read(path, ORIGIN, _decode, _utterance, "its clips are named 1001_DFA_ANG_XX.wav")


_NAME = re.compile(r"([0-9]{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{2})")


def _decode(file: str) -> CremaDName | str:
    fields = _NAME.fullmatch(_meant(file))
    if fields is None:
        return "not a name of CREMA-D"
    actor, sentence, emotion, level = fields.groups()
    if int(actor) not in ACTORS:
        return f"actor {actor} does not exist (valid: {ACTORS[0]} to {ACTORS[-1]})"
    for field, code, valid in (
        ("sentence", sentence, list(SENTENCES)),
        ("emotion", emotion, list(EMOTIONS)),
        ("level", level, list(LEVELS)),
    ):
        if code not in valid:
            return f"{field} {code} does not exist (valid: {', '.join(valid)})"
    return CremaDName(int(actor), SENTENCES[sentence], EMOTIONS[emotion][1], LEVELS[level])


def _meant(file: str) -> str:
    return MISSPELT.get(clips.stem(file), clips.stem(file))


def _utterance(name: CremaDName, file: str) -> Utterance:
    return Utterance(
        path=file,
        emotion=name.emotion,
        speaker=f"{ORIGIN.name}/{name.actor}",
        corpus=ORIGIN.name,
        sentence=name.sentence,
        intensity=name.level,
        sex=name.sex,
        language=LANGUAGE,
    )
