"""ONNX Runtime, which runs every network and every classifier here."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

from .errors import InstallationError, reason_of


def onnxruntime() -> Any:
    """The library, loaded when it is first asked for.

    Left alone it would keep a number for this machine in the user's cache, and send its maker what it is used for.
    """
    keep_quiet()
    import onnxruntime

    return onnxruntime


def session(file: Path, sha256: str) -> Any:
    """A network of the package's own, ready to run on one thread: its numbers do not depend on how many there are.

    Args:
        file: ONNX, compressed where its name ends in ``.gz``.
        sha256: what the file's must be.

    Raises:
        InstallationError: if the file is missing or is another.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InstallationError(f"{file} cannot be read ({reason_of(error)}); install speech-emotion anew") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InstallationError(f"{file} is damaged: its SHA-256 is not {sha256}; install speech-emotion anew")
    options = onnxruntime().SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    network = gzip.decompress(content) if file.suffix == ".gz" else content
    return onnxruntime().InferenceSession(network, options, providers=["CPUExecutionProvider"])


def keep_quiet() -> None:
    """The same for a library that loads it; a user who set ``ORT_DISABLE_TELEMETRY`` otherwise is obeyed."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
