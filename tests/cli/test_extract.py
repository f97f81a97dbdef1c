"""``extract``: a corpus to a file that numpy opens."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.cli.main import run
from speech_emotion.features.table import FeatureTable


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for speaker in ("anna", "bert"):
        for emotion in ("calm", "angry"):
            path = tmp_path / "mine" / speaker / emotion / "1.wav"
            path.parent.mkdir(parents=True)
            soundfile.write(path, 0.1 * rng.standard_normal(8_000), 16_000)
    return tmp_path / "mine"


def test_features_and_labels_land_in_one_file(recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "table.npz"
    options = ["--features", "mfcc,f0", "--statistics", "mean,std", "--emotions", "angry"]
    assert run(["extract", str(recordings), str(out), *options]) == 0
    with np.load(out, allow_pickle=False) as file:
        assert file["values"].shape == (2, 82)
        assert file["emotions"].tolist() == ["angry", "angry"]
        assert file["speakers"].tolist() == ["mine/anna", "mine/bert"]
    assert "2 utterances, 82 features, 0 failed" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "table.npz"]


def test_a_recording_that_fails_is_named_and_the_others_are_saved(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (recordings / "anna" / "calm" / "1.wav").write_bytes(b"rubbish")
    assert run(["extract", str(recordings), str(tmp_path / "t.npz"), "--workers", "1"]) == 1
    told = capsys.readouterr().err
    assert "anna/calm/1.wav" in told
    assert "3 utterances, 2496 features, 1 failed" in told  # the encoder's, where none are named


def test_what_was_measured_is_kept_where_the_disk_is_full_and_it_is_said(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, save = tmp_path / "t.npz", FeatureTable.save

    def full(self: FeatureTable, path: Path) -> None:
        if path == out:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        save(self, path)

    asked = ["extract", str(recordings), str(out), "--features", "rms", "--workers", "1"]
    with monkeypatch.context() as patch:
        patch.setattr(FeatureTable, "save", full)
        assert run(asked) == 1
    told = capsys.readouterr().err
    assert f"note: what was measured is kept in {out}.parts, and the same command goes on with it" in told
    assert f"error: {out}: no space left on device" in told
    assert run(asked) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "t.npz"]


def test_a_folder_is_written_in_shards_and_read_like_a_file(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (recordings / "anna" / "calm" / "1.wav").write_bytes(b"rubbish")
    options = ["--features", "rms,zcr", "--workers", "1"]
    assert run(["extract", str(recordings), f"{tmp_path / 'table'}/", *options]) == 1
    told = capsys.readouterr().err
    assert "anna/calm/1.wav" in told
    assert f"{tmp_path / 'table'}/: 3 utterances, 2 features, 1 failed" in told
    assert run(["extract", str(recordings), str(tmp_path / "table"), *options]) == 1  # a folder by now
    assert sorted(path.suffix for path in (tmp_path / "table").iterdir()) == [".json", ".npz"]
    assert run(["evaluate", str(tmp_path / "table"), "--family", "lda", "--no-calibrate", "--folds", "2"]) == 2
    assert "speaker" in capsys.readouterr().err  # it was read: one of the two speakers has only one emotion left


@pytest.mark.parametrize("out", ["table", "table.csv"])
def test_a_name_that_is_neither_a_file_nor_a_folder_is_refused(
    out: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run(["extract", str(recordings), str(tmp_path / out)]) == 2
    assert "name it table.npz, or table/ for a folder of shards" in capsys.readouterr().err
