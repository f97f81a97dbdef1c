"""Feature tables: columns, rows, and the way to a file and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speech_emotion.corpora.utterance import Origin
from speech_emotion.errors import FeatureError, UsageError
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.table import PER_UTTERANCE, Failure, FeatureTable

CONFIG = FeatureConfig(features=("chroma", "zcr", "rms"), statistics=("mean", "std"), chroma_bins=2)


@pytest.fixture
def table() -> FeatureTable:
    def column(*values: str) -> np.ndarray:
        return np.array(values)

    return FeatureTable(
        values=np.arange(24, dtype=np.float32).reshape(3, 8),
        emotions=column("sad", "calm", "sad"),
        speakers=column("a/1", "a/2", "a/1"),
        sentences=column("x", "", "y"),
        intensities=column("", "", ""),
        sexes=column("female", "", "male"),
        corpora=column("a", "a", "a"),
        paths=column("1.wav", "2.wav", "ü.wav"),
        durations=np.ones(3, dtype=np.float32),
        config=CONFIG,
        origins=(Origin("a", "CC0"),),
        failures=(Failure("4.wav", "empty"),),
    )


def test_a_table_survives_saving(table: FeatureTable, tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.npz"
    table.save(path)
    loaded = FeatureTable.load(path)
    for name in ("values", *PER_UTTERANCE):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(table, name))
    assert (loaded.config, loaded.origins, loaded.failures) == (table.config, table.origins, table.failures)
    assert [entry.name for entry in path.parent.iterdir()] == ["table.npz"]


def test_numpy_alone_opens_the_file(table: FeatureTable, tmp_path: Path) -> None:
    table.save(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as file:
        assert file["values"].shape == (3, 8)
        assert file["columns"].tolist() == list(CONFIG.columns)
        assert file["emotions"].tolist() == ["sad", "calm", "sad"]


def test_columns_are_chosen_by_group_and_statistic(table: FeatureTable) -> None:
    narrow = table.narrow(["rms", "chroma"], ["std"])
    assert narrow.columns == ("chroma_std_00", "chroma_std_01", "rms_std")
    np.testing.assert_array_equal(narrow.values[0], [2, 3, 7])
    with pytest.raises(FeatureError, match="no features mel; it has chroma, zcr, rms"):
        table.narrow(["mel"])
    with pytest.raises(FeatureError, match=r"no column chroma_delta_00; it has .*; over frames mean, std$"):
        table.narrow(["chroma"], ["delta"])


def test_rows_are_chosen_by_emotion(table: FeatureTable) -> None:
    assert table.classes == ("calm", "sad")
    assert table.select(["sad"]).paths.tolist() == ["1.wav", "ü.wav"]
    with pytest.raises(UsageError, match=r"unknown emotion 'sadness' .*did you mean 'sad'"):
        table.select(["sadness"])


def test_arrays_that_do_not_fit_together_are_refused(table: FeatureTable) -> None:
    with pytest.raises(FeatureError, match="8 columns"):
        FeatureTable(**{**_parts(table), "values": table.values[:, :7]})
    with pytest.raises(FeatureError, match="emotions has shape"):
        FeatureTable(**{**_parts(table), "emotions": table.emotions[:2]})


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rubbish", b"\x80\x04N.", b"{}"])
def test_a_file_that_is_no_table_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(content)
    with pytest.raises(FeatureError, match="not a feature table") as refused:
        FeatureTable.load(path)
    assert "pickle" not in str(refused.value)


def test_other_arrays_and_missing_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    with pytest.raises(FeatureError, match="not a feature table"):
        FeatureTable.load(tmp_path / "other.npz")
    with pytest.raises(FeatureError, match="no such feature table"):
        FeatureTable.load(tmp_path / "absent.npz")


def test_a_newer_format_is_refused(table: FeatureTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speech_emotion.features.table.FORMAT", 2)
    table.save(tmp_path / "t.npz")
    monkeypatch.undo()
    with pytest.raises(FeatureError, match="of format 2; this version reads up to 1"):
        FeatureTable.load(tmp_path / "t.npz")


def _parts(table: FeatureTable) -> dict:
    return {name: getattr(table, name) for name in ("values", *PER_UTTERANCE, "config", "origins", "failures")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"values": np.full((3, 8), np.nan, np.float32)}, "values must be finite float32"),
        ({"values": np.zeros((3, 8))}, "values must be finite float32, and is float64"),
        ({"emotions": np.zeros(3, np.int64)}, "emotions must be text"),
        ({"speakers": np.array([b"a", b"b", b"c"])}, "speakers must be text"),
        ({"about": np.array("[" * 100_000)}, "not a feature table"),
    ],
    ids=["nan", "double", "numbers", "bytes", "deep"],
)
def test_arrays_of_another_kind_are_refused(change: dict, said: str, table: FeatureTable, tmp_path: Path) -> None:
    table.save(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz") as file:
        arrays = {**dict(file), **change}
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(FeatureError, match=said):
        FeatureTable.load(tmp_path / "t.npz")
