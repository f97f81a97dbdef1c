"""One search at a time in a folder.

The lock is the operating system's, on an open file, so it goes with the process that holds it, however that ends:
there is no stale one to clear away.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import UsageError

FILE = "search.lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder until the end.

    Raises:
        UsageError: if another search holds it; the message says which process that is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    with path.open("a+", encoding="utf-8") as file:
        if not _locked(file):
            file.seek(0)
            who = file.read(200).strip() or "another process"
            raise UsageError(f"another search is at work in {folder} ({who}); wait for it, or name another folder")
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True) if os.name != "nt" else file.truncate(0)


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
