"""What ONNX Runtime does beside running networks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from speech_emotion.errors import InstallationError
from speech_emotion.features import tone
from speech_emotion.features.tone import ENCODERS
from speech_emotion.runtime import session


def test_nothing_is_kept_or_sent_of_what_it_is_used_for(tmp_path: Path) -> None:
    code = "import numpy as np, speech_emotion as se; se.recognize(se.Waveform(np.ones(16000, dtype=np.float32)))"
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    subprocess.run([sys.executable, "-c", code], env={**kept, **places}, check=True, timeout=120)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:1000], lambda data: data[:-1] + b"?"])
def test_a_file_of_the_package_that_is_damaged_is_refused_with_its_name(tmp_path: Path, damage: Any) -> None:
    encoder = ENCODERS["whisper"]
    file = tmp_path / encoder.file
    file.write_bytes(damage((Path(tone.__file__).with_name("encoders") / encoder.file).read_bytes()))
    with pytest.raises(InstallationError, match=rf"{encoder.file} is damaged: .*; install speech-emotion anew") as told:
        session(file, encoder.sha256)
    assert "\n" not in str(told.value)


def test_a_file_of_the_package_that_is_missing_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match=r"gone\.onnx cannot be read .*; install speech-emotion anew"):
        session(tmp_path / "gone.onnx", "")
