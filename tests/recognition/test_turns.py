"""A turn is over after a pause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import Waveform
from speech_emotion.errors import UsageError
from speech_emotion.recognition import turns
from speech_emotion.recognition.turns import Turns

SECOND = np.zeros(16_000, np.float32)


@pytest.fixture(scope="module")
def voice(ravdess_zip: Path) -> np.ndarray:
    """Its speech is from about 1.0 to 2.4 s."""
    return read(f"{ravdess_zip}/Actor_05/03-01-05-02-01-02-05.wav").samples


def parted(sound: np.ndarray, size: int, pause: float = 0.8) -> list[Waveform]:
    each = Turns(pause)
    found = [turn for first in range(0, len(sound), size) for turn in each.feed(sound[first : first + size])]
    return [*found, *each.end()]


@pytest.mark.parametrize("size", [160, 5_001, 1_000_000])
def test_two_sentences_with_a_pause_are_two_turns_in_chunks_of_any_size(voice: np.ndarray, size: int) -> None:
    sound = np.concatenate([SECOND, voice, SECOND, voice, SECOND])
    found = parted(sound, size)
    assert len(found) == 2
    for turn in found:
        assert 1.0 < turn.duration < len(voice) / 16_000
        begin = np.flatnonzero(sound == turn.samples[len(turn.samples) // 2])
        assert len(begin)  # the sound itself, not another
    loud = [np.abs(turn.samples).max() for turn in found]
    assert loud == [np.abs(voice).max()] * 2


def test_a_longer_pause_keeps_them_together(voice: np.ndarray) -> None:
    assert len(parted(np.concatenate([voice, voice]), 1_600, pause=5.0)) == 1


def test_silence_and_noise_are_no_turn() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(5 * 16_000).astype(np.float32)
    assert parted(np.concatenate([SECOND, noise, SECOND]), 1_600) == []


def test_silence_before_a_turn_is_not_kept(voice: np.ndarray) -> None:
    each = Turns()
    for _ in range(100):
        assert each.feed(SECOND) == []
    assert sum(map(len, each._kept)) < 16_000


def test_a_turn_without_a_pause_ends_in_the_end(voice: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST", 2.0)
    found = parted(np.concatenate([voice, voice]), 1_600, pause=10.0)
    assert len(found) >= 2
    assert all(turn.duration <= 2.0 for turn in found)


@pytest.mark.parametrize("pause", [0.0, -1.0, 11.0, float("nan")])
def test_a_pause_out_of_range_is_refused(pause: float) -> None:
    with pytest.raises(UsageError, match=r"give 0\.2 to 10"):
        Turns(pause)


def test_the_microphone_is_opened_for_each_turn_and_may_be_unplugged_in_one(
    microphones: Any, voice: np.ndarray
) -> None:
    microphones.rate = 16_000.0
    microphones.says = [np.concatenate([voice, SECOND]), SECOND, voice[:35_000]]
    told: list[str] = []
    heard = turns.listen(tell=told.append)
    assert [next(heard).duration > 1.0 for _ in range(2)] == [True, True]
    assert told[:2] == ["listening to Built-in, 16000 Hz"] * 2
    assert told[-1].startswith("no sound comes from Built-in")
    with pytest.raises(KeyboardInterrupt):
        next(heard)
