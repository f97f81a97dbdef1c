"""An Optuna journal as a file: read without changing it, and opened for writing once its end is whole.

Each line is one step. A process that is killed, and a disk that is full, leave half of one at the end; nothing else
that is no step is passed over, as the file may be somebody else's.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import StorageError, UsageError, reason_of
from ..writing import FULL
from .proposals import quiet

SUFFIX = ".journal"
STUDY = "search"

BEGINNING = b'{"op_code"'
"""Of each line."""


def study_in(path: Path) -> Any:
    """The search's study in a journal, in memory; None where there is no file, or no trial in it.

    Raises:
        UsageError: if the file cannot be read, is no search's journal, or a line before the last is broken.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import BaseJournalBackend

    if not path.exists():
        return None
    if not path.is_file():
        raise _strange(path, "it is no file")
    steps, _ = _steps(path)

    class InMemory(BaseJournalBackend):
        def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
            return steps[log_number_from:]

        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            raise NotImplementedError("it is only read")

    try:
        with quiet():
            storage = JournalStorage(InMemory())
            names = [study.study_name for study in storage.get_all_studies()]
            found = optuna.load_study(study_name=STUDY, storage=storage) if names == [STUDY] else None
            begun = found is not None and bool(found.get_trials(deepcopy=False))
    except Exception as error:  # a file from anywhere fails in any way that Optuna knows
        raise _strange(path, " ".join(f"{type(error).__name__}: {error}".split())[:120]) from error
    if names not in ([], [STUDY]):
        raise _strange(path, f"its studies are {', '.join(names)}")
    if found is None or not begun:
        return None
    if "format" not in found.user_attrs:
        raise _strange(path, "its trials are no search's")
    return found


def opened(path: Path, attributes: Mapping[str, Any], anew: bool) -> Any:
    """The search's study in a journal, for writing. Half a last line is cut off.

    Args:
        path: of the journal.
        attributes: that a new study has.
        anew: in place of what is there.

    Raises:
        UsageError: as of :func:`study_in`.
        StorageError: if the file cannot be written.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    begun = study_in(path) is not None and not anew
    with writing(path), quiet():
        if begun:
            _mend(path)
        else:
            path.unlink(missing_ok=True)
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=_Held()))  # type: ignore[arg-type]
        if begun:
            return optuna.load_study(study_name=STUDY, storage=storage)
        study = optuna.create_study(storage=storage, study_name=STUDY, directions=["maximize", "minimize"])
        for name, value in attributes.items():
            study.set_user_attr(name, value)
        return study


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What cannot be written is told with the file."""
    try:
        yield
    except (UsageError, KeyboardInterrupt):
        raise
    except Exception as error:  # Optuna reads the file as well, and a file of anybody's fails in any way
        why = "was removed or changed while the search was writing it"
        if isinstance(error, OSError):
            fix = (
                "--resume goes on with what it holds" if error.errno in FULL else "move it away, or name another folder"
            )
            why = f"{reason_of(error)}; {fix}"
        raise StorageError(f"{path}: {why}") from error


class _Held:
    """Optuna's lock of the file, which the folder's makes needless; a killed process would leave it behind."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


def _steps(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The steps in a file, and how many bytes they are, the last line's end included where it has one."""
    try:
        lines = list(io.BytesIO(path.read_bytes()))
    except OSError as error:
        why = reason_of(error)
        raise UsageError(f"{path}: {why}; move it away, or name another folder") from error
    found: list[dict[str, Any]] = []
    size = 0
    for number, line in enumerate(lines, 1):
        step = _step(line)
        if step is not None:
            found.append(step)
            size += len(line)
        elif not found and not (len(lines) == 1 and line.startswith(BEGINNING)):
            raise _strange(path, "its first line is none of a journal's")
        elif number < len(lines):
            raise UsageError(f"{path}: line {number} is broken; move the file away, or name another folder")
    return found, size


def _step(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "op_code" in found else None


def _mend(path: Path) -> None:
    """Cut off what comes after the last whole step, and end that as a line."""
    _, size = _steps(path)
    with path.open("rb+") as file:
        file.truncate(size)
        file.seek(max(size - 1, 0))
        if size and file.read() != b"\n":
            file.write(b"\n")


def _strange(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is not a search's journal ({why}); move it away, or name another folder")
