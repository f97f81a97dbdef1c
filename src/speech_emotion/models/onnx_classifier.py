"""A classifier that ONNX Runtime runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BundleError
from .onnx_audit import INPUT, OUTPUT
from .strict_json import one_line


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
            BundleError: if ONNX Runtime cannot build or run the classifier.
        """
        try:
            if self._session is None:
                self._session = _session(self._data)
            return np.asarray(self._session.run([OUTPUT], {INPUT: values})[0])
        except Exception as error:  # what it raises has no common type of its own, and depends on the file
            raise BundleError(f"ONNX Runtime cannot run classifier.onnx ({one_line(error)})") from error

    def __reduce__(self) -> tuple[type[OnnxClassifier], tuple[bytes]]:
        return OnnxClassifier, (self._data,)


def _session(data: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its errors reach us as exceptions; they need not be printed as well
    # without enable_fallback=0 it prints a banner before it raises
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"], enable_fallback=0)
