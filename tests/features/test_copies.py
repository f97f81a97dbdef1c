from __future__ import annotations

import numpy as np
import pytest
import soundfile

from speech_emotion.audio.waveform import Waveform
from speech_emotion.corpora.utterance import Corpus, Origin, Utterance
from speech_emotion.errors import FeatureError, UsageError
from speech_emotion.features.copies import COPIES, copy_of
from speech_emotion.features.extract import extract
from speech_emotion.features.table import FeatureTable


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    random = np.random.default_rng(0)
    utterances = []
    for number in range(40):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, 0.1 * random.normal(size=4000), 16_000)
        utterances.append(Utterance(str(path), ("calm", "sad")[number % 2], f"made/{number % 4}", "made"))
    return Corpus(Origin("made", "CC0"), tuple(utterances))


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_another_sound_and_always_the_same(name: str) -> None:
    time = np.arange(16_000) / 16_000
    clip = Waveform((0.5 * np.sin(2 * np.pi * 300 * time) * np.sin(2 * np.pi * 2 * time)).astype(np.float32))
    copy = copy_of(clip, name, "folder/a.wav")
    assert copy.rate == clip.rate
    assert np.abs(copy.samples).max() <= 1
    assert not np.array_equal(copy.samples, clip.samples)
    np.testing.assert_array_equal(copy.samples, copy_of(clip, name, r"elsewhere\a.wav").samples)


def test_tempo_copies_have_other_lengths() -> None:
    clip = Waveform(np.sin(np.arange(16_000) / 10, dtype=np.float32))
    assert len(copy_of(clip, "faster", "a").samples) == pytest.approx(16_000 / 1.1, abs=2)
    assert len(copy_of(clip, "slower", "a").samples) == pytest.approx(16_000 / 0.9, abs=2)


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("samples", [[0.0], [0.5], [0.0] * 16_000, [0.0] * 8_000 + [1.0] + [0.0] * 8_000])
def test_a_copy_of_silence_or_of_next_to_nothing_is_a_sound(name: str, samples: list[float]) -> None:
    copy = copy_of(Waveform(np.float32(samples)), name, "a.wav")
    assert len(copy.samples)
    assert np.isfinite(copy.samples).all()


def test_babble_is_the_clip_and_fainter_ones_of_other_pitch() -> None:
    time = np.arange(32_000) / 16_000
    clip = Waveform((0.3 * np.sin(2 * np.pi * 300 * time)).astype(np.float32))
    babble = copy_of(clip, "babble", "a.wav")
    assert len(babble.samples) == len(clip.samples)
    spectrum = np.abs(np.fft.rfft(babble.samples * np.hanning(32_000))) ** 2
    hertz = np.fft.rfftfreq(32_000, 1 / 16_000)
    own = abs(hertz - 300) < 5
    assert 4 < 10 * np.log10(spectrum[own].sum() / spectrum[~own].sum()) < 26
    others = hertz[~own][spectrum[~own] > spectrum[~own].max() / 100]
    assert others.min() > 205
    assert others.max() < 425  # 0.7 to 1.4 times as high
    assert len(np.unique(others.round(-1))) > 2


def test_some_voices_of_the_babble_speak_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    voices = []
    monkeypatch.setattr("speech_emotion.audio.augment.babble_noise", lambda *given: voices.extend(given[3]) or given[0])
    rising = Waveform(np.linspace(0.01, 0.5, 16_000, dtype=np.float32))
    copy_of(rising, "babble", "a.wav")
    backwards = [voice.samples[100] > voice.samples[-100] for voice in voices]
    assert len(voices) == 6
    assert 0 < sum(backwards) < 6


def test_a_table_holds_copies_of_the_same_utterances(corpus: Corpus, tmp_path) -> None:
    table = extract(corpus, features=["mfcc"], copies=["faster", "noise"], workers=1)
    assert len(table) == 40
    assert list(table.copies) == ["faster", "noise"]
    assert table.copies["noise"].shape == table.values.shape
    assert not np.array_equal(table.copies["noise"], table.values)
    assert list(table.rows(np.arange(3)).copies["faster"][:, 0]) == list(table.copies["faster"][:3, 0])
    table.save(tmp_path / "t.npz")
    again = FeatureTable.load(tmp_path / "t.npz")
    for name, values in table.copies.items():
        np.testing.assert_array_equal(again.copies[name], values)
    assert list(again.with_copies(["noise"]).copies) == ["noise"]
    with pytest.raises(FeatureError, match="no copies 'room'"):
        again.with_copies(["room"])


def test_copies_are_the_same_with_two_workers_and_after_a_resume(corpus: Corpus, tmp_path) -> None:
    one = extract(corpus, features=["mfcc"], copies=["noise"], workers=1, resume=tmp_path / "parts")
    two = extract(corpus, features=["mfcc"], copies=["noise"], workers=2)
    again = extract(corpus, features=["mfcc"], copies=["noise"], workers=1, resume=tmp_path / "parts")
    for other in (two, again):
        np.testing.assert_array_equal(one.copies["noise"], other.copies["noise"])


def test_a_copy_that_is_not_known_is_named(corpus: Corpus) -> None:
    with pytest.raises(UsageError, match=r"unknown copy 'fastre'.*did you mean 'faster'"):
        extract(corpus, copies=["fastre"])
