"""One process at a time in a folder, or at a file.

A lock is the operating system's, on an open file, so it goes with the process that holds it, however that ends: there
is no stale one to clear away.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import UsageError
from ..writing import write_error

HOLDER = "process "
"""What a lock's text begins with."""

PAUSE = 0.02
"""Seconds from one look at a lock to the next."""


@contextmanager
def alone_in(folder: Path, what: str = "search", file: str = "search.lock") -> Iterator[None]:
    """Hold a folder until the end.

    Args:
        folder: made where it is missing.
        what: is done in it.
        file: that is locked, in the folder; it is removed at the end.

    Raises:
        UsageError: if another holds it; the message says which process that is. Or if there is such a file that is no
            lock.
        StorageError: if the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    if not _is_lock(path):
        raise UsageError(f"{path} is no lock of this program; move it away, or name another folder")
    with path.open("a+", encoding="utf-8") as held:
        if not _locked(held):
            held.seek(0)
            who = held.read(200).strip() or "another process"
            raise UsageError(f"another {what} is at work in {folder} ({who}); wait for it, or name another folder")
        try:
            _sign(held)
            yield
        finally:
            _released(held)


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Hold a file that will be read and written anew; others wait until the end.

    Args:
        path: of the file, be it there or not; its folder is.

    Raises:
        OSError: if nothing can be written beside it.
    """
    while True:
        with path.with_name(f"{path.name}.lock").open("a+", encoding="utf-8") as held:
            if not _locked(held):
                time.sleep(PAUSE)
                continue
            try:
                yield
            finally:
                _released(held)
            return


def _is_lock(path: Path) -> bool:
    """Whether a file is one that may be locked, written over and removed."""
    if not path.exists():
        return not path.is_symlink()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(HOLDER)) in (b"", HOLDER.encode())


def _sign(file: IO[str]) -> None:
    """Write down who holds a lock."""
    try:
        file.truncate(0)
        file.write(f"{HOLDER}{os.getpid()} on {socket.gethostname()}")
        file.flush()
    except OSError as error:
        raise write_error(file.name, error) from error


def _released(file: IO[str]) -> None:
    Path(file.name).unlink(missing_ok=True) if os.name != "nt" else file.truncate(0)


def _locked(file: IO[str]) -> bool:
    """Take the lock; whether that worked, and the file is still the folder's."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0x7FFF0000)  # far behind the text, which others may read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            file.seek(0)
            return True
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    try:
        return os.stat(file.name).st_ino == os.fstat(file.fileno()).st_ino
    except OSError:  # its holder has just ended, and removed it
        return False
