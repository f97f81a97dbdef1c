from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from speech_emotion.cli.resample import resample

app = typer.Typer()
app.command()(resample)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    soundfile.write(folder / "a.wav", np.zeros(4_800), 48_000)
    return folder


def test_the_summary_counts_what_was_written_and_what_was_there(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for expected in ("1 written, 0 already there, 0 failed", "0 written, 1 already there, 0 failed"):
        result = CliRunner().invoke(app, [str(recordings), str(out), "--workers", "1"])
        assert result.exit_code == 0
        assert result.stdout == f"{expected}: {out}\n"
    assert soundfile.info(out / "a.wav").samplerate == 16_000


def test_rate_and_format_are_as_asked(recordings: Path, tmp_path: Path) -> None:
    options = ["--rate", "8000", "--format", "flac", "--workers", "1"]
    result = CliRunner().invoke(app, [str(recordings), str(tmp_path / "out"), *options])
    assert result.exit_code == 0
    header = soundfile.info(tmp_path / "out/a.flac")
    assert (header.samplerate, header.format) == (8_000, "FLAC")


def test_failures_are_listed_and_the_status_is_1(recordings: Path, tmp_path: Path) -> None:
    bad = recordings / "bad.wav"
    bad.write_bytes(b"RIFF")
    result = CliRunner().invoke(app, [str(recordings), str(tmp_path / "out"), "--workers", "1"])
    assert result.exit_code == 1
    assert result.stdout.startswith("1 written, 0 already there, 1 failed")
    assert result.stderr.startswith(f"failed: {bad}: ")
