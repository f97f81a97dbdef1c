"""EMO-DB: ten actors say ten German sentences in seven emotions (Burkhardt et al., 2005).

Every file is named by speaker, text, emotion and version, ``03a01Fa.wav``; the emotion is the first letter of its
German word. The published archive holds the 535 of about 800 clips whose emotion at least 80 % of the listeners
heard.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from . import clips
from .fetch import Archive
from .utterance import Corpus, Origin, Utterance

ORIGIN = Origin(
    name="emodb",
    licence="CC0 1.0",
    homepage="http://emodb.bilderbar.info/",
    citation=(
        "Burkhardt, F., Paeschke, A., Rolfes, M., Sendlmeier, W. F., & Weiss, B. (2005). A database of German "
        "emotional speech. Interspeech 2005, 1517–1520."
    ),
)
LANGUAGE = "de"
ARCHIVE = Archive(
    url="http://emodb.bilderbar.info/download/download.zip",
    name="emodb.zip",
    size=40_567_066,
    md5=None,  # its publisher gives none
)
BY_HAND = None

MEN = frozenset(("03", "10", "11", "12", "15"))
WOMEN = frozenset(("08", "09", "13", "14", "16"))
TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen.",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
EMOTIONS = {
    "W": ("Wut", "angry"),
    "L": ("Langeweile", "bored"),
    "E": ("Ekel", "disgust"),
    "A": ("Angst", "fearful"),
    "F": ("Freude", "happy"),
    "T": ("Trauer", "sad"),
    "N": ("neutral", "neutral"),
}
"""The letters, each with the corpus's word and the one used here."""


@dataclass(frozen=True, slots=True)
class EmodbName:
    """What a file name says.

    Attributes:
        speaker: two digits, one of :data:`MEN` or :data:`WOMEN`.
        text: a code from :data:`TEXTS`.
        emotion: one that :data:`EMOTIONS` maps to.
        version: a letter; of some takes only a later one was kept.
    """

    speaker: str
    text: str
    emotion: str
    version: str

    @property
    def sex(self) -> str:
        """``male`` or ``female``."""
        return "male" if self.speaker in MEN else "female"


def parse(name: str | os.PathLike[str]) -> EmodbName:
    """What a file name says.

    Args:
        name: with or without folders before it and an ending behind it.

    Raises:
        CorpusError: if this is no name of EMO-DB; the message names the field.

    Example:
        >>> clip = parse("wav/03a01Fa.wav")
        >>> clip.emotion, clip.sex, TEXTS[clip.text]
        ('happy', 'male', 'Der Lappen liegt auf dem Eisschrank.')
    """
    return clips.parsed(name, _decode)


def owns(name: str) -> bool:
    """Whether a file is named as EMO-DB names its files.

    Example:
        >>> owns("16b10Wb.wav"), owns("03-01-01-01-01-01-01.wav")
        (True, False)
    """
    return _NAME.fullmatch(clips.stem(name)) is not None


def read(path: str | os.PathLike[str]) -> Corpus:
    """The clips in the published archive, or in a folder at any depth.

    Returns:
        One utterance a clip, as :func:`.clips.read` orders them; its sentence is a code from :data:`TEXTS`.

    Raises:
        CorpusError: if there is no clip; the message says what there was.
    """
    return clips.read(path, ORIGIN, _decode, _utterance, "its clips are named SSTTTEV.wav, as 03a01Fa.wav")


_NAME = re.compile(r"([0-9]{2})([a-z][0-9]{2})([A-Z])([a-z])")


def _decode(file: str) -> EmodbName | str:
    fields = _NAME.fullmatch(clips.stem(file))
    if fields is None:
        return "not a name of EMO-DB"
    speaker, text, letter, version = fields.groups()
    for field, code, valid in (
        ("speaker", speaker, MEN | WOMEN),
        ("text", text, TEXTS.keys()),
        ("emotion", letter, EMOTIONS.keys()),
    ):
        if code not in valid:
            return f"{field} {code} does not exist (valid: {', '.join(sorted(valid))})"
    return EmodbName(speaker, text, EMOTIONS[letter][1], version)


def _utterance(name: EmodbName, file: str) -> Utterance:
    return Utterance(
        path=file,
        emotion=name.emotion,
        speaker=f"{ORIGIN.name}/{name.speaker}",
        corpus=ORIGIN.name,
        sentence=name.text,
        repetition=ord(name.version) - ord("a") + 1,
        sex=name.sex,
        language=LANGUAGE,
    )
