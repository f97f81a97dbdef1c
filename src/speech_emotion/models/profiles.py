"""Voices that are remembered by name, from one call to the next.

A profile is what an :class:`~speech_emotion.models.adaptation.Adaptation` has heard of one voice: counts and sums of a
model's answers, no sound. It is a file of its own in the user's data folder, readable by that user only, and gone once
it is deleted.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..corpora.locks import turn
from ..errors import UsageError, unknown
from ..writing import write_error
from .adaptation import Adaptation
from .model import Model

SUFFIX = ".json"

NAME = re.compile(r"\w(?:[\w .'-]{0,62}[\w'-])?")
"""Letters and digits of any script, and between them blanks, full stops, hyphens, apostrophes and underscores."""

DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever folder it is in."""


MOST_BYTES = 200
"""Of a name; file systems take 255 for a file's, its ending included."""


def folder() -> Path:
    """Where profiles are kept."""
    import platformdirs

    return Path(platformdirs.user_data_dir("speech-emotion", appauthor=False)) / "speakers"


def names() -> tuple[str, ...]:
    """The voices that are remembered, sorted."""
    files = folder().glob(f"*{SUFFIX}")
    return tuple(sorted(file.stem for file in files if NAME.fullmatch(file.stem)))


def path_of(name: str) -> Path:
    """The file of a voice, be it there or not.

    Raises:
        UsageError: if it cannot be a name, such as one that leads to another folder.

    Example:
        >>> path_of("Ann-Marie 2").name
        'Ann-Marie 2.json'
    """
    plain = unicodedata.normalize("NFC", name)
    if not NAME.fullmatch(plain) or DEVICES.fullmatch(plain) or len(plain.encode()) > MOST_BYTES:
        raise UsageError(
            f"'{name}' cannot be a speaker's name: letters, digits and inner blanks, full stops, hyphens and "
            "apostrophes, at most 64 and 200 bytes, such as 'ann'"
        )
    return folder() / f"{plain}{SUFFIX}"


def load(name: str) -> Adaptation:
    """What was heard of a voice.

    Raises:
        UsageError: if none of that name is remembered.
        BundleError: if its file is not a profile.
    """
    path = path_of(name)
    if not path.is_file():
        if names():
            raise unknown("speaker", name, names())
        raise UsageError(f"no speaker is remembered yet; `predict --speaker '{name}' FILES` would begin with one")
    return Adaptation.load(path)


def open(name: str, model: Model) -> Adaptation:
    """The voice to go on with: one that is remembered, or a new one.

    Raises:
        UsageError: if it cannot be a name, the model cannot adapt, or the profile is another model's.
        BundleError: if its file is not a profile.

    Example::

        ann = se.profiles.open("ann", model)
        ann.hear(probabilities, "ann")
        se.profiles.save("ann", ann)
    """
    return opened(path_of(name), model)


def save(name: str, heard: Adaptation) -> Path:
    """Remember a voice: write what was heard of it, whole or not at all, for this user only.

    Raises:
        UsageError: if it cannot be a name, or its file cannot be written.
        StorageError: if the disk is full.
    """
    path = path_of(name)
    with _written(path):
        heard.save(path)
    return path


def add(path: Path, heard: Adaptation, before: Adaptation, model: Model) -> None:
    """Add what was heard since a session was opened to its file; other processes may do so at the same time.

    Args:
        path: of a voice, from :func:`path_of`, or of any other profile.
        heard: the session.
        before: what it was when it was opened.
        model: whose answers were heard.

    Raises:
        UsageError: if the file cannot be written, or has become another model's.
        StorageError: if the disk is full.
        BundleError: if it has become no profile.
    """
    with _written(path), turn(path):
        now = opened(path, model)
        now.hear_also(heard, before)
        now.save(path)


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Its folder is made, that of the voices for this user only; what cannot be written is told."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent == folder():
            path.parent.chmod(0o700)
        yield
    except OSError as error:
        raise write_error(path, error) from error


def delete(name: str) -> None:
    """Forget a voice.

    Raises:
        UsageError: if none of that name is remembered.
    """
    path = path_of(name)
    if not path.is_file():
        load(name)  # says which there are
    path.unlink()


def opened(path: str | os.PathLike[str] | None, model: Model) -> Adaptation:
    """The session to go on with: a new one, or the one that a file remembers.

    Args:
        path: of a file by :meth:`Adaptation.save`; one that is not there, or None, is a new session.
        model: whose answers will be heard.

    Raises:
        UsageError: if the model cannot adapt, or the file is another model's.
        BundleError: if the file is not a profile.
    """
    session = model.adaptation()
    if path is None or not os.path.exists(path):
        return session
    kept = Adaptation.load(path)
    if tuple(kept.centre) != tuple(session.centre):
        whose = f"'{kept.model}'" if kept.model not in ("", model.name) else f"another model than '{model.name}'"
        raise UsageError(f"{path} was kept with {whose}; name that model (--model), or another profile")
    kept.model = model.name
    return kept
