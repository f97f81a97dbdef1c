"""TESS: two women say "Say the word …" with 200 words in seven emotions (Pichora-Fuller & Dupuis, 2020).

Every file is named by talker, word and emotion, ``OAF_back_angry.wav``; ps is pleasant surprise. 2800 clips. The older
talker (OAF) was 64, the younger (YAF) 26. One published name is misspelt, and a copy that many people have holds
every clip twice.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from . import clips
from .utterance import Corpus, Origin, Utterance

ORIGIN = Origin(
    name="tess",
    licence="CC BY-NC-ND 4.0",  # some catalogues say CC BY-NC 4.0; this is the stricter one
    homepage="https://doi.org/10.5683/SP2/E8H2MF",
    citation=(
        "Pichora-Fuller, M. K., & Dupuis, K. (2020). Toronto emotional speech set (TESS). Scholars Portal "
        "Dataverse, V1. https://doi.org/10.5683/SP2/E8H2MF"
    ),
)
LANGUAGE = "en"
ARCHIVE = None  # the repository packs its files anew for every download
BY_HAND = "download all files, as one zip archive, from https://doi.org/10.5683/SP2/E8H2MF"

TALKERS = ("OAF", "YAF")
EMOTIONS = {
    "angry": ("anger", "angry"),
    "disgust": ("disgust", "disgust"),
    "fear": ("fear", "fearful"),
    "happy": ("happiness", "happy"),
    "neutral": ("neutral", "neutral"),
    "ps": ("pleasant surprise", "surprised"),
    "sad": ("sadness", "sad"),
}
"""The codes, each with the corpus's word and the one used here."""

MISSPELT = {"OA_bite_neutral": "OAF_bite_neutral"}
"""A name as it was published, and as it was meant."""


@dataclass(frozen=True, slots=True)
class TessName:
    """What a file name says.

    Attributes:
        talker: ``OAF`` or ``YAF``.
        word: the word that is said.
        emotion: one that :data:`EMOTIONS` maps to.
    """

    talker: str
    word: str
    emotion: str


def parse(name: str | os.PathLike[str]) -> TessName:
    """What a file name says.

    Args:
        name: with or without folders before it and an ending behind it.

    Raises:
        CorpusError: if this is no name of TESS; the message names the field.

    Example:
        >>> parse("YAF_pleasant_surprised/YAF_youth_ps.wav")
        TessName(talker='YAF', word='youth', emotion='surprised')
    """
    return clips.parsed(name, _decode)


def owns(name: str) -> bool:
    """Whether a file is named as TESS names its files.

    Example:
        >>> owns("OAF_back_angry.wav"), owns("OA_bite_neutral.wav"), owns("OA_back_angry.wav")
        (True, True, False)
    """
    return _NAME.fullmatch(_meant(name)) is not None


def read(path: str | os.PathLike[str]) -> Corpus:
    """The clips in an archive, or in a folder at any depth.

    Returns:
        One utterance a clip, as :func:`.clips.read` orders them.

    Raises:
        CorpusError: if there is no clip; the message says what there was.
    """
    return clips.read(path, ORIGIN, _decode, _utterance, "its clips are named OAF_back_angry.wav")


_NAME = re.compile(rf"({'|'.join(TALKERS)})_([a-z]+)_([a-z]+)")


def _decode(file: str) -> TessName | str:
    fields = _NAME.fullmatch(_meant(file))
    if fields is None:
        return "not a name of TESS"
    talker, word, emotion = fields.groups()
    if emotion not in EMOTIONS:
        return f"emotion {emotion} does not exist (valid: {', '.join(EMOTIONS)})"
    return TessName(talker, word, EMOTIONS[emotion][1])


def _meant(file: str) -> str:
    return MISSPELT.get(clips.stem(file), clips.stem(file))


def _utterance(name: TessName, file: str) -> Utterance:
    return Utterance(
        path=file,
        emotion=name.emotion,
        speaker=f"{ORIGIN.name}/{name.talker}",
        corpus=ORIGIN.name,
        sentence=f"Say the word {name.word}",
        sex="female",
        language=LANGUAGE,
    )
