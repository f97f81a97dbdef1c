"""Paths that lead through zip archives as through folders.

``speech.zip/Actor_01/a.wav`` names a member of ``speech.zip``. Reading one needs no unpacking: the archive's
index is read once a process, and a member is decompressed in memory.
"""

from __future__ import annotations

import io
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from ..errors import AudioError, CorpusError, reason_of

LARGEST_MEMBER = 2 * 1024**3
"""Bytes; a member that says it is larger is refused rather than read into memory."""

AUDIO_SUFFIXES = frozenset(
    """
    .wav .wave .flac .ogg .oga .opus .mp3 .aiff .aif .aifc .au .snd .caf .w64 .rf64 .voc .sph .nist
    .m4a .m4b .mp4 .aac .webm .mka .wma .amr .3gp .mp2
    """.split()  # noqa: SIM905
)
"""Endings of files that are taken for recordings, in lower case."""


def walk(root: str | os.PathLike[str], refused: Callable[[str], None] | None = None) -> Iterator[str]:
    """Every file below a folder or inside a zip archive, sorted, hidden ones left out.

    Links to folders are followed, and each folder is entered once.

    Args:
        root: a folder, or a zip archive.
        refused: told of each folder below it that may not be read, which is left out then; None ends there.

    Yields:
        Paths that :func:`open_binary` understands, with forward slashes inside an archive.

    Raises:
        CorpusError: if there is no such folder or archive, or a folder may not be read.
    """
    place = Path(root)
    if os.path.isdir(place):
        entered = {os.path.realpath(place)}

        def unread(error: OSError) -> None:
            if refused is None or Path(error.filename) == place:
                raise CorpusError(f"{error.filename}: {reason_of(error)}") from error
            refused(error.filename)

        for folder, inner, names in os.walk(place, onerror=unread, followlinks=True):
            inner[:] = [name for name in inner if not name.startswith((".", "__MACOSX"))]
            new = {os.path.realpath(os.path.join(folder, name)): name for name in sorted(inner, reverse=True)}
            inner[:] = sorted(name for place, name in new.items() if place not in entered)
            entered |= new.keys()
            for name in sorted(names):
                file = os.path.join(folder, name)
                if not name.startswith(".") and not _is_pipe(file):
                    yield str(Path(file))
        return
    if not os.path.exists(place):
        raise CorpusError(f"no such file or folder: {place}")
    begins = b""
    if os.path.isfile(place):
        try:
            with open(place, "rb") as archive:
                begins = archive.read(2)
        except OSError as error:
            raise CorpusError(f"{place}: {reason_of(error)}") from error
    if not begins or not zipfile.is_zipfile(place):
        cut = "a zip archive without its end; fetch or copy it again"
        raise CorpusError(f"{place} is {cut if begins == b'PK' else 'neither a folder nor a zip archive'}")
    for name in sorted(set(_archive(str(place)).namelist())):
        parts = name.split("/")
        if parts[-1] and not any(part.startswith((".", "__MACOSX")) for part in parts):
            yield f"{place}/{name}"


def open_binary(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading, be it on disk or inside an archive.

    Args:
        path: may lead through a zip archive.

    Returns:
        A seekable binary file; a member of an archive is in memory.

    Raises:
        AudioError: if there is no such file, or its archive is damaged.
    """
    inside = split(path)
    if inside is None:
        if os.path.isdir(path):
            heard = any(Path(name).suffix.lower() in AUDIO_SUFFIXES for name in walk(path))
            told = (
                "a folder, and one recording is asked for; name one in it" if heard else "a folder without recordings"
            )
            raise AudioError(f"{path}: {told}")
        try:
            return open(path, "rb")
        except (OSError, ValueError) as error:
            raise AudioError(f"{path}: {reason_of(error)}") from error
    archive, member = inside
    try:
        size = _archive(archive).getinfo(member).file_size
        if size > LARGEST_MEMBER:
            raise AudioError(f"{path}: says it holds {size} bytes; the most is {LARGEST_MEMBER}")
        return io.BytesIO(_archive(archive).read(member))
    except KeyError:
        raise AudioError(f"{path}: {archive} has no member {member}") from None
    except (*_DAMAGED, CorpusError) as error:
        raise AudioError(f"{path}: the archive is damaged or locked here ({error})") from error


_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, RuntimeError, ValueError)
"""What zipfile raises for archives that are damaged, locked, or packed in a way that it does not know."""


def _is_pipe(path: str) -> bool:
    """Whether reading would wait for someone to write, or never end; a link that leads nowhere is told later."""
    return os.path.exists(path) and not os.path.isfile(path)


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether there is such a file, be it on disk or inside an archive."""
    inside = split(path)
    if inside is None:
        return os.path.isfile(path)
    return inside[1] in _archive(inside[0]).NameToInfo


def split(path: str | os.PathLike[str]) -> tuple[str, str] | None:
    """The archive and the member that a path names, or None where it leads through no archive."""
    place = Path(path)
    if os.path.exists(place):
        return None
    for parent in place.parents:
        if os.path.isfile(parent):
            return (str(parent), place.relative_to(parent).as_posix()) if zipfile.is_zipfile(parent) else None
        if os.path.isdir(parent):
            return None
    return None


def _archive(path: str) -> zipfile.ZipFile:
    try:
        stat = os.stat(path)
        return _opened(path, stat.st_mtime_ns, stat.st_size, os.getpid())
    except _DAMAGED as error:
        raise CorpusError(f"{path} is not a zip archive that can be read ({error})") from error


@lru_cache(maxsize=8)
def _opened(path: str, modified: int, size: int, process: int) -> zipfile.ZipFile:
    # of its own in each process: forked ones would share one place in the file
    return zipfile.ZipFile(path)
