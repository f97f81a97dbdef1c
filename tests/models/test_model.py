from __future__ import annotations

import io
import itertools
import pickle
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from speech_emotion.audio.windows import windows
from speech_emotion.errors import AudioError, BundleError, FeatureError
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.measure import measure
from speech_emotion.models.model import Model
from speech_emotion.models.onnx_classifier import OnnxClassifier

WEIGHTS = np.array([[1, 0, -1], [0, 2, 0], [0.5, -0.5, 0], [0, 0, 3]])  # of the model in conftest.py
VALUES = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0.1, -2, 3, 0.7]])


def softmax(scores: np.ndarray) -> np.ndarray:
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def test_probabilities_are_those_computed_by_hand(model: Model) -> None:
    np.testing.assert_allclose(model.predict_proba(VALUES), softmax(VALUES @ WEIGHTS), atol=1e-6)


def test_rows_sum_to_one_in_double_precision(model: Model) -> None:
    np.testing.assert_allclose(model.predict_proba(VALUES * 10).sum(axis=1), 1, atol=1e-12)


def test_a_temperature_divides_the_log_probabilities(model: Model) -> None:
    cooler = replace(model, temperature=2.0)
    np.testing.assert_allclose(cooler.predict_proba(VALUES), softmax(VALUES @ WEIGHTS / 2), atol=1e-6)


def test_a_probability_of_zero_survives_a_temperature(model: Model) -> None:
    found = replace(model, temperature=3.0).predict_proba(VALUES * 1000)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_predict_gives_the_likeliest_label(model: Model) -> None:
    assert model.predict(VALUES).tolist() == ["calm", "happy", "sad", "sad"]


def test_no_rows_give_no_rows(model: Model) -> None:
    assert model.predict_proba(np.empty((0, 4))).shape == (0, 3)


@pytest.mark.parametrize("shape", [(2, 3), (2, 5), (4,), (1, 4, 1)])
def test_another_number_of_columns_is_refused(model: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(FeatureError, match="reads 4 features a row"):
        model.predict_proba(np.zeros(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
@pytest.mark.filterwarnings("ignore:overflow")
def test_features_that_are_not_finite_are_refused(model: Model, value: float) -> None:
    with pytest.raises(FeatureError, match="finite"):
        model.predict_proba(np.full((1, 4), value))


def test_a_table_of_other_features_is_refused_though_its_width_fits(model: Model, table: object) -> None:
    right, wrong = table
    assert model.predict_proba(right).shape == (2, 3)
    with pytest.raises(FeatureError, match=r"statistics \['mean', 'p50'\], not \['mean', 'std'\]"):
        model.predict_proba(wrong)


@pytest.fixture
def table(model: Model) -> tuple[object, object]:
    from speech_emotion.features.table import FeatureTable

    texts = np.array(["a", "b"])
    made = FeatureTable(
        values=np.ones((2, 4), dtype=np.float32),
        **dict.fromkeys(("emotions", "speakers", "sentences", "intensities", "sexes", "corpora", "paths"), texts),
        durations=np.ones(2, dtype=np.float32),
        config=model.config,
        origins=(),
    )
    return made, replace(made, config=FeatureConfig(features=("zcr", "rms"), statistics=("mean", "p50")))


def test_scores_are_sorted_and_ties_keep_the_order_of_the_emotions(model: Model) -> None:
    prediction = model.prediction(np.array([0.25, 0.5, 0.25]), 1.0, 4.0)
    assert prediction.scores == (("happy", 0.5), ("calm", 0.25), ("sad", 0.25))
    assert (prediction.emotion, prediction.confidence) == ("happy", 0.5)
    assert (prediction.start, prediction.end) == (1.0, 4.0)


def test_many_ties_keep_the_order_of_the_emotions(model: Model) -> None:
    emotions = tuple(f"e{number}" for number in range(100))
    scores = replace(model, emotions=emotions).prediction(np.tile([1, 2], 50) / 150, 0, 1).scores
    assert tuple(label for label, _ in scores) == (*emotions[1::2], *emotions[::2])


@pytest.mark.parametrize(("sure_above", "emotion"), [(0.5, "happy"), (0.51, None)])
def test_below_its_threshold_the_model_is_not_sure(model: Model, sure_above: float, emotion: str | None) -> None:
    prediction = replace(model, sure_above=sure_above).prediction(np.array([0.25, 0.5, 0.25]), 0, 1)
    assert prediction.emotion == emotion
    assert prediction.scores[0] == ("happy", 0.5)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"emotions": ("calm",)}, "2 to 100 emotions"),
        ({"emotions": ("calm", "calm")}, "twice"),
        ({"emotions": ("calm", "")}, "empty"),
        ({"emotions": ("calm", "a\x1b[31m")}, "printable"),
        ({"emotions": tuple(f"e{n}" for n in range(101))}, "2 to 100 emotions"),
        ({"name": " "}, "empty"),
        ({"name": "x" * 101}, "at most 100"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"sure_above": 1.5}, "sure_above"),
        ({"window": 0.0}, "window"),
        ({"hop": 4.0}, "hop"),
    ],
)
def test_a_model_that_cannot_be_is_refused(model: Model, change: dict[str, object], word: str) -> None:
    with pytest.raises(BundleError, match=word):
        replace(model, **change)


