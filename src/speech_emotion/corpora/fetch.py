"""Downloads of corpora that take up where they were cut off.

An archive arrives beside its final place as ``NAME.part``, which is kept whatever happens; the next call asks
the server only for the bytes that are missing. Only a file with the published MD5 is put in place; where none is
published, only a zip archive whose members all have the checksums that the archive itself gives. Two
processes that want the same archive share one download: the second waits for the first.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..errors import DownloadError, reason_of
from ..workers import Progress

if TYPE_CHECKING:
    from .connection import CutError

ATTEMPTS = 6
"""In a row without one new byte, before giving up; after waits of 1, 2, 4, 8 and 16 seconds."""

ATTEMPTS_UNREACHED = 3
"""The same while the server was not reached even once, which is most often a machine without network."""

LONGEST_WAIT = 60.0
"""Seconds; a server that asks to be left alone for longer is asked again after this."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A published file.

    Attributes:
        url: where its publisher offers it; http or https.
        name: its file name.
        size: bytes.
        md5: its checksum as published, in hexadecimal; None where none is, which only a zip archive can do without.
    """

    url: str
    name: str
    size: int
    md5: str | None


def cache_folder() -> Path:
    """Where corpora are kept for this user."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("speech-emotion", appauthor=False)) / "corpora"


def fetch(
    archive: Archive,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    *,
    timeout: float = 30.0,
    sleep: Callable[[float], object] = time.sleep,
) -> Path:
    """Download an archive, or find it already there.

    Args:
        archive: what to fetch.
        folder: where to put it; None is the user's cache folder.
        progress: called with the bytes that are here and the bytes there are.
        timeout: seconds of silence after which a connection is given up and tried again.
        sleep: called with the seconds to wait before the next attempt.

    Returns:
        The file, whole and with the published checksum if there is one.

    Raises:
        DownloadError: if the server cannot be reached, refuses, or offers another file; if the disk is too
            small; or if a file of this name that is not the archive is already there.
    """
    report = progress or (lambda done, total: None)
    target = Path(folder if folder is not None else cache_folder()) / archive.name
    with _disk(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{archive.name}.part")
        with _alone(target, sleep, lambda: report(_size(part), archive.size)):
            if target.exists():
                _check_present(archive, target)
            else:
                _download(archive, part, report, timeout, sleep)
                os.replace(part, target)
    report(archive.size, archive.size)
    return target


def answers(archive: Archive, seconds: float = 4.0) -> bool:
    """Whether the archive's home offers it within a few seconds.

    Args:
        archive: what would be fetched.
        seconds: how long to wait, name look-up and redirects included.
    """
    from . import connection  # brings http.client: 20 ms that no other command should pay

    yes = threading.Event()

    def ask() -> None:
        with suppress(connection.CutError, DownloadError):
            connection.ask(archive.url, 0, seconds)[0].close()
            yes.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return yes.is_set()


def _download(archive: Archive, part: Path, report: Progress, timeout: float, sleep: Callable[[float], object]) -> None:
    resumed = _size(part) > 0
    missing, free = archive.size - _size(part), shutil.disk_usage(part.parent).free
    if free < missing:
        raise DownloadError(
            f"{archive.name} needs {_megabytes(missing)} more in {part.parent}, which has "
            f"{_megabytes(free)} free; make room, or choose another folder"
        )
    _fill(archive, part, report, timeout, sleep)
    fault = _fault(archive, part)
    if fault and resumed:
        # What an earlier call had left may have been the beginning of something else.
        part.unlink()
        _fill(archive, part, report, timeout, sleep)
        fault = _fault(archive, part)
    if fault:
        part.unlink()
        raise DownloadError(f"{archive.url} is not the published {archive.name}: {fault}; it was discarded")


def _fill(archive: Archive, part: Path, report: Progress, timeout: float, sleep: Callable[[float], object]) -> None:
    """Connect until every byte is in the part."""
    from . import connection

    failures, furthest, reached = 0, _size(part), False
    while (have := _size(part)) < archive.size:
        try:
            _receive(archive, part, have, report, timeout)
        except connection.CutError as cut:
            reached = reached or cut.reached
            failures = 0 if _size(part) > furthest else failures + 1
            furthest = max(furthest, _size(part))
            if failures >= (ATTEMPTS if reached else ATTEMPTS_UNREACHED):
                raise DownloadError(_gave_up(archive, furthest, cut)) from cut
            sleep(max(min(cut.wait, LONGEST_WAIT), 2.0 ** max(failures - 1, 0)))


def _gave_up(archive: Archive, furthest: int, cut: CutError) -> str:
    if not cut.reached:
        return (
            f"cannot reach {archive.url} ({cut}); without network, bring {archive.name} from "
            "another machine and give its path"
        )
    return (
        f"cannot fetch {archive.url}: {cut} ({furthest} of {archive.size} bytes came); "
        "try again later, it goes on from there"
    )


def _receive(archive: Archive, part: Path, have: int, report: Progress, timeout: float) -> None:
    """One connection: append what it brings to the part."""
    from . import connection

    response, have = connection.ask(archive.url, have, timeout)
    with response, open(part, "ab") as file:
        file.truncate(have)
        for block in connection.blocks(response, archive.size - have):
            file.write(block)
            have += len(block)
            report(have, archive.size)
        file.flush()
        os.fsync(file.fileno())


def _check_present(archive: Archive, target: Path) -> None:
    if _size(target) != archive.size or _fault(archive, target):
        raise DownloadError(
            f"{target} is there already, but is not the published {archive.name}; move it away or choose another folder"
        )


def _fault(archive: Archive, path: Path) -> str:
    """What is wrong with a file of the right size; empty where nothing is."""
    if archive.md5 is not None:
        found = _md5(path)
        return "" if found == archive.md5 else f"its MD5 is {found}, not {archive.md5}"
    try:
        with zipfile.ZipFile(path) as members:
            damaged = members.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError):
        return "it is no zip archive that can be read"
    return f"its member {damaged} is damaged" if damaged else ""


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Turns what the file system refuses into one line."""
    try:
        yield
    except OSError as error:
        raise DownloadError(f"cannot write in {folder}: {reason_of(error)}") from error


@contextmanager
def _alone(target: Path, sleep: Callable[[float], object], waiting: Callable[[], object]) -> Iterator[None]:
    """Holds the target's lock; the system frees it when this process ends, however that happens."""
    lock = target.with_name(f".{target.name}.lock")
    while True:
        with open(lock, "ab") as file:
            if _locked(file) and lock.exists() and os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                try:
                    yield
                    return
                finally:
                    # Windows deletes no open file; an empty one stays behind there.
                    with suppress(OSError):
                        lock.unlink()
        waiting()
        sleep(0.5)


def _locked(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks: the checksum alone has to keep the file right.
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True
