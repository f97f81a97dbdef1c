"""Files that a client may name: those within folders that were named at the start, wherever links and ``..`` lead."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import AudioError, UsageError, reason_of, visible


class Folders:
    """The folders in which files may be read.

    Args:
        named: at least one is needed to read any file.

    Raises:
        UsageError: if one of them is no folder.
    """

    def __init__(self, named: Sequence[Path]) -> None:
        for folder in named:
            if not folder.is_dir():
                raise UsageError(f"{visible(str(folder))} is no folder")
        self.roots = tuple(folder.resolve() for folder in named)

    def find(self, path: str) -> Path:
        """The file that is meant, with all links resolved.

        Args:
            path: absolute, or from one of the folders.

        Raises:
            AudioError: if it is not within a folder, or is no file. Of what is outside nothing is told.
        """
        inside = []
        for root in self.roots:
            try:
                place = (root / path).resolve()
            except (OSError, RuntimeError, ValueError):  # links in a circle, a name that none can have
                continue
            if any(place.is_relative_to(each) for each in self.roots):
                inside.append(place)
        for place in inside:
            if os.path.isfile(place):  # which a name that is too long does not break
                return place
        if inside:
            raise AudioError(f"{visible(path)}: no such file")
        raise AudioError(f"{visible(path)}: not within the folders that this server may read")

    @contextmanager
    def opened(self, path: str) -> Iterator[BinaryIO]:
        """The file that is meant, open."""
        place = self.find(path)
        try:
            file = place.open("rb")
        except OSError as error:
            raise AudioError(f"{visible(path)}: {reason_of(error)}") from error
        with file:
            yield file
