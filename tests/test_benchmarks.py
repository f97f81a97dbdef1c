"""The benchmarks run, on a few clips, and tell both sides."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from speech_emotion.evaluation.protocols import PROTOCOLS

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resample", ["--clips", "4", "--repeats", "1"]),
        ("features", ["--clips", "8", "--repeats", "1"]),
        ("pipeline", ["--clips", "4", "--repeats", "1"]),
        ("startup", ["--repeats", "1"]),
        ("estimators", ["--clips", "96"]),
        ("encoder", ["--clips", "4", "--repeats", "1"]),
        ("server", ["--clips", "16", "--repeats", "1"]),
        ("words", ["--clips", "2", "--repeats", "1"]),
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


def test_the_honest_table_is_written_between_its_marks_and_kept_scores_are_not_scored_again(
    ravdess_zip: Path, emodb_zip: Path, tmp_path: Path
) -> None:
    pytest.importorskip("opensmile")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- honesty -->\nold\n<!-- /honesty -->\nafter\n", encoding="utf-8")
    options = ["--quick", "--workers", "1", "--keep", str(tmp_path / "kept"), "--page", str(page)]
    command = [sys.executable, str(FOLDER / "honesty.py"), str(ravdess_zip), str(emodb_zip), *options]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- honesty -->\n**RAVDESS")
    assert text.endswith("\n<!-- /honesty -->\nafter\n")
    assert first.stdout.strip() in text
    for protocol in set(PROTOCOLS) - {"loso"}:
        assert f"`{protocol}`" in text
    scores = [float(score) for score in re.findall(r"\| (\d+\.\d) % \(", text)]
    assert len(scores) == (3 * 4 + 1) + (3 * 3 + 1) + 4 * 4
    assert all(0 <= score <= 100 for score in scores)
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert again.stdout == first.stdout
    assert "·" in first.stderr
    assert again.stderr == ""


def test_the_benchmark_of_leaks_finds_all_that_it_plants(ravdess_zip: Path) -> None:
    command = [sys.executable, str(FOLDER / "leaks.py"), str(ravdess_zip), "--clips", "24", "--repeats", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    planted, twice = (json.loads(line) for line in done.stdout.splitlines())
    assert planted["ours"] == "20 of 20 found, 0 false alarms"
    assert planted["by checksum"] == "0 of 20 found"
    assert "24 of 24 found, 0 false alarms" in twice["ours"]


def test_one_fold_of_the_accuracy_table_is_far_above_what_mel_chroma_and_mfcc_reach(ravdess_zip: Path) -> None:
    command = [sys.executable, str(FOLDER / "accuracy.py"), str(ravdess_zip), "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    [row] = map(json.loads, done.stdout.splitlines())
    assert row["figure"] == "tone, emobox, first fold"
    assert float(row["UAR"].split()[0]) > 60


def test_a_stream_says_the_same_as_offline_and_nothing_where_nobody_speaks(ravdess_zip: Path) -> None:
    command = [sys.executable, str(FOLDER / "live.py"), str(ravdess_zip), "--clips", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = {row["figure"].split(":")[0]: row for row in map(json.loads, done.stdout.splitlines())}
    assert len(rows) == 9
    assert rows["clips of people that are taken for speech"]["found"] == "2 of 2"
    [replayed] = [row["found"] for figure, row in rows.items() if figure.startswith("replay of 4 actors")]
    assert replayed == "8 of 8"
    [unspoken] = [row["found"] for figure, row in rows.items() if figure.startswith("silence, noise")]
    assert float(unspoken.split()[0].rstrip("%")) >= 95


def test_every_part_of_the_benchmark_of_searches_is_run_for_the_page() -> None:
    code = "import json, run, search; print(json.dumps([[*search.PARTS], run.SCRIPTS['search']]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER, capture_output=True, text=True, check=True)
    parts, runs = json.loads(done.stdout)
    assert {*parts} == {*re.findall(r"--part (\S+)", " ".join(runs))}


def test_the_benchmark_of_searches_holds_evolution_against_random(ravdess_zip: Path) -> None:
    short = ["--part", "strategies", "--seconds", "2", "--seeds", "1"]
    command = [sys.executable, str(FOLDER / "search.py"), str(ravdess_zip), *short, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 8
    for row in rows[0::4]:
        assert "outer UAR" in row["figure"]
        assert all(0 < float(row[side]) < 100 for side in ("ours", "beside"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured by Linux's accounts")
def test_the_benchmark_of_scale_measures_each_size_and_learns_from_its_shards() -> None:
    command = [sys.executable, str(FOLDER / "scale.py"), "--clips", "70", "140", "--workers", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["figure"].split(": ")[1], row["clips"]) for row in rows] == [
        ("extract", "70"),
        ("extract", "140"),
        ("ridge learns", "70"),
        ("ridge learns", "140"),
    ]
    assert all(float(row["peak memory, MB"]) > 20 for row in rows)
