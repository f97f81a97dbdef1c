"""Folds that are finished stay finished, so that an evaluation that was killed goes on where it stopped.

Each answer is a file of its own, named by a hash of all that it follows from: the estimator with its parameters, the
values, labels and speakers, the rows of the fold, and the versions of the libraries. Where any of that is another, so
is the name, and the fold is fitted anew. The files are ``.npz`` without pickle: nothing in them can run code.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..errors import UsageError
from ..writing import replacing, writable
from .fitting import Answer, Fold, answer

SUFFIX = ".fold.npz"

LIBRARIES = ("speech-emotion", "numpy", "scipy", "scikit-learn")
"""Whose versions change what a fold answers."""


def answers(
    folds: Sequence[Fold], workers: int | str | None = None, resume: str | os.PathLike[str] | None = None
) -> Iterator[Answer]:
    """What the models of some folds say, in their order; those that a folder has are not fitted again.

    Args:
        folds: of one estimator on the same rows.
        workers: how many processes; None takes all cores.
        resume: a folder, made where it is missing; None keeps nothing.

    Raises:
        UsageError: if the folder cannot be written, or the estimator holds what cannot be told apart from another.
    """
    if resume is None:
        yield from pool.run(answer, folds, workers)
        return
    folder = writable(Path(resume))
    files = [folder / f"{key}{SUFFIX}" for key in keys(folds)]
    kept = [_kept(file, fold) for file, fold in zip(files, folds, strict=True)]
    fresh = pool.run(answer, [fold for fold, there in zip(folds, kept, strict=True) if there is None], workers)
    for file, there in zip(files, kept, strict=True):
        yield _keep(file, next(fresh)) if there is None else there


def forget(resume: str | os.PathLike[str]) -> None:
    """Remove the folds that a folder holds, once their scores are saved; other files there stay."""
    folder = Path(resume)
    for file in folder.glob(f"*{SUFFIX}*"):
        file.unlink(missing_ok=True)
    with suppress(OSError):  # not empty, or not there
        folder.rmdir()


def keys(folds: Sequence[Fold]) -> list[str]:
    """A name for each fold's answer, of hexadecimal digits: the same for the same work only.

    All but their rows is taken from the first: folds of one evaluation have it in common.

    Raises:
        UsageError: if the estimator holds something whose state cannot be read.
    """
    if not folds:
        return []
    first = folds[0]
    about = {each.name: getattr(first, each.name) for each in fields(first) if each.name not in ("train", "test")}
    try:
        described = describe({"by": answer, **about})
    except RecursionError:
        raise _opaque(first.estimator) from None
    versions = [platform.python_version(), *(version(library) for library in LIBRARIES)]
    shared = hashlib.sha256(repr((described, versions)).encode())
    names = []
    for fold in folds:
        own = shared.copy()
        _add(own, fold.train)
        _add(own, fold.test)
        names.append(own.hexdigest()[:32])
    return names


def describe(value: object) -> str:
    """All that an estimator's behaviour follows from, as text: classes with their source, parameters, arrays.

    Example:
        >>> describe({"C": 1.0, "classes": ("calm", "sad")})
        "{'C': 1.0, 'classes': ['calm', 'sad']}"

    Raises:
        UsageError: if a value has no state that can be read, such as a random generator.
    """
    kind = type(value)
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic)):
        text = repr(value)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest = hashlib.sha256()
        _add(digest, value)
        text = digest.hexdigest()
    elif isinstance(value, Mapping):
        text = f"{{{', '.join(f'{describe(key)}: {describe(each)}' for key, each in value.items())}}}"
    elif isinstance(value, (set, frozenset)):
        text = f"{{{', '.join(sorted(map(describe, value)))}}}"
    elif isinstance(value, (list, tuple)):
        text = f"[{', '.join(map(describe, value))}]"
    elif isinstance(value, CodeType):
        text = describe([value.co_code, value.co_consts, value.co_names])
    elif isinstance(value, type):
        text = _source(value)
    elif callable(value) and hasattr(value, "__qualname__"):
        text = f"{_source(value)}({describe(_taken_along(value))})"
    elif hasattr(value, "get_params"):
        text = f"{_source(kind)}({describe(dict(sorted(value.get_params(deep=False).items())))})"
    elif kind.__module__.split(".")[0] == "numpy":
        raise _opaque(value)
    else:
        text = f"{_source(kind)}({describe(_state(value))})"
    return text


def _opaque(value: object) -> UsageError:
    return UsageError(
        f"a model that holds a {type(value).__name__} cannot be resumed, because its state cannot be compared; "
        "evaluate without resume, or seed it with a number"
    )


def _source(thing: Any) -> str:
    """The full name of a class or function, with its library's version and a hash of the file that defines it."""
    module = str(getattr(thing, "__module__", ""))
    release = getattr(sys.modules.get(module.split(".", maxsplit=1)[0]), "__version__", "")
    file = getattr(sys.modules.get(module), "__file__", None)
    return repr((module, thing.__qualname__, release, _file_hash(file) if file else ""))


def _taken_along(function: Any) -> list[object]:
    """What a function works by, beside its name: whose method it is, its code, its defaults, what it closes over."""
    owner = getattr(function, "__self__", None)
    return [
        None if isinstance(owner, ModuleType) else owner,
        *(getattr(function, name, None) for name in ("__code__", "__defaults__", "__kwdefaults__")),
        [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()],
    ]


def _state(value: object) -> object:
    """What pickle would keep of an object: slots and what C code holds too, where ``vars`` may be empty."""
    try:
        made = value.__reduce_ex__(2)
    except TypeError:
        raise _opaque(value) from None
    return made if isinstance(made, str) else [*made[1:3], *(list(items) for items in made[3:5] if items is not None)]


@lru_cache(maxsize=256)
def _file_hash(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""


def _add(digest: Any, array: NDArray[Any]) -> None:
    digest.update(repr((array.dtype.str, array.shape)).encode())
    digest.update(np.ascontiguousarray(array).tobytes())


def _keep(file: Path, found: Answer) -> Answer:
    knows = {"sure_above": np.array(found.sure_above), "centre": np.array(found.centre, dtype=np.float64)}
    with replacing(file) as part, part.open("wb") as out:
        np.savez(out, allow_pickle=False, probabilities=found.probabilities, **knows)
    return found


def _kept(file: Path, fold: Fold) -> Answer | None:
    rows = len(fold.test)
    try:
        with np.load(file, allow_pickle=False) as kept:
            probabilities, sure_above, centre = kept["probabilities"], kept["sure_above"], kept["centre"]
    except (OSError, ValueError, KeyError, EOFError, MemoryError, zlib.error, zipfile.BadZipFile):
        return None  # damaged; one that claims to be endless is, too
    whole = probabilities.shape == (rows, fold.classes) and sure_above.shape == ()
    whole = whole and centre.shape in ((0,), (fold.classes,))
    right = whole and all(each.dtype == np.float64 for each in (probabilities, sure_above, centre))
    right = right and bool(((probabilities >= 0) & (probabilities <= 1 + 1e-6)).all())  # so written, NaN fails too
    right = right and bool(np.isfinite(centre).all()) and 0 <= float(sure_above) <= 1
    return Answer(probabilities, float(sure_above), tuple(centre.tolist())) if right else None
