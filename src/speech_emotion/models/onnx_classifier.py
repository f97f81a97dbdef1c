"""A classifier that ONNX Runtime runs."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import runtime
from ..errors import BundleError
from .onnx_audit import INPUT, OUTPUT
from .strict_json import one_line

ROWS_AT_ONCE = 1024
"""Rows classified together, so that a large table stays within :data:`MOST_MEMORY`."""

MOST_SECONDS = 60.0
"""For the rows of one call; so a hostile classifier cannot hold a process for ever."""

MOST_MEMORY = 1024**3
"""Bytes that ONNX Runtime may use; a hostile classifier can ask for any amount with operators that are harmless."""


class OnnxClassifier:
    """Probabilities from an ONNX file that was audited. ONNX Runtime is loaded when the first ones are
    asked for.

    Args:
        data: the file.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._session: Any = None

    def onnx(self) -> bytes:
        """The file itself."""
        return self._data

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Probabilities, shape (n, classes), of features of shape (n, columns).

        Raises:
            BundleError: if ONNX Runtime cannot build or run the classifier, or it takes longer than
                :data:`MOST_SECONDS`.
        """
        try:
            if self._session is None:
                self._session = _session(self._data)
            parts = [values[first : first + ROWS_AT_ONCE] for first in range(0, len(values), ROWS_AT_ONCE)] or [values]
            return np.concatenate([_run(self._session, part) for part in parts])
        except Exception as error:  # what it raises has no common type of its own, and depends on the file
            raise BundleError(f"ONNX Runtime cannot run classifier.onnx ({one_line(error)})") from error

    def __reduce__(self) -> tuple[type[OnnxClassifier], tuple[bytes]]:
        return OnnxClassifier, (self._data,)


def _run(session: Any, part: NDArray[np.float32]) -> NDArray[Any]:
    options = runtime.onnxruntime().RunOptions()
    alarm = threading.Timer(MOST_SECONDS, setattr, (options, "terminate", True))
    alarm.daemon = True
    alarm.start()
    try:
        return session.run([OUTPUT], {INPUT: part}, options)[0]  # type: ignore[no-any-return]
    except Exception as error:
        if options.terminate:
            raise TimeoutError(f"it takes more than {MOST_SECONDS:g} s") from error
        raise
    finally:
        alarm.cancel()


def _session(data: bytes) -> Any:
    onnxruntime = runtime.onnxruntime()
    _bound_memory()
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # folding has no bound
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its errors reach us as exceptions; they need not be printed as well
    # without enable_fallback=0 it prints a banner before it raises
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"], enable_fallback=0)


@lru_cache(maxsize=1)
def _bound_memory() -> None:
    """Give this process's sessions one allocator that refuses more than :data:`MOST_MEMORY`."""
    onnxruntime = runtime.onnxruntime()
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    limits = onnxruntime.OrtArenaCfg({"max_mem": MOST_MEMORY, "arena_extend_strategy": 1})
    onnxruntime.create_and_register_allocator(place, limits)
