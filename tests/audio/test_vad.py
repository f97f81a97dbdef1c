"""Whether someone speaks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from speech_emotion.audio import vad
from speech_emotion.audio.read import read
from speech_emotion.audio.vad import SPEECH, STEP, VoiceActivity


def test_a_sentence_is_speech_and_the_silence_around_it_is_not(ravdess_zip: Path) -> None:
    sound = read(f"{ravdess_zip}/Actor_02/03-01-05-01-01-01-02.wav").samples
    padded = np.concatenate([np.zeros(20 * STEP, np.float32), sound, np.zeros(40 * STEP, np.float32)])
    spoken = VoiceActivity().hear(padded) >= SPEECH
    assert not spoken[:20].any()
    assert not spoken[-30:].any()
    assert 25 < spoken.sum() < len(sound) / STEP


def test_it_agrees_with_another_build_of_the_same_network(ravdess_zip: Path) -> None:
    faster_whisper = pytest.importorskip("faster_whisper.vad")
    sound = read(f"{ravdess_zip}/Actor_05/03-01-05-02-02-02-05.wav").samples
    sound = sound[: len(sound) // STEP * STEP]
    theirs = faster_whisper.get_vad_model()(sound).ravel()
    np.testing.assert_allclose(VoiceActivity().hear(sound), theirs, atol=1e-4)


def test_pieces_of_any_size_give_the_same(ravdess_zip: Path) -> None:
    sound = read(f"{ravdess_zip}/Actor_02/03-01-05-01-01-01-02.wav").samples
    whole = VoiceActivity().hear(sound)
    assert len(whole) == len(sound) // STEP
    for size in (100, 511, 512, 5000):
        detector = VoiceActivity()
        pieces = [detector.hear(sound[first : first + size]) for first in range(0, len(sound), size)]
        np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-4)


def test_the_file_is_the_one_that_is_described() -> None:
    file = Path(vad.__file__).with_name("voice") / "silero_vad.onnx"
    described = (file.parent / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in described
    assert "MIT" in described
