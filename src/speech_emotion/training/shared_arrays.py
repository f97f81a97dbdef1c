"""Arrays that several processes read without copies: files that each maps into its memory.

What is computed from them can be shared in the same way: the first that needs it writes it, whole or not at all.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..writing import replacing

OWN = "arrays-"
"""What the name of a folder begins with that may be removed."""


@dataclass(frozen=True, slots=True)
class SharedArrays:
    """Arrays in a folder, by name; small enough to be sent to a worker.

    Attributes:
        folder: where the files are.
    """

    folder: str

    def __getitem__(self, name: str) -> NDArray[Any]:
        """An array, read only, in memory only where it is looked at."""
        return _mapped(str(Path(self.folder, f"{name}.npy")))

    def derived(self, name: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """An array that is computed by the first process that asks; by two that ask at once, twice, to the same bits.

        Args:
            name: of all that it follows from, as a file may be called.
            make: computes it.
        """
        path = Path(self.folder, f"{name}.npy")
        if not path.exists():
            _write(path, make())
        return _mapped(str(path))


@contextmanager
def shared(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> Iterator[SharedArrays]:
    """Share arrays until the end, when the folder and all that was derived is removed.

    Args:
        folder: made for them, and removed in the end unless somebody else's files are in it; what an earlier process
            left there is removed first.
        arrays: by name.

    Raises:
        UsageError: if it is a file or a link.
        StorageError: if the disk is full.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} is no folder of this program's; move it away, or name another place")
    _clear(folder)
    # a new path each time: a cluster's workers outlive a search, and keep what they have mapped by its path
    own = folder / f"{OWN}{uuid.uuid4().hex}"
    try:
        for name, values in arrays.items():
            _write(own / f"{name}.npy", values)
        yield SharedArrays(str(own.resolve()))
    finally:
        _mapped.cache_clear()
        _clear(folder)


def _clear(folder: Path) -> None:
    for place in folder.iterdir() if folder.is_dir() else ():
        if re.fullmatch(f"{OWN}[0-9a-f]{{32}}", place.name):
            shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):  # not empty, or not there
        folder.rmdir()


def _write(path: Path, values: NDArray[Any]) -> None:
    with replacing(path) as part, part.open("wb") as file:
        try:
            np.save(file, values, allow_pickle=False)
        except OSError as error:
            if error.errno is not None:
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error  # numpy: "… requested and …"


@lru_cache(maxsize=256)
def _mapped(path: str) -> NDArray[Any]:
    found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return found
