"""What ONNX Runtime does beside running networks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_nothing_is_kept_or_sent_of_what_it_is_used_for(tmp_path: Path) -> None:
    code = "import numpy as np, speech_emotion as se; se.recognize(se.Waveform(np.ones(16000, dtype=np.float32)))"
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    subprocess.run([sys.executable, "-c", code], env={**kept, **places}, check=True, timeout=120)
    assert list(tmp_path.rglob("*")) == []
