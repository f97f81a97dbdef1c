"""One's own recordings: sub-folders named by emotion, or a CSV (see :mod:`.listing`).

Folders, or a zip archive of them, have one of three layouts; files elsewhere are left out and counted::

    EMOTION/file.wav            the speaker is not known
    SPEAKER/EMOTION/file.wav
    EMOTION/SPEAKER/file.wav

Recordings whose speaker is not known all belong to one speaker, ``unknown``: a score on new speakers is then
refused instead of guessed. So are those below folders named ``train`` or ``test``, which are no speakers. Any
word is an emotion, but one that is nearly a known one (``hapy``) is taken for a slip.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from operator import attrgetter
from pathlib import Path, PurePosixPath

from ..emotions import EMOTIONS, canonical
from ..errors import CorpusError
from . import listing, paths
from .utterance import Corpus, Origin, Utterance

LICENCE = "unknown (your own recordings)"

SETS = frozenset(("train", "training", "test", "testing", "valid", "validation", "val", "dev", "eval"))
"""Folders so named divide recordings; they are no speakers."""


def read(path: str | os.PathLike[str]) -> Corpus:
    """One's own recordings.

    Args:
        path: a folder, a zip archive of one, or a CSV.

    Returns:
        A corpus named after the folder or file, sorted by path.

    Raises:
        CorpusError: if no emotion can be told; for a CSV the message names file, line and field.
    """
    place = Path(path)
    if place.suffix.lower() in (".csv", ".tsv") and place.is_file():
        utterances, left_out = listing.read(place, _name(place)), Counter[str]()
        utterances.sort(key=lambda utterance: (utterance.path, utterance.start or 0.0))
    else:
        utterances, left_out = _read_tree(place)
        utterances.sort(key=attrgetter("path"))  # a hundred thousand need no more memory for it
    return Corpus(Origin(_name(place), LICENCE), tuple(utterances), dict(left_out))


_Folders = dict[str, tuple[str, ...]]
"""Of each folder that has recordings, the folders that it lies in and its own name."""


def _name(place: Path) -> str:
    place = Path(os.path.abspath(place))
    return place.name if place.is_dir() else place.stem


def _read_tree(place: Path) -> tuple[list[Utterance], Counter[str]]:
    left_out: Counter[str] = Counter()
    files: list[str] = []  # a hundred thousand paths, and nothing more of each, until it is an utterance
    tables: list[str] = []
    inside: _Folders = {}
    for file in paths.walk(place):
        suffix, folder = os.path.splitext(file)[1].lower(), os.path.dirname(file)
        if suffix in paths.AUDIO_SUFFIXES:
            if folder not in inside:
                inside[folder] = PurePosixPath(Path(folder).relative_to(place).as_posix()).parts
            files.append(file)
        else:
            left_out["not a recording"] += 1
            tables += [file] if suffix == ".csv" else []
    inside = _unwrapped(inside, _name(place))
    level = _emotion_level(place, Counter(inside[os.path.dirname(file)] for file in files), tables)
    utterances, name = [], _name(place)
    for file in files:
        folders = inside[os.path.dirname(file)]
        if len(folders) <= level:
            left_out["not in a folder named by an emotion"] += 1
            continue
        utterances.append(
            Utterance(
                path=file,
                emotion=listing.emotion(folders[level], file),
                speaker=sys.intern(f"{name}/{_speaker(folders[1 - level : 2 - level])}"),
                corpus=name,
            )
        )
    return utterances, left_out


def _speaker(folder: tuple[str, ...]) -> str:
    return folder[0] if folder and folder[0].lower() not in SETS else listing.UNKNOWN_SPEAKER


def _unwrapped(inside: _Folders, name: str) -> _Folders:
    """Drops an upper folder that merely wraps all the others, as in archives it often does; files beside it, and in it
    beside the others, do not count."""
    while True:
        deep = [folders for folders in inside.values() if len(folders) > 1]
        if not deep or len({folders[0] for folders in inside.values() if folders}) > 1:
            return inside
        wrapper = deep[0][0]
        speaks = any(_known(folders[1]) for folders in deep)
        if _known(wrapper) or (speaks and wrapper != name):
            return inside
        inside = {folder: folders[1:] for folder, folders in inside.items()}


def _emotion_level(place: Path, recordings: Counter[tuple[str, ...]], tables: list[str]) -> int:
    """Which of the two upper folders, 0 or 1, is named by emotions; of recordings in folders."""
    if not recordings:
        raise CorpusError(f"no recording in {place} (looked for files ending in .wav, .flac, .mp3 and the like)")
    known = [
        sum(count for folders, count in recordings.items() if len(folders) > level and _known(folders[level]))
        for level in (0, 1)
    ]
    if max(known) == 0:
        names = sorted({folders[0] for folders in recordings if folders})
        seen = f"it has: {', '.join(names[:5])}{', …' if len(names) > 5 else ''}" if names else "it has none"
        table = f"; or did you mean the CSV {tables[0]}?" if tables else "; other labels need a CSV"
        raise CorpusError(f"no folder in {place} is named by an emotion ({seen}; known: {', '.join(EMOTIONS)}){table}")
    if known[0] == known[1]:
        raise CorpusError(
            f"in {place} both the upper and the lower folders are named by emotions; "
            "list the recordings in a CSV instead"
        )
    return known.index(max(known))


def _known(label: str) -> bool:
    return canonical(label) in EMOTIONS
