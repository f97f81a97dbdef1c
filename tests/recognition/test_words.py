"""Words beside the tone, by the real weights of Whisper tiny.en on real recordings."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import speech_emotion as se
from speech_emotion.audio.read import read
from speech_emotion.errors import AudioError, UsageError
from speech_emotion.recognition import words
from speech_emotion.recognition.transcript import Transcript
from speech_emotion.recognition.words import MARGIN, stretches, transcribe, transcribe_file

KIDS = "Actor_05/03-01-05-02-01-02-05.wav"  # angry
DOGS = "Actor_05/03-01-04-01-02-02-05.wav"  # sad


def letters(text: str) -> str:
    return re.sub("[^a-z ]", "", text.lower())


def wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 16_000, format="WAV", subtype="FLOAT")
    return file.getvalue()


def said(transcript: Transcript) -> list[str]:
    return [letters(segment.text) for segment in transcript.segments]


@pytest.fixture(scope="module")
def both(ravdess_zip: Path) -> bytes:
    """One voice, angry, then sad, with silence between."""
    kids, dogs = (read(f"{ravdess_zip}/{clip}").samples for clip in (KIDS, DOGS))
    return wav(np.concatenate([kids, np.zeros(16_000, np.float32), dogs]))


@pytest.fixture(scope="module")
def transcript(both: bytes, whisper_folder: Path) -> Transcript:
    return se.transcribe(both, words=whisper_folder)


def test_the_words_come_out_with_their_times(transcript: Transcript) -> None:
    assert said(transcript) == ["kids are talking by the door", "dogs are sitting by the door"]
    assert letters(transcript.text) == "kids are talking by the door dogs are sitting by the door"
    assert transcript.language == "en"
    kids, dogs = transcript.segments
    assert 0.4 <= kids.start <= 1.2  # RAVDESS's clips begin with about a second of silence
    assert kids.end <= 3.58  # where the first clip ends
    assert dogs.start >= 4.57
    assert dogs.end <= transcript.prediction.end
    for segment in transcript.segments:
        assert " ".join(word.text for word in segment.words) == segment.text
        assert (segment.words[0].start, segment.words[-1].end) == (segment.start, segment.end)
        assert all(word.start <= word.end for word in segment.words)
        assert all(0 < word.probability <= 1 for word in segment.words)
        starts = [word.start for word in segment.words]
        assert starts == sorted(starts)


def test_each_segment_has_the_tone_of_its_own_sound(transcript: Transcript, both: bytes) -> None:
    assert [segment.emotion for segment in transcript.segments] == ["angry", "sad"]
    for segment in transcript.segments:
        own = read(both, start=segment.start - MARGIN, end=segment.end + MARGIN)
        alone = se.recognize(wav(own.samples))
        # cut to the sample, or one beside it, which the encoder's integers hear
        assert dict(segment.scores) == pytest.approx(dict(alone.scores), abs=0.1)
        assert segment.confidence == max(score for _, score in segment.scores)


def test_the_whole_is_what_it_is_without_words(transcript: Transcript, both: bytes) -> None:
    assert transcript.prediction == se.recognize(both)


def test_a_long_recording_is_transcribed_in_stretches_with_times_of_its_own(
    both: bytes, whisper_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "STRETCH", 5.0)
    monkeypatch.setattr(words, "SEARCHED", 2.0)
    found = transcribe(both, words=whisper_folder)
    assert said(found) == ["kids are talking by the door", "dogs are sitting by the door"]
    assert found.segments[1].start > 4.57
    assert [segment.emotion for segment in found.segments] == ["angry", "sad"]


def test_the_whole_of_a_long_recording_is_the_mean_of_what_was_said(both: bytes, whisper_folder: Path) -> None:
    long = np.concatenate([read(both).samples, np.zeros(30 * 16_000, np.float32)])
    found = transcribe(wav(long), words=whisper_folder)
    lengths = [segment.end - segment.start for segment in found.segments]
    for emotion, score in found.prediction.scores:
        each = [dict(segment.scores)[emotion] for segment in found.segments]
        assert score == pytest.approx(np.average(each, weights=lengths))
    assert (found.prediction.start, found.prediction.end) == (0, len(long) / 16_000)
    likeliest, confidence = found.prediction.scores[0]
    assert found.prediction.emotion == (likeliest if confidence >= se.load("tone").sure_above else None)


def word(text: str, start: float, end: float) -> SimpleNamespace:
    return SimpleNamespace(word=text, start=start, end=end, probability=0.9)


def test_a_segment_ends_at_a_pause_and_after_a_while_with_its_sentence() -> None:
    heard = [
        word(" Well.", 0, 2),
        word(" I", 2, 4),
        word(" did.", 4, 6),  # six seconds, and a sentence ends
        word(" It", 6, 7),
        word(" was", 8.5, 9),  # behind a pause
        word(" 3.5", 9, 15),
        word(" all.", 15, 16),
    ]
    parts = list(words._parts(SimpleNamespace(words=heard), 100.0, 200.0))
    assert [part.text for part in parts] == ["Well. I did.", "It", "was 3.5 all."]
    assert [(part.start, part.end) for part in parts] == [(100, 106), (106, 107), (108.5, 116)]
    endless = [word(" so", 4 * number, 4 * number + 4) for number in range(9)]
    parts = list(words._parts(SimpleNamespace(words=endless), 0.0, 200.0))
    assert [(part.start, part.end) for part in parts] == [(0, 12), (12, 24), (24, 36)]
    none = SimpleNamespace(words=None, text=" Hm.", start=1, end=250)
    assert [(part.text, part.start, part.end) for part in words._parts(none, 100.0, 200.0)] == [("Hm.", 101, 200)]


def test_any_model_hears_the_tone(both: bytes, whisper_folder: Path) -> None:
    found = transcribe(both, se.load("classic"), words=whisper_folder, language="en")
    own = read(both, start=found.segments[0].start - MARGIN, end=found.segments[0].end + MARGIN)
    alone = se.load("classic").recognize(wav(own.samples))
    assert dict(found.segments[0].scores) == pytest.approx(dict(alone.scores), abs=0.02)


def test_where_nobody_speaks_there_are_no_words(whisper_folder: Path) -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(48_000)
    for sound in (np.zeros(48_000), noise, np.zeros(1)):
        found = transcribe(wav(sound), words=whisper_folder)
        assert (found.text, found.language, found.segments) == ("", None, ())


def test_a_pipe_is_heard_like_a_file(both: bytes, transcript: Transcript, whisper_folder: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise OSError

    assert transcribe(Pipe(both), words=whisper_folder).prediction == transcript.prediction


def test_a_recording_that_cannot_be_read_is_an_answer_of_its_own(whisper_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError):
        transcribe(tmp_path / "bad.wav", words=whisper_folder)
    answer = transcribe_file(str(tmp_path / "bad.wav"), se.load("tone"), words=whisper_folder)
    assert answer.prediction is None
    assert "bad.wav" not in (answer.error or "bad.wav")


def test_a_language_that_the_model_does_not_know_is_refused(whisper_folder: Path) -> None:
    with pytest.raises(UsageError, match="knows 'en' only, not 'de'"):
        transcribe(wav(np.zeros(10)), words=whisper_folder, language="de")


@given(
    sizes=st.lists(st.integers(1, 40_000), min_size=1, max_size=8),
    longest=st.floats(0.5, 3.0),
    share=st.floats(0.1, 1.0),
)
def test_stretches_are_the_sound(sizes: list[int], longest: float, share: float) -> None:
    sound = np.arange(sum(sizes), dtype=np.float32)
    pieces = np.split(sound, np.cumsum(sizes)[:-1])
    found = list(stretches(pieces, longest, share * longest))
    np.testing.assert_array_equal(np.concatenate([samples for _, samples in found]), sound)
    assert all(start * 16_000 == pytest.approx(samples[0]) for start, samples in found)
    assert all(len(samples) <= longest * 16_000 + 1 for _, samples in found)


def test_a_stretch_ends_where_it_is_quiet() -> None:
    sound = np.random.default_rng(0).standard_normal(10 * 16_000).astype(np.float32)
    sound[6 * 16_000 : 7 * 16_000] *= 0.01
    (_, first), (start, _) = list(stretches([sound], 8.0, 4.0))[:2]
    assert 6 < start < 7
    assert len(first) == start * 16_000


def test_what_hears_words_is_loaded_only_where_words_are_asked_for() -> None:
    script = (
        "import sys, speech_emotion.recognition.words, speech_emotion.cli.predict\n"
        "print([name for name in ('faster_whisper', 'ctranslate2', 'av', 'huggingface_hub') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
