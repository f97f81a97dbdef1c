"""A model that is quick, so that streams can be long."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from speech_emotion.corpora.utterance import Origin
from speech_emotion.features.config import FeatureConfig
from speech_emotion.models.manifest import Provenance
from speech_emotion.models.model import Model


class Softmax:
    """Of a few features, times fixed weights."""

    WEIGHTS = np.array([[9, 0, -9], [0, 20, 0], [5, -5, 0], [0, 0, 30]], dtype=np.float32)

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        powers = np.exp(values @ self.WEIGHTS)
        return powers / powers.sum(axis=1, keepdims=True)

    def onnx(self) -> bytes:
        raise NotImplementedError


@pytest.fixture(scope="session")
def quick() -> Model:
    """A model of three emotions that reads four features and can adapt."""
    return Model(
        classifier=Softmax(),
        emotions=("calm", "happy", "sad"),
        config=FeatureConfig(features=("zcr", "rms"), statistics=("mean", "std")),
        provenance=Provenance(
            family="logistic",
            hyperparameters={},
            origins=(Origin("emodb", "CC0"),),
            speakers=("emodb/03",),
            utterances=100,
            utterances_sha256="ab" * 32,
            protocol="speaker",
            seed=0,
            scores={},
            versions={},
        ),
        name="quick",
        centre=(0.0, 0.0, 0.0),
    )
