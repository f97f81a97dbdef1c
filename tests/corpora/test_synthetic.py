from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.corpora import synthetic, voice
from speech_emotion.corpora.synthetic import TONES, read, write
from speech_emotion.corpora.utterance import Corpus, Utterance
from speech_emotion.errors import CorpusError, UsageError


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write(tmp_path_factory.mktemp("voices") / "made", speakers=4, takes=1)


def samples(utterance: Utterance) -> np.ndarray:
    return soundfile.read(utterance.path, dtype="float64")[0]


def pitch(utterance: Utterance) -> float:
    """Hz; the highest peak of the mean autocorrelation of the loud windows, between 70 and 500 Hz."""
    windows = np.lib.stride_tricks.sliding_window_view(samples(utterance), 800)[::400]
    loud = windows[windows.std(axis=1) > np.median(windows.std(axis=1))] * np.hanning(800)
    spectrum = np.abs(np.fft.rfft(loud, 2048)) ** 2
    correlation = np.fft.irfft(spectrum)[:, :400]
    correlation /= correlation[:, :1]
    return float(np.median(16_000 / (32 + correlation[:, 32:229].argmax(axis=1))))


def loudness(utterance: Utterance) -> float:
    return float(10 * np.log10(np.mean(samples(utterance) ** 2)))


def mean(corpus: Corpus, emotion: str, of: object) -> float:
    return float(np.mean([of(utterance) for utterance in corpus.select([emotion]).utterances]))  # type: ignore[operator]


def test_a_corpus_has_every_speaker_emotion_sentence_and_take(corpus: Corpus) -> None:
    assert len(corpus) == 4 * 4 * 3
    assert set(corpus.count("speaker").values()) == {12}
    assert corpus.count("emotion") == dict.fromkeys(["angry", "calm", "happy", "sad"], 12)
    assert corpus.count("sex") == {"male": 24, "female": 24}
    assert len({utterance.sentence for utterance in corpus.utterances}) == 3


def test_it_is_always_called_synthetic(corpus: Corpus) -> None:
    assert corpus.name == "synthetic"
    assert "ynthetic" in corpus.citation
    assert corpus.licence == "CC0 1.0"
    assert all(utterance.speaker.startswith("synthetic/") for utterance in corpus.utterances)
    assert all(Path(utterance.path).name.startswith("synthetic-") for utterance in corpus.utterances)


def test_files_are_16_khz_mono_without_clipping(corpus: Corpus) -> None:
    for utterance in corpus.utterances:
        made = soundfile.info(utterance.path)
        assert (made.samplerate, made.channels, made.subtype) == (16_000, 1, "PCM_16")
        assert 0.8 < made.duration < 4
        assert np.abs(samples(utterance)).max() < 0.99


def test_the_same_seed_gives_the_same_bytes_whatever_the_size(corpus: Corpus, tmp_path: Path) -> None:
    again = write(tmp_path / "a", speakers=2, takes=2)
    other = write(tmp_path / "b", speakers=1, takes=1, seed=1)

    def hashes(corpus: Corpus) -> dict[tuple[object, ...], str]:
        return {
            (u.speaker, u.emotion, u.sentence, u.repetition): hashlib.sha256(Path(u.path).read_bytes()).hexdigest()
            for u in corpus.utterances
        }

    common = hashes(corpus).keys() & hashes(again).keys()
    assert len(common) == 24
    assert all(hashes(corpus)[key] == hashes(again)[key] for key in common)
    assert not set(hashes(other).values()) & set(hashes(again).values())
    assert len(set(hashes(again).values())) == 48


def test_emotions_differ_as_they_should(corpus: Corpus) -> None:
    assert mean(corpus, "angry", loudness) > mean(corpus, "happy", loudness) > mean(corpus, "calm", loudness)
    assert mean(corpus, "calm", loudness) > mean(corpus, "sad", loudness)
    assert mean(corpus, "happy", pitch) > 1.15 * mean(corpus, "calm", pitch)
    length = {emotion: mean(corpus, emotion, lambda u: len(samples(u))) for emotion in TONES}
    assert length["sad"] > length["calm"] > length["happy"]


def test_women_speak_higher_than_men(corpus: Corpus) -> None:
    by_sex = {sex: np.median([pitch(u) for u in corpus.utterances if u.sex == sex]) for sex in ("female", "male")}
    assert 80 < by_sex["male"] < 190
    assert 170 < by_sex["female"] < 350
    assert by_sex["female"] > 1.3 * by_sex["male"]


def test_a_vowel_resonates_where_it_should() -> None:
    """A steady "a" of an average man: peaks of the envelope near Peterson & Barney's 730 and 1090 Hz."""
    man = voice.Voice("male", 100.0, 1.0, 1.0, -26.0, 0.5, 0.02, 0.0)
    flat = voice.Tone(0, 0, 0, 1, 0, 0, 0)
    spoken = voice.say("na", man, flat, np.random.default_rng(0))
    vowel = spoken[len(spoken) // 2 :][:4096] * np.hanning(4096)
    spectrum = np.log(np.abs(np.fft.rfft(vowel)) + 1e-9)
    cepstrum = np.fft.irfft(spectrum)
    cepstrum[60:-60] = 0
    envelope = np.fft.rfft(cepstrum).real
    hertz = np.fft.rfftfreq(4096, 1 / voice.RATE)

    def between(low: float, high: float) -> float:
        return float(envelope[(hertz > low) & (hertz < high)].mean())

    assert between(600, 1200) > between(1500, 2100) + 1
    assert between(2250, 2650) > between(1600, 2000)


def test_voices_are_made_once(corpus: Corpus) -> None:
    folder = Path(corpus.utterances[0].path).parent
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert write(folder, speakers=4, takes=1) == corpus
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_progress_counts_the_files(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write(tmp_path / "made", speakers=1, takes=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 12) for done in range(1, 13)]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert len(write(tmp_path, speakers=1, takes=1)) == 12


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "made", speakers=1, takes=1, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path, corpus: Corpus) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(CorpusError, match="no synthetic voice in"):
        write(tmp_path, speakers=1, takes=1)
    with pytest.raises(CorpusError, match="holds other synthetic voices than these"):
        write(Path(corpus.utterances[0].path).parent, speakers=1, takes=1)
    with pytest.raises(CorpusError, match="cannot write "):
        write(tmp_path / "letter.txt" / "made", speakers=1, takes=1)


@pytest.mark.parametrize("wrong", [{"speakers": 0}, {"takes": 0}, {"seed": -1}])
def test_a_number_too_small_is_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="or more, not"):
        write(tmp_path, **wrong)


def test_voices_that_were_moved_are_read(corpus: Corpus, tmp_path: Path) -> None:
    shutil.copytree(Path(corpus.utterances[0].path).parent, tmp_path / "deep" / "down")
    (tmp_path / "other.wav").touch()
    moved = read(tmp_path)
    assert moved.count("speaker") == corpus.count("speaker")
    assert moved.left_out == {"not a synthetic voice": 1}


def test_every_sentence_can_be_said_at_any_pace() -> None:
    for pace in (1.0, 20.0):
        speaker = voice.Voice("female", 300.0, 0.8, pace, -26.0, 0.5, 0.05, 1.0)
        for sentence in synthetic.SENTENCES:
            spoken = voice.say(sentence, speaker, TONES["angry"], np.random.default_rng(0))
            assert np.isfinite(spoken).all()
            assert spoken.dtype == np.float32
            soundfile.write(io.BytesIO(), spoken, voice.RATE, format="WAV")
