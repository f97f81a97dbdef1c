"""A classifier that passes the audit is still held to a time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from speech_emotion.errors import BundleError
from speech_emotion.models import onnx_classifier
from speech_emotion.models.onnx_audit import INPUT, OUTPUT, audit
from speech_emotion.models.onnx_classifier import OnnxClassifier


def test_one_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    size, steps = 1_500, 150
    large = numpy_helper.from_array(np.zeros((size, size), dtype=np.float32), "large")
    narrow = numpy_helper.from_array(np.zeros((size, 2), dtype=np.float32), "narrow")
    wide = numpy_helper.from_array(np.zeros((3, size), dtype=np.float32), "wide")
    nodes = [helper.make_node("MatMul", [INPUT, "wide"], ["step_0"])]
    nodes += [helper.make_node("MatMul", [f"step_{n}", "large"], [f"step_{n + 1}"]) for n in range(steps)]
    nodes += [helper.make_node("MatMul", [f"step_{steps}", "narrow"], [OUTPUT])]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, count])
        for name, count in ((INPUT, 3), (OUTPUT, 2))
    ]
    graph = helper.make_graph(nodes, "long", ends[:1], ends[1:], [large, narrow, wide])
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    audit(data, 3, 2)
    monkeypatch.setattr(onnx_classifier, "MOST_SECONDS", 0.2)
    begin = time.monotonic()
    with pytest.raises(BundleError, match=r"it takes more than 0\.2 s"):
        OnnxClassifier(data).predict_proba(np.zeros((1024, 3), dtype=np.float32))
    assert time.monotonic() - begin < 30