@pytest.mark.parametrize(
    "answer",
    [np.full((2, 2), 0.5), np.full((2, 3), np.nan), np.full((2, 3), 2.0), np.array([[2, -1, 0]] * 2)],
)
def test_a_classifier_that_gives_no_probabilities_is_refused(model: Model, answer: np.ndarray) -> None:
    broken = replace(model, classifier=SimpleNamespace(predict_proba=lambda values: answer))
    with pytest.raises(BundleError, match="no 3 probabilities"):
        broken.predict_proba(np.zeros((2, 4)))


def test_a_model_can_be_sent_to_another_process(model: Model) -> None:
    before = model.predict_proba(VALUES)
    after = pickle.loads(pickle.dumps(model)).predict_proba(VALUES)
    np.testing.assert_array_equal(after, before)


def sound(seconds: float) -> bytes:
    noise = np.random.default_rng(0).normal(size=round(seconds * 16_000)) * np.linspace(
        0.01, 0.3, round(seconds * 16_000)
    )
    file = io.BytesIO()
    soundfile.write(file, noise, 16_000, format="WAV", subtype="FLOAT")
    return file.getvalue()


def test_a_recording_of_up_to_30_seconds_is_heard_at_once(model: Model) -> None:
    from speech_emotion.audio.read import read

    data = sound(30)
    prediction = model.recognize(data)
    expected = model.predict_proba(measure(read(data), model.config)[None])[0]
    assert dict(prediction.scores) == pytest.approx(dict(zip(model.emotions, expected, strict=True)))
    assert (prediction.start, prediction.end) == (0, 30)


def test_a_longer_recording_is_the_mean_of_its_windows(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speech_emotion.models.model.BATCH", 7)  # several batches, the last of them smaller
    data = sound(31.5)
    prediction = model.recognize(data)
    rows = [measure(part.waveform, model.config) for part in windows(data, 3.0, 1.0)]
    expected = model.predict_proba(np.stack(rows)).mean(axis=0)
    assert len(rows) == 30
    assert dict(prediction.scores) == pytest.approx(dict(zip(model.emotions, expected, strict=True)))
    assert (prediction.start, prediction.end) == (0, 31.5)


def test_a_file_without_sound_is_refused(model: Model) -> None:
    with pytest.raises(AudioError):
        model.recognize(b"")


def test_a_classifier_that_asks_for_endless_memory_is_stopped() -> None:
    from onnx import TensorProto, helper

    names = ["values", *(f"doubled{number}" for number in range(26))]
    nodes = [helper.make_node("Concat", [one, one], [other], axis=1) for one, other in itertools.pairwise(names)]
    nodes.append(helper.make_node("ReduceSum", [names[-1]], ["probabilities"], keepdims=1))
    graph = helper.make_graph(
        nodes,
        "bomb",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(BundleError, match="ONNX Runtime cannot run"):
        OnnxClassifier(model.SerializeToString()).predict_proba(np.zeros((8, 4), dtype=np.float32))
