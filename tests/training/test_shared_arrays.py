"""Arrays that processes share: what a disk cannot hold is told."""

from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.errors import StorageError
from speech_emotion.training.shared_arrays import shared


def test_a_disk_that_takes_a_part_of_an_array_is_full(tmp_path, monkeypatch):
    def half(file, values, allow_pickle):
        raise OSError("10414 requested and 10208 written")

    monkeypatch.setattr("speech_emotion.training.shared_arrays.np.save", half)
    with (
        pytest.raises(StorageError, match=r"values\.npy: no space left"),
        shared(tmp_path / "s", {"values": np.zeros(9)}),
    ):
        pass
    assert not list(tmp_path.iterdir())
