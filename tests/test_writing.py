"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest

from speech_emotion.errors import StorageError, UsageError
from speech_emotion.writing import replacing


def test_a_file_that_is_not_finished_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old", encoding="utf-8")
    with suppress(KeyboardInterrupt), replacing(target) as part:
        part.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(("own", "named"), [(None, "a.txt"), ("/elsewhere", "/elsewhere")])
def test_a_full_disk_is_told_with_the_file(tmp_path: Path, own: str | None, named: str) -> None:
    with (
        pytest.raises(StorageError, match=rf"^cannot write .*{named}: no space left on device$"),
        replacing(tmp_path / "a.txt"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), own)
    assert not list(tmp_path.iterdir())


def test_other_errors_of_the_system_stay_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError) as told, replacing(tmp_path / "a.txt"):
        raise OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    assert told.value.filename is None


@pytest.mark.parametrize(("make", "kind"), [(os.mkdir, "a folder"), (os.mkfifo, "a device or a pipe")])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, make: object, kind: str) -> None:
    make(tmp_path / "there")  # type: ignore[operator]
    with pytest.raises(UsageError, match=kind), replacing(tmp_path / "there") as part:
        part.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert not (tmp_path / "there").is_file()
