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


_Recording = tuple[str, tuple[str, ...]]
"""A path, and the folders that it lies in."""


def _name(place: Path) -> str:
    place = Path(os.path.abspath(place))
    return place.name if place.is_dir() else place.stem


def _read_tree(place: Path) -> tuple[list[Utterance], Counter[str]]:
    left_out: Counter[str] = Counter()
    recordings: list[_Recording] = []
    tables: list[str] = []
    folders_of: dict[str, tuple[str, ...]] = {}  # one tuple for all recordings of a folder
    for file in paths.walk(place):
        suffix, folder = os.path.splitext(file)[1].lower(), os.path.dirname(file)
        if suffix in paths.AUDIO_SUFFIXES:
            if folder not in folders_of:
                folders_of[folder] = PurePosixPath(Path(folder).relative_to(place).as_posix()).parts
            recordings.append((file, folders_of[folder]))
        else:
            left_out["not a recording"] += 1
            tables += [file] if suffix == ".csv" else []
    recordings = _unwrapped(recordings, _name(place))
    level = _emotion_level(place, recordings, tables)
    utterances, name = [], _name(place)
    for file, folders in recordings:
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


def _unwrapped(recordings: list[_Recording], name: str) -> list[_Recording]:
    """Drops an upper folder that merely wraps all the others, as in archives it often does."""
    while len({folders[:1] for _, folders in recordings}) == 1 and all(len(folders) > 1 for _, folders in recordings):
        wrapper = recordings[0][1][0]
        speaks = any(_known(folders[1]) for _, folders in recordings)
        if _known(wrapper) or (speaks and wrapper != name):
            break
        recordings = [(file, folders[1:]) for file, folders in recordings]
    return recordings


def _emotion_level(place: Path, recordings: list[_Recording], tables: list[str]) -> int:
    """Which of the two upper folders, 0 or 1, is named by emotions."""
    if not recordings:
        raise CorpusError(f"no recording in {place} (looked for files ending in .wav, .flac, .mp3 and the like)")
    known = [sum(len(folders) > level and _known(folders[level]) for _, folders in recordings) for level in (0, 1)]
    if max(known) == 0:
        names = sorted({folders[0] for _, folders in recordings if folders})
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
