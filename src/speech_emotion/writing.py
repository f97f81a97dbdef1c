"""Files that are there whole or not at all, and what is said where they cannot be written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from .errors import SpeechEmotionError, StorageError, UsageError, reason_of

FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""What the system says where a disk, or what somebody may write to it, is full."""


def writable(folder: Path) -> Path:
    """See that files can be written in a folder, or that it can be made.

    Raises:
        UsageError: if they cannot.
    """
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.exists(place))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise UsageError(f"cannot write in {there}; name another place")
    return folder


def replaceable(target: Path) -> Path:
    """See that a path is free or a file's, so that a file may take its place.

    Raises:
        UsageError: if it is a folder, a device or a pipe.
    """
    if target.is_dir():
        raise UsageError(f"{target} is a folder; name a file in it")
    if target.exists() and not target.is_file():
        raise UsageError(f"{target} is no file but a device or a pipe; name a file")
    return target


def write_error(
    path: str | os.PathLike[str], error: OSError, otherwise: type[SpeechEmotionError] = UsageError
) -> SpeechEmotionError:
    """The error for a file that could not be written.

    Args:
        path: the file's.
        error: what the system said.
        otherwise: the kind of error where the disk is not full.

    Returns:
        The error, to be raised.

    Example:
        >>> write_error("a.txt", OSError(errno.ENOSPC, "No space left on device"))
        StorageError('cannot write a.txt: no space left on device')
    """
    kind = StorageError if error.errno in FULL else otherwise
    return kind(f"cannot write {os.fspath(path)}: {reason_of(error)}")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Where to write a file so that it is there whole or not at all; its folder is made where it is missing.

    Args:
        target: the file's place; what is there stays until the new one is whole.

    Yields:
        A path beside it, which takes its place at the end, and is removed where that is not reached.

    Raises:
        UsageError: if it is a folder, a device or a pipe.
        StorageError: if the disk is full.
        OSError: whatever else the system says.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "made" / "a.txt"
        >>> with replacing(target) as part:
        ...     _ = part.write_text("all of it")
        >>> target.read_text(), len(list(target.parent.iterdir()))
        ('all of it', 1)
    """
    replaceable(target)
    part = target.with_name(f"{target.name}.{uuid4().hex}.part")  # others may write it, too, on other machines
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(target)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise write_error(error.filename or target, error) from error
    finally:
        part.unlink(missing_ok=True)
