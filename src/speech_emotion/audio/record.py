"""What is heard, to a file, while it is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import AudioError, UsageError, unknown
from ..writing import replacing, writable
from .waveform import RATE

SUFFIXES = (".wav", ".flac")


@contextmanager
def recording(path: Path, rate: int = RATE) -> Iterator[Callable[[NDArray[np.float32]], None]]:
    """A file that grows, 16 bit, mono; however it ends, Ctrl-C and errors included, it is whole then.

    Args:
        path: its place, which must be free; the ending is ``.wav`` or ``.flac``.
        rate: Hz.

    Yields:
        A function that takes samples, float32, shape (n,).

    Raises:
        UsageError: if there is a file already, or it cannot be written there.
        AudioError: if writing fails.
    """
    check(path)
    ended: BaseException | None = None
    with replacing(path) as part:
        kind = path.suffix[1:].upper()
        try:
            with soundfile.SoundFile(part, "w", rate, 1, "PCM_16", format=kind) as file:
                try:
                    yield file.write
                except soundfile.SoundFileError:
                    raise
                except BaseException as reason:  # it goes on below, once the file is whole
                    ended = reason
        except soundfile.SoundFileError as error:
            raise AudioError(f"{path} cannot be written ({' '.join(str(error).split())})") from error
    if ended is not None:
        raise ended


def check(path: Path) -> None:
    """Refuse a place for a recording before anything is heard.

    Raises:
        UsageError: if there is a file already, or it cannot be written there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise unknown("kind of recording", path.suffix or path.name, SUFFIXES)
    if path.exists():
        raise UsageError(f"{path} is already there; name another file, so that nothing is lost")
    writable(path.parent)
