"""Every error that this package raises on purpose.

    SpeechEmotionError
    ├── UsageError          a value that no input could make right: an unknown emotion, family or format
    ├── MissingExtraError   an optional library is not installed
    ├── InstallationError   a file of the package's own is missing or damaged
    ├── AudioError          a recording cannot be read
    ├── CorpusError         a folder, archive or table of recordings cannot be understood
    │   └── DownloadError   a corpus, or a model of words, could not be fetched
    ├── ClusterError        a Dask cluster cannot be reached, is not alike, or went away
    ├── ChatError           a chat server cannot be reached, refuses or breaks off
    ├── FeatureError        a feature table or its configuration is not what it should be
    ├── TrainingError       these recordings cannot train this model
    ├── StorageError        a file that is being written was removed, or the disk is full
    └── BundleError         a model file is refused

A message is one line: the bad value, the valid ones, the next step.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable


class SpeechEmotionError(Exception):
    """Anything that this package refuses to do, with a reason in one line."""

    exit_status: int = 2
    """What the command exits with; 1 where only the inputs failed."""


class UsageError(SpeechEmotionError, ValueError):
    """A value that no input could make right."""


class MissingExtraError(SpeechEmotionError, ImportError):
    """An optional library is not installed; the message names the extra that brings it."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f'{purpose} needs more libraries: pip install "speech-emotion[{extra}]"')
        self.purpose, self.extra = purpose, extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """How it comes back whole from a worker process."""
        return type(self), (self.purpose, self.extra)


class InstallationError(SpeechEmotionError):
    """A file of the package's own is missing or damaged."""

    exit_status = 1


class AudioError(SpeechEmotionError):
    """A recording cannot be read."""


class CorpusError(SpeechEmotionError):
    """A folder, archive or table of recordings cannot be understood."""


class DownloadError(CorpusError):
    """A corpus, or a model of words, could not be fetched."""

    exit_status = 1


class ClusterError(SpeechEmotionError):
    """A Dask cluster cannot be reached, is not alike, or went away."""

    exit_status = 1


class ChatError(SpeechEmotionError):
    """A chat server cannot be reached, refuses or breaks off."""

    exit_status = 1


class FeatureError(SpeechEmotionError):
    """A feature table or its configuration is not what it should be."""


class TrainingError(SpeechEmotionError):
    """These recordings cannot train this model."""


class StorageError(SpeechEmotionError):
    """A file that is being written was removed, or the disk is full."""

    exit_status = 1


class BundleError(SpeechEmotionError):
    """A model file is refused."""


def unknown(kind: str, value: object, valid: Iterable[str], owner: str = "", hint: str | None = None) -> UsageError:
    """The error for a name that is not among the valid ones.

    Args:
        kind: what was asked for, in the singular: ``"emotion"``.
        value: what was given.
        valid: the names that would have been right.
        owner: who has them, where that helps: ``"ravdess"``.
        hint: the likely meaning, where it is known better than by spelling.

    Returns:
        The error, to be raised.

    Example:
        >>> print(unknown("emotion", "joy", ["calm", "happy"], owner="ravdess", hint="happy"))
        unknown emotion 'joy' (ravdess has: calm, happy); did you mean 'happy'?
    """
    names = list(valid)
    if hint is None:
        near = difflib.get_close_matches(str(value), names, n=1)
        hint = near[0] if near else None
    had = f"{owner} has" if owner else "valid"
    question = f"; did you mean '{hint}'?" if hint else ""
    return UsageError(f"unknown {kind} '{value}' ({had}: {', '.join(names)}){question}")


def require_list(kind: str, names: object) -> None:
    """Refuse what is no list of names: a single name's letters would be taken for names.

    Args:
        kind: what is named, in the plural: ``"families"``.
        names: what was given.

    Raises:
        UsageError: if it is text, bytes or no collection.

    Example:
        >>> require_list("families", "lda")
        Traceback (most recent call last):
        speech_emotion.errors.UsageError: families is a list of names: ['lda']
    """
    if isinstance(names, str):
        raise UsageError(f"{kind} is a list of names: ['{names}']")
    if isinstance(names, bytes) or not isinstance(names, Collection):
        raise UsageError(f"{kind} is a list of names, not {names!r}")


def counted(count: int, what: str) -> str:
    """A number and what there is of it, as a message has it.

    Example:
        >>> counted(1, "speaker"), counted(3, "speaker")
        ('one speaker', '3 speakers')
    """
    return f"one {what}" if count == 1 else f"{count} {what}s"


def reason_of(error: object) -> str:
    """What the system says of a file, or an address, that it could not open, read or write.

    Example:
        >>> reason_of(FileNotFoundError(2, "No such file or directory")), reason_of(ValueError("embedded null byte"))
        ('no such file or directory', 'embedded null byte')
    """
    said = getattr(error, "strerror", None)
    return said.lower() if said else str(error)


def visible(text: str) -> str:
    """The text with control characters shown, so that a hostile file name cannot steer the terminal.

    Example:
        >>> visible("a\\nb")
        'a\\\\nb'
    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
