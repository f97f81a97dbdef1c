"""Whisper, as faster-whisper runs it: on the CPU, in int8.

A model is a name that faster-whisper knows, an ``owner/name`` on Hugging Face, or a folder in CTranslate2's format.
A name that is not on this machine yet is downloaded by faster-whisper itself, once, to Hugging Face's cache; a folder
never leads to a download, and no sound ever leaves the machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BundleError, DownloadError, MissingExtraError, UsageError, unknown
from ..runtime import keep_quiet

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

DEFAULT = "base"
"""Knows a hundred languages, and takes 145 MB."""

MEMBERS = ("model.bin", "tokenizer.json")
"""What a folder must have; without the second, one would be downloaded."""

SEED = 0
"""Where Whisper is at a loss it draws words at random."""

_ON_HUGGING_FACE = re.compile(r"\w[\w.-]*/[\w.-]+")


def find(name: str | os.PathLike[str] = DEFAULT, told: Callable[[str], object] | None = None) -> Path:
    """The folder of a model, downloaded where it is not on this machine.

    Args:
        name: a name, an ``owner/name`` on Hugging Face, or a folder.
        told: is called with a line before a download begins.

    Raises:
        MissingExtraError: if faster-whisper is not installed.
        UsageError: if there is no model of that name.
        BundleError: if a folder holds none.
        DownloadError: if it cannot be fetched.
    """
    try:
        from faster_whisper import available_models
        from faster_whisper.utils import download_model
    except ImportError as error:
        raise MissingExtraError("words", "words") from error
    wanted, names = os.fspath(name), available_models()
    folder = Path(wanted)
    if folder.exists():
        return _sound(folder)
    if wanted not in names and not _ON_HUGGING_FACE.fullmatch(wanted):
        if os.sep in wanted or "/" in wanted:
            raise BundleError(f"{wanted}: no such folder")
        raise unknown("Whisper model", wanted, [*names, "or a folder"])
    try:
        return _sound(Path(download_model(wanted, local_files_only=True)))
    except (BundleError, OSError, ValueError):  # not there, or only a part of it
        if told is not None:
            told(f"faster-whisper downloads '{wanted}' from Hugging Face, once")
    try:
        return _sound(Path(download_model(wanted)))
    except BundleError:
        raise
    except Exception as error:
        raise DownloadError(
            f"cannot fetch the Whisper model '{wanted}' from Hugging Face: {_reason(error)}; "
            "on a machine without network, name a folder that has it"
        ) from error


@lru_cache(maxsize=1)
def opened(folder: Path, threads: int | None = None) -> WhisperModel:
    """The model in a folder; the last one opened stays in memory.

    Args:
        folder: from :func:`find`.
        threads: None takes all cores.

    Raises:
        BundleError: if it is no Whisper model.
    """
    keep_quiet()
    import ctranslate2
    from faster_whisper import WhisperModel

    ctranslate2.set_random_seed(SEED)
    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads or os.cpu_count() or 1)
    except Exception as error:  # of ctranslate2 or tokenizers, which have no class of their own
        raise BundleError(f"{folder}: no Whisper model in CTranslate2's format: {_first_line(error)}") from error


def check_language(whisper: WhisperModel, language: str | None) -> None:
    """Refuse a language that the model does not know.

    Raises:
        UsageError: which names those that it knows.
    """
    known = whisper.supported_languages
    if language is None or language in known:
        return
    if len(known) == 1:
        raise UsageError(f"this Whisper model knows '{known[0]}' only, not '{language}'; take one without '.en'")
    raise unknown("language", language, sorted(known))


def _sound(folder: Path) -> Path:
    if not folder.is_dir():
        raise BundleError(f"{folder}: a Whisper model is a folder, not a file")
    absent = [member for member in MEMBERS if not (folder / member).is_file()]
    if absent:
        raise BundleError(f"{folder}: no Whisper model in CTranslate2's format: it has no {' and no '.join(absent)}")
    return folder


def _reason(error: Exception) -> str:
    from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError

    if isinstance(error, LocalEntryNotFoundError):  # how it tells that there was no answer
        return "it does not answer, and the model is not in its cache"
    if isinstance(error, RepositoryNotFoundError):
        return "it has no such model, or only for those who sign in"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
