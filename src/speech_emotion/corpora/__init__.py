"""Recordings with their emotions, from wherever they are.

    corpus = corpora.open("ravdess")                # $SPEECH_EMOTION_DATA, the cache folder, or a download
    corpus = corpora.open("ravdess", "speech.zip")  # or "ravdess:speech.zip"
    corpus = corpora.open("recordings")             # a folder, zip archive or CSV; its files tell which
    both = corpora.combine(corpora.open("ravdess"), corpora.open("emodb"))

A name comes before a path: a folder that is called ``ravdess`` is ``./ravdess``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ..errors import CorpusError, UsageError, unknown
from ..workers import Progress
from . import crema_d, emodb, folder, paths, ravdess, savee, synthetic, tess, urdu
from .combine import combine
from .fetch import Archive, answers, cache_folder
from .fetch import fetch as _fetch
from .utterance import Corpus, Origin, Utterance

__all__ = [
    "Archive",
    "Corpus",
    "Origin",
    "Utterance",
    "answers",
    "by_hand",
    "cache_folder",
    "combine",
    "find",
    "known",
    "names",
    "open",
    "place",
]

DATA_VARIABLE = "SPEECH_EMOTION_DATA"
"""Names a folder of archives or unpacked corpora."""


LOOKED_AT = 2_000
"""Files, spread over a folder, by whose names it is recognised; of fewer than twice as many, all."""


class Published(Protocol):
    """What the module of a known corpus has.

    Attributes:
        ORIGIN: name, licence, homepage and citation.
        LANGUAGE: BCP 47, or None where no language is spoken.
        ARCHIVE: where to fetch it, or None where that is nowhere.
        BY_HAND: how a person gets it where no program can, or None.
    """

    @property
    def ORIGIN(self) -> Origin: ...  # noqa: N802
    @property
    def LANGUAGE(self) -> str | None: ...  # noqa: N802
    @property
    def ARCHIVE(self) -> Archive | None: ...  # noqa: N802
    @property
    def BY_HAND(self) -> str | None: ...  # noqa: N802

    def owns(self, name: str) -> bool:
        """Whether a file is named as this corpus names its files."""

    def read(self, path: str | os.PathLike[str]) -> Corpus:
        """The corpus in a folder or archive."""


_PUBLISHED: tuple[Published, ...] = (ravdess, emodb, crema_d, savee, tess, urdu, synthetic)


def names() -> tuple[str, ...]:
    """The names that :func:`open` knows.

    Example:
        >>> names()
        ('ravdess', 'emodb', 'crema_d', 'savee', 'tess', 'urdu', 'synthetic', 'folder')
    """
    return (*(corpus.ORIGIN.name for corpus in _PUBLISHED), "folder")


def known(name: str) -> Published:
    """The module of a known corpus.

    Raises:
        UsageError: if there is none of this name.

    Example:
        >>> known("ravdess").ORIGIN.licence
        'CC BY-NC-SA 4.0'
    """
    for corpus in _PUBLISHED:
        if corpus.ORIGIN.name == name:
            return corpus
    raise unknown("corpus", name, [corpus.ORIGIN.name for corpus in _PUBLISHED])


def open(
    name: str | os.PathLike[str],
    path: str | os.PathLike[str] | None = None,
    *,
    fetch: bool = True,
    progress: Progress | None = None,
) -> Corpus:
    """A corpus.

    Args:
        name: a name from :func:`names`, a path, or ``name:path``.
        path: a folder or archive, or, for one's own recordings, a CSV; None looks where corpora are kept.
        fetch: whether a corpus that is not on this machine may be downloaded.
        progress: of a download in bytes, or of the making of synthetic voices in files.

    Returns:
        Its utterances with licence and citation.

    Raises:
        UsageError: if the name is unknown, or needs a path.
        CorpusError: if the path does not hold the corpus, or it is not on this machine and not to be fetched.
        DownloadError: if a download fails.
    """
    called, where = _divided(os.fspath(name)) if path is None else (os.fspath(name), path)
    if where is not None:
        return _open_at(called, Path(os.path.expanduser(where)), progress)
    if called is None or called == "folder":
        raise UsageError("'folder' needs a path: folder:PATH")
    corpus = known(called)
    if corpus is synthetic:
        return synthetic.write(_voices(), progress=progress)
    found = find(called)
    if found is None and fetch and corpus.ARCHIVE:
        found = _fetch(corpus.ARCHIVE, progress=progress)
    if found is None:
        raise CorpusError(
            f"{called} is not on this machine: give its path ({called}:PATH), set {DATA_VARIABLE} to the "
            f"folder that has it, or {by_hand(called) or f'fetch it: speech-emotion corpus fetch {called}'}"
        )
    return corpus.read(found)


def by_hand(name: str) -> str | None:
    """How a person gets a corpus that no program can fetch, and where to put it.

    Args:
        name: as in :func:`names`.

    Returns:
        One sentence without its full stop; None for a corpus that can be fetched or made.

    Raises:
        UsageError: if the name is unknown.
    """
    steps = known(name).BY_HAND
    return steps and f"{steps}, and put it, as {name}.zip or unpacked in a folder {name}, into {cache_folder()}"


def find(name: str) -> Path | None:
    """Where a known corpus is on this machine.

    Args:
        name: as in :func:`names`.

    Returns:
        An archive or a folder, from ``$SPEECH_EMOTION_DATA`` or else the user's cache; None if in neither.

    Raises:
        UsageError: if the name is unknown.
        CorpusError: if ``$SPEECH_EMOTION_DATA`` is no folder.
    """
    corpus = known(name)
    if corpus is synthetic:
        return _voices() if _voices().exists() else None
    data = os.environ.get(DATA_VARIABLE)
    if data and not os.path.isdir(os.path.expanduser(data)):
        raise CorpusError(f"{DATA_VARIABLE} is '{data}', which is no folder")
    for place in ([Path(os.path.expanduser(data))] if data else []) + [cache_folder()]:
        found = _find_in(place, corpus)
        if found:
            return found
    return None


def place(name: str | os.PathLike[str]) -> Path | None:
    """Where :func:`open` reads a corpus from that is on this machine; its arguments and errors are those.

    Returns:
        A folder, archive or CSV; None where there is none yet.
    """
    called, where = _divided(os.fspath(name))
    if where is not None:
        return Path(os.path.expanduser(where))
    return find(called) if called is not None and called != "folder" else None


def _open_at(name: str | None, place: Path, progress: Progress | None) -> Corpus:
    if name is None:
        return _recognise(place)(place)
    if name == "folder":
        return folder.read(place)
    corpus = known(name)
    if corpus is synthetic and not (place.exists() and any(paths.walk(place))):
        return synthetic.write(place, progress=progress)
    return corpus.read(place)


def _find_in(place: Path, corpus: Published) -> Path | None:
    """The archive, a sub-folder or zip with the corpus's or the archive's name, or the folder itself."""
    likely = [place / corpus.ORIGIN.name, place / f"{corpus.ORIGIN.name}.zip"]
    if corpus.ARCHIVE:
        likely = [place / corpus.ARCHIVE.name, *likely, place / Path(corpus.ARCHIVE.name).stem]
    for candidate in likely:
        if candidate.is_file() or (candidate.is_dir() and _holds(candidate, corpus)):
            return candidate
    return place if place.is_dir() and _holds(place, corpus) else None


def _holds(place: Path, corpus: Published) -> bool:
    return any(corpus.owns(file) for file in paths.walk(place))


def _voices() -> Path:
    return cache_folder() / f"{synthetic.ORIGIN.name}-v{synthetic.VERSION}"


def _divided(text: str) -> tuple[str | None, str | None]:
    """The name and the path in ``name``, ``path`` or ``name:path``; a drive's letter is no name."""
    if not text.strip():
        raise UsageError(f"'{text}' names no corpus (valid: {', '.join(names())}, a path, or name:path)")
    name, colon, path = text.partition(":")
    if colon and name in names() and path:
        return name, path
    if text in names():
        return text, None
    if os.path.exists(os.path.expanduser(text)) or "/" in text or os.sep in text:
        return None, text
    if colon and len(name) > 1:
        raise unknown("corpus", name, names())
    raise UsageError(f"there is no file or folder '{text}', and {unknown('corpus', text, names())}")


def _recognise(place: Path) -> Callable[[Path], Corpus]:
    """How to read what most recordings are named after; one's own where that is no known corpus."""
    if place.is_dir() or place.suffix.lower() == ".zip":
        files = [file for file in paths.walk(place) if os.path.splitext(file)[1].lower() in paths.AUDIO_SUFFIXES]
        files = files[:: max(1, len(files) // LOOKED_AT)]
        for corpus in _PUBLISHED:
            if 2 * sum(corpus.owns(file) for file in files) > len(files):
                return corpus.read
    return folder.read
