"""``extract``: a corpus to a file that numpy opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.cli.main import run


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
    assert "3 utterances, 3840 features, 1 failed" in told  # the encoder's, where none are named
