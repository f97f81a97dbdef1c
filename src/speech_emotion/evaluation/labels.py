"""Labels held against what file names and folders say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..corpora.naming import said
from ..corpora.paths import AUDIO_SUFFIXES, walk
from ..corpora.utterance import Corpus, Utterance
from ..emotions import EMOTIONS, canonical

FOLDED = frozenset(("calm", "neutral"))
"""Often counted as one emotion on purpose."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A label that something else speaks against."""

    text: str
    unsafe: bool


def contradiction(utterance: Utterance, place: Path | None = None) -> Contradiction | None:
    """What speaks against a recording's label, if anything.

    Args:
        utterance: the recording.
        place: the folder or archive that it was found in; for a known corpus, the folders below are looked at.

    Returns:
        The file's name where that is a known corpus's name for another emotion; else, for a file whose label is from
        its name, the nearest folder that is named by another emotion.

    Example:
        >>> contradiction(Utterance("happy/03a01Wa.wav", "happy", "me/1", "me")).text
        'labelled happy; as a name of emodb it says angry'
    """
    name = said(utterance.path)
    if name is None:
        return None
    if name.emotion != utterance.emotion:
        text = f"labelled {utterance.emotion}; as a name of {name.corpus} it says {name.emotion}"
        return Contradiction(text, {name.emotion, utterance.emotion} != FOLDED)
    if name.corpus == utterance.corpus and place is not None and Path(utterance.path).is_relative_to(place):
        for folder in reversed(Path(utterance.path).relative_to(place).parts[:-1]):
            emotion = _emotion(folder)
            if emotion == utterance.emotion:
                return None
            if emotion is not None:
                text = f"named as {utterance.emotion}, in the folder {folder}"
                return Contradiction(text, {emotion, utterance.emotion} != FOLDED)
    return None


def copies(corpus: Corpus, place: Path | None) -> Iterator[tuple[str, str]]:
    """The files that a corpus leaves out because a clip of the same name is there already.

    Args:
        corpus: as it was read.
        place: the folder or archive that it was read from.

    Yields:
        The path that is kept, and the one that is not.
    """
    if place is None or "second copy of a clip" not in corpus.left_out:
        return
    kept = {name.clip: u.path for u in corpus.utterances if (name := said(u.path)) is not None}
    for path in walk(place):
        name = said(path)
        if name is not None and Path(path).suffix.lower() in AUDIO_SUFFIXES:
            first = kept.get(name.clip, path)
            if first != path:
                yield first, path


def _emotion(folder: str) -> str | None:
    """The emotion that a folder is named by, if it is one."""
    words = {canonical(word) for word in re.split(r"[^a-z]+", folder.lower())} & set(EMOTIONS)
    return words.pop() if len(words) == 1 else None
