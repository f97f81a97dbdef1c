"""A model small enough to compute by hand, and bundles forged from it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from speech_emotion.corpora.utterance import Origin
from speech_emotion.features.config import FeatureConfig
from speech_emotion.models.manifest import Provenance
from speech_emotion.models.model import Model
from speech_emotion.models.onnx_classifier import OnnxClassifier

EMOTIONS = ("calm", "happy", "sad")
WEIGHTS = np.array([[1, 0, -1], [0, 2, 0], [0.5, -0.5, 0], [0, 0, 3]], dtype=np.float32)
"""Of the softmax classifier in the fixture ``linear``: shape (columns, classes)."""


@pytest.fixture
def linear() -> onnx.ModelProto:
    """``softmax(values @ WEIGHTS)`` as an ONNX model, to be spoilt by a test."""
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["values", "weights"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
        ],
        "linear",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture
def model(linear: onnx.ModelProto) -> Model:
    """A model of three emotions that reads four features."""
    return Model(
        classifier=OnnxClassifier(linear.SerializeToString()),
        emotions=EMOTIONS,
        config=FeatureConfig(features=("zcr", "rms"), statistics=("mean", "std")),
        provenance=Provenance(
            family="logistic",
            hyperparameters={"C": 0.1, "hidden_layer_sizes": [300], "class_weight": None},
            origins=(
                Origin("emodb", "CC0", "https://emodb.example", "Burkhardt et al. 2005"),
                Origin("ravdess", "CC BY-NC-SA 4.0", "https://ravdess.example", "Livingstone & Russo 2018"),
            ),
            speakers=("emodb/03", "ravdess/01"),
            utterances=1779,
            utterances_sha256="ab" * 32,
            protocol="speaker",
            seed=7,
            scores={
                "speaker": {"uar": {"value": 0.381, "low": 0.35, "high": 0.41}},
                "random": {"uar": {"value": 0.7, "low": None, "high": None}},
            },
            versions={"scikit-learn": "1.9.1"},
        ),
        name="tiny",
    )


Forge = Callable[..., Path]


@pytest.fixture
def forge(model: Model, tmp_path: Path) -> Forge:
    """Writes a bundle whose checksums are right, whatever else is wrong with it."""

    def write(
        classifier: bytes | None = None,
        change: Callable[[dict[str, Any]], object] = lambda manifest: None,
        extra: dict[str, bytes] | None = None,
        without: str = "",
        **zip_options: Any,
    ) -> Path:
        members = {
            "classifier.onnx": model.classifier.onnx() if classifier is None else classifier,
            "card.md": b"# tiny\n",
        }
        manifest = model.manifest().as_dict()
        manifest["members"] = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
        change(manifest)
        members = {"manifest.json": json.dumps(manifest).encode(), **members, **(extra or {})}
        path = tmp_path / "forged.semodel"
        with zipfile.ZipFile(path, "w", **zip_options) as archive:
            for name, data in members.items():
                if name != without:
                    archive.writestr(name, data)
        return path

    return write
