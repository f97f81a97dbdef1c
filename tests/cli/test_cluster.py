"""``--cluster``: the same answers from a real Dask scheduler as from one process."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from speech_emotion.cli.main import run
from speech_emotion.features import batch
from speech_emotion.features import extract as module
from speech_emotion.features.table import FeatureTable


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recordings that the workers do not see by the path that is given, for they run in another folder."""
    rng = np.random.default_rng(0)
    for speaker in range(6):
        for number, emotion in enumerate(("calm", "angry")):
            for take in range(8):
                path = tmp_path / "mine" / f"s{speaker}" / emotion / f"{take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                noise = rng.standard_normal(2_000) * np.linspace(1, 1 + number, 2_000)
                soundfile.write(path, 0.1 * noise, 16_000)
    (tmp_path / "mine" / "s0" / "calm" / "0.wav").write_bytes(b"not a recording")
    monkeypatch.chdir(tmp_path)
    return Path("mine")


@pytest.fixture
def table(made_table: Any, tmp_path: Path) -> str:
    made_table(speakers=8, clips=6, strength=0.5).save(tmp_path / "made.npz")
    return str(tmp_path / "made.npz")


def zipped(folder: Path) -> Path:
    with zipfile.ZipFile("zipped.zip", "w") as archive:
        for file in sorted(folder.rglob("*.wav")):
            archive.write(file, file.relative_to(folder))
    return Path("zipped.zip")


@pytest.mark.parametrize("how", ["by shared path", "as bytes", "as bytes of an archive's members"])
def test_a_table_is_the_same_to_the_bit_however_recordings_reach_the_workers(
    how: str, mine: Path, dask_cluster: Any, capsys: pytest.CaptureFixture
) -> None:
    corpus = zipped(mine) if "archive" in how else mine.absolute() if "path" in how else mine
    told = []
    for out, who in {"alone.npz": ["--workers", "1"], "there.npz": ["--cluster", dask_cluster.address]}.items():
        assert run(["extract", str(corpus), out, "--features", "mel,f0", "--copies", "far", *who]) == 1
        told.append(capsys.readouterr().err.replace(out, "OUT"))
    assert told[0] == told[1]
    assert "95 utterances, 129 features, 1 failed" in told[0]
    with np.load("alone.npz") as alone, np.load("there.npz") as there:
        assert alone.files == there.files
        for name in alone.files:
            np.testing.assert_array_equal(alone[name], there[name])


def test_an_evaluation_is_the_same_to_the_bit(table: str, dask_cluster: Any, capsys: pytest.CaptureFixture) -> None:
    documents = []
    for who in (["--workers", "1"], ["--cluster", dask_cluster.address]):
        assert run(["evaluate", table, "--family", "lda", "--folds", "3", "--json", *who]) == 0
        documents.append(capsys.readouterr().out)
    assert documents[0] == documents[1]
    assert "uar" in json.loads(documents[0])


def test_a_search_has_the_same_leaderboard(table: str, dask_cluster: Any, tmp_path: Path) -> None:
    boards = []
    for who in (["--workers", "1"], ["--cluster", dask_cluster.address]):
        models = tmp_path / who[0].strip("-")
        options = ["--trials", "6", "--keep", "1", "--families", "ridge,lda", "--models-dir", str(models)]
        assert run(["search", table, *options, *who]) == 0
        with (models / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        boards.append([{name: cell for name, cell in row.items() if "second" not in name} for row in rows])
    assert boards[0] == boards[1]
    assert len(boards[0]) == 6


def test_a_scheduler_that_goes_away_leaves_what_another_run_goes_on_from(
    mine: Path, own_cluster: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    own_cluster.add_worker()
    real = FeatureTable.save

    def save(self: FeatureTable, path: Path) -> None:
        real(self, path)
        own_cluster.scheduler.kill()
        own_cluster.scheduler.wait()

    with monkeypatch.context() as patched:
        patched.setattr(FeatureTable, "save", save)
        assert run(["extract", str(mine), "t.npz", "--features", "rms", "--cluster", own_cluster.address]) == 1
    told = capsys.readouterr().err
    assert told.splitlines()[-1].startswith(f"error: the Dask scheduler at {own_cluster.address} went away; ")
    assert told.count("\n") == 1
    [kept] = Path("t.npz.parts").iterdir()
    assert kept.name.endswith(".shard.npz")
    measured = []
    measure = batch.measure
    monkeypatch.setattr(batch, "measure", lambda *given: measured.append(1) or measure(*given))
    run(["extract", str(mine), "t.npz", "--features", "rms", "--workers", "1"])
    assert len(measured) == 96 - module.BATCH
    run(["extract", str(mine), "alone.npz", "--features", "rms", "--workers", "1"])
    with np.load("alone.npz") as alone, np.load("t.npz") as resumed:
        np.testing.assert_array_equal(alone["values"], resumed["values"])


@pytest.mark.parametrize("command", ["extract", "train", "evaluate", "search"])
def test_an_address_that_is_none_is_refused_before_anything_is_read(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    more = {
        "extract": [str(tmp_path / "t.npz")],
        "train": ["-o", str(tmp_path / "m.semodel")],
        "evaluate": ["--family", "lda"],
        "search": ["--models-dir", str(tmp_path / "models")],
    }[command]
    assert run([command, "nowhere", *more, "--cluster", "localhost"]) == 2
    assert "'localhost' is no address of a Dask scheduler" in capsys.readouterr().err
    assert run([command, "nowhere", *more, "--cluster", "tcp://a:1", "--workers", "2"]) == 2
    assert "give one of the two" in capsys.readouterr().err


def test_worse_sound_is_heard_here_where_the_workers_do_not_see_the_recordings(
    mine: Path, dask_cluster: Any, capsys: pytest.CaptureFixture
) -> None:
    shutil.rmtree(mine / "s0")
    documents = []
    for who in (["--workers", "1"], ["--cluster", dask_cluster.address]):
        options = ["--family", "lda", "--features", "rms,zcr", "--no-calibrate", "--robustness", "--clips", "4"]
        assert run(["evaluate", str(mine), *options, "--json", *who]) == 0
        documents.append(capsys.readouterr().out)
    assert documents[0] == documents[1]
