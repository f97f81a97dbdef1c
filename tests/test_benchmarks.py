"""The benchmarks run, on a few clips, and tell both sides."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resample", ["--clips", "4", "--repeats", "1"]),
        ("features", ["--clips", "8", "--repeats", "1"]),
        ("pipeline", ["--clips", "4", "--repeats", "1"]),
        ("startup", ["--repeats", "1"]),
    ],
)
def test_a_benchmark_runs_both_sides(name: str, options: list[str], ravdess_zip: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs the ffmpeg command")
    command = [sys.executable, str(FOLDER / f"{name}.py"), str(ravdess_zip), *options, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        result = json.loads(line)
        assert result["ours"] > 0
        assert result["theirs"] > 0
        assert result["goal"]
    if name == "features":
        assert "of 1440 values in 8 clips, 0 differ" in done.stdout


def test_the_benchmark_of_leaks_finds_all_that_it_plants(ravdess_zip: Path) -> None:
    command = [sys.executable, str(FOLDER / "leaks.py"), str(ravdess_zip), "--clips", "24", "--repeats", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    planted, twice = (json.loads(line) for line in done.stdout.splitlines())
    assert planted["ours"] == "20 of 20 found, 0 false alarms"
    assert planted["by checksum"] == "0 of 20 found"
    assert "24 of 24 found, 0 false alarms" in twice["ours"]
