"""Recordings for workers on other machines: by a path that they share, or else as bytes.

Which of the two is found out, not asked: workers that see some of the files under the same path and with the same size
are taken to see all of them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

from .. import workers as pool
from ..corpora.paths import open_binary, split
from ..errors import AudioError, reason_of

LOOKED_FOR = 64
"""Files, spread over the recordings, that a worker must see; an archive is one."""


class Carried(io.BytesIO):
    """A recording's bytes, under the name of its path."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name

    def __reduce__(self) -> tuple[type[Carried], tuple[bytes, str]]:
        """How it travels."""
        return type(self), (self.getvalue(), self.name)


def shared(paths: Sequence[str], workers: int | str | None) -> bool:
    """Whether workers read these recordings by their paths; processes of this machine do.

    Args:
        paths: of recordings; may lead through a zip archive, which is what is then looked for.
        workers: as of :func:`speech_emotion.workers.run`.

    Raises:
        ClusterError: if the cluster cannot be asked.
    """
    if not isinstance(workers, str):
        return True
    files = {}
    for path in paths[:: max(1, len(paths) // LOOKED_FOR)]:
        inside = split(path)
        file = path if inside is None else inside[0]
        if os.path.isfile(file):
            files[file] = os.path.getsize(file)
    return pool.see(workers, files)


def carried(path: str) -> Carried | AudioError:
    """A recording to be sent, as it is stored; or why it cannot be read here."""
    try:
        with open_binary(path) as file:
            return Carried(file.read(), path)
    except AudioError as error:
        return error
    except OSError as error:
        return AudioError(f"{path}: {reason_of(error)}")
