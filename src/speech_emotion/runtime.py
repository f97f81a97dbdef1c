"""ONNX Runtime, which runs every network and every classifier here."""

from __future__ import annotations

import os
from typing import Any


def onnxruntime() -> Any:
    """The library, loaded when it is first asked for.

    Left alone it would keep a number for this machine in the user's cache, and send its maker what it is used for.
    """
    keep_quiet()
    import onnxruntime

    return onnxruntime


def keep_quiet() -> None:
    """The same for a library that loads it; a user who set ``ORT_DISABLE_TELEMETRY`` otherwise is obeyed."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
