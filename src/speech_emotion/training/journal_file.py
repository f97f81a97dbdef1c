"""An Optuna journal as a file: read without changing it, and opened for writing once its end is whole.

Each line is one step. A process that is killed, and a disk that is full, leave half of one at the end; nothing else
that is no step is passed over, as the file may be somebody else's.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import StorageError, UsageError
from .proposals import quiet

SUFFIX = ".journal"
STUDY = "search"

BEGINNING = b'{"op_code"'
"""Of each line."""


def study_in(path: Path) -> Any:
    """The search's study in a journal, in memory; None where it was killed before it had begun one.

    Raises:
        UsageError: if the file is no search's journal, or a line before the last is broken.
        OSError: if it cannot be read.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import BaseJournalBackend

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
            found = optuna.load_study(study_name=STUDY, storage=storage) if STUDY in names else None
    except Exception as error:  # a file from anywhere fails in any way that Optuna knows
        raise _strange(path, " ".join(f"{type(error).__name__}: {error}".split())[:120]) from error
    if found is None and names:
        raise _strange(path, f"its studies are {', '.join(names)}")
    return found


def opened(path: Path) -> Any:
    """The search's study in a journal, for writing: the one that is there, or a new one. Half a last line is cut off.

    Raises:
        UsageError: if the file is no search's journal, or a line before the last is broken.
        StorageError: if it cannot be written.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    with writing(path), quiet():
        if path.exists():
            study_in(path)
            _mend(path)
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=_Held()))  # type: ignore[arg-type]
        return optuna.create_study(
            storage=storage, study_name=STUDY, directions=["maximize", "minimize"], load_if_exists=True
        )


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
            why = f"{(error.strerror or str(error)).lower()}; --resume goes on with what it holds"
        raise StorageError(f"{path}: {why}") from error


class _Held:
    """Optuna's lock of the file, which the folder's makes needless; a killed process would leave it behind."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


def _steps(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The steps in a file, and how many bytes they are, the last line's end included where it has one."""
    lines = list(io.BytesIO(path.read_bytes()))
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
