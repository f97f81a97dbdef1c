"""Reading a corpus whose file names say all there is to know of a recording.

Every file is decoded by name: a clip, or the reason why it is none. What is left out is counted by reason, and a
clip that is there twice, as in copies that many people have, counts once.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

from ..errors import CorpusError
from . import paths
from .utterance import Corpus, Origin, Utterance

Name = TypeVar("Name", bound=Hashable)

LOSSLESS = frozenset((".wav", ".flac"))
"""Endings that are taken before others where a clip is there in several."""


def read(
    path: str | os.PathLike[str],
    origin: Origin,
    decode: Callable[[str], Name | str],
    utterance: Callable[[Name, str], Utterance],
    naming: str,
) -> Corpus:
    """The clips in a folder at any depth, or in a zip archive, which is not unpacked.

    Args:
        path: the folder or archive.
        origin: of the corpus.
        decode: what a path says: equal values for the same clip, or the reason for leaving it out.
        utterance: the utterance of a clip and its path.
        naming: what the clips are and how they are named, for the error.

    Returns:
        One utterance a clip, by speaker, then by file name, whichever folders they lie in. Of a clip that is there
        twice, a lossless file is taken first, then the one in the fewest folders, then the first by name.

    Raises:
        CorpusError: if there is no clip; the message says what there was.
    """
    clips: dict[Name, str] = {}
    left_out: Counter[str] = Counter()
    for file in sorted(paths.walk(path), key=_preference):
        name = decode(file)
        if isinstance(name, str):
            left_out[name] += 1
        elif _suffix(file) not in paths.AUDIO_SUFFIXES:
            left_out["not a recording"] += 1
        elif name in clips:
            left_out["second copy of a clip"] += 1
        else:
            clips[name] = file
    if not clips:
        found = ", ".join(f"{count} × {reason}" for reason, count in left_out.most_common()) or "nothing"
        raise CorpusError(f"no clip of {origin.name} in {path} (found: {found}); {naming}")
    utterances = [utterance(name, file) for name, file in clips.items()]
    utterances.sort(key=lambda utterance: (utterance.speaker, parts(utterance.path)[-1]))
    return Corpus(origin, tuple(utterances), dict(left_out))


def parsed(name: str | os.PathLike[str], decode: Callable[[str], Name | str]) -> Name:
    """What a file name says.

    Raises:
        CorpusError: if it is no name of the corpus; the message says why.
    """
    decoded = decode(os.fspath(name))
    if isinstance(decoded, str):
        raise CorpusError(f"{name}: {decoded}")
    return decoded


def stem(file: str) -> str:
    """A file's name without folders, of Unix or Windows, and without its ending.

    Example:
        >>> stem("TESS\\\\OAF_back_angry.wav")
        'OAF_back_angry'
    """
    return Path(parts(file)[-1]).stem


def parts(file: str) -> list[str]:
    """The folders of a path, of Unix or Windows, and the file's name."""
    return re.split(r"[/\\]", file)


def _preference(file: str) -> tuple[bool, int, str]:
    return _suffix(file) not in LOSSLESS, len(parts(file)), file


def _suffix(file: str) -> str:
    return Path(file).suffix.lower()
