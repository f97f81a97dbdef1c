"""Recordings that cannot be used: all else is done, a line says how many and why, and the exit status is 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from speech_emotion.cli.main import run

QUICK = ["--features", "rms", "--workers", "1"]


@pytest.mark.parametrize(
    ("options", "made"),
    [
        (["extract", "{}", "{}.npz"], ".npz"),
        (["train", "{}", "-o", "{}.semodel", "--family", "lda"], ".semodel"),
        (["evaluate", "{}", "--family", "lda", "--no-calibrate", "--report", "{}.html"], ".html"),
        (["search", "{}", "--families", "lda", "--trials", "1", "--models-dir", "{}.models"], ".models"),
    ],
    ids=["extract", "train", "evaluate", "search"],
)
def test_the_work_is_done_and_the_status_tells(
    options: list[str], made: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*(option.format(small) for option in options), *QUICK]
    assert run(command) == 0
    assert "could not be used" not in capsys.readouterr().err
    (small / "ann" / "calm" / "2.wav").write_bytes(b"rubbish")
    assert run(command) == 1
    out, err = capsys.readouterr()
    assert "2.wav" in err
    assert "1 failed" in err or "warning: 1 of 9 recordings could not be used: " in err
    assert Path(f"{small}{made}").exists()
    assert out or options[0] == "extract"


def test_a_table_that_was_saved_without_some_is_whole(small: Path, tmp_path: Path) -> None:
    (small / "ann" / "calm" / "2.wav").write_bytes(b"rubbish")
    table = str(tmp_path / "t.npz")
    assert run(["extract", str(small), table, *QUICK]) == 1
    assert run(["train", table, "-o", str(tmp_path / "m.semodel"), "--family", "lda", "--workers", "1"]) == 0
