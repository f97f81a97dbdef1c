from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora import savee
from speech_emotion.corpora.savee import SaveeName, parse, read
from speech_emotion.errors import CorpusError

# From Info.txt beside the recordings, which is the oracle here.
SPEAKERS = ("DC", "JE", "JK", "KL")
EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}
ALL_480 = [
    (speaker, f"{letters}{number:02}")
    for speaker in SPEAKERS
    for letters in EMOTIONS
    for number in range(1, 31 if letters == "n" else 16)
]


@given(st.sampled_from(ALL_480))
def test_every_name_means_what_the_page_says(clip: tuple[str, str]) -> None:
    speaker, sentence = clip
    meant = SaveeName(speaker, EMOTIONS[sentence.rstrip("0123456789")], sentence)
    for spelling in (
        f"{speaker}/{sentence}.wav",
        f"{speaker}\\{sentence}.WAV",
        f"AudioData/{speaker}/{sentence}",
        f"{speaker}_{sentence}.wav",
        f"ALL/{speaker}_{sentence}.wav",
    ):
        assert parse(spelling) == meant
        assert savee.owns(spelling)


@given(st.sampled_from(sorted(EMOTIONS)), st.integers(0, 99))
def test_a_sentence_that_does_not_exist_is_refused(letters: str, number: int) -> None:
    last = 30 if letters == "n" else 15
    exists = 1 <= number <= last
    with (
        contextlib.nullcontext()
        if exists
        else pytest.raises(CorpusError, match=f"valid: {letters}01 to {letters}{last}")
    ):
        parse(f"JE_{letters}{number:02}.wav")


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    for place in (text, f"DC/{text}", f"DC_{text}"):
        with contextlib.suppress(CorpusError):
            assert isinstance(parse(place), SaveeName)


@pytest.mark.parametrize(
    "name", ["a01.wav", "AB/a01.wav", "AB_a01.wav", "DC/x01.wav", "DC/s01.wav", "DC_a1.wav", "dc_a01.wav"]
)
def test_another_pattern_is_no_name_of_savee(name: str) -> None:
    assert not savee.owns(name)
    with pytest.raises(CorpusError, match="not a name of SAVEE"):
        parse(name)


def test_all_480_clips_are_read_however_they_are_named(tmp_path: Path) -> None:
    for speaker, sentence in ALL_480:
        (tmp_path / "folders" / speaker).mkdir(parents=True, exist_ok=True)
        (tmp_path / "folders" / speaker / f"{sentence}.wav").touch()
        (tmp_path / "ALL").mkdir(exist_ok=True)
        (tmp_path / "ALL" / f"{speaker}_{sentence}.wav").touch()
    folders, flat, both = read(tmp_path / "folders"), read(tmp_path / "ALL"), read(tmp_path)
    assert len(folders) == len(flat) == len(both) == len(ALL_480) == 480
    assert both.left_out == {"second copy of a clip": 480}
    said = [[(u.speaker, u.emotion, u.sentence) for u in corpus.utterances] for corpus in (folders, flat)]
    assert said[0] == said[1]
    assert folders.count("sex") == {"male": 480}
    assert folders.count("emotion") == {emotion: 120 if emotion == "neutral" else 60 for emotion in EMOTIONS.values()}


def test_a_speaker_s_folder_may_be_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "AudioData.zip", "w") as archive:
        archive.writestr("AudioData/KL/su03.wav", b"")
        archive.writestr("AudioData/Info.txt", b"")
    corpus = read(tmp_path / "AudioData.zip")
    (utterance,) = corpus.utterances
    assert (utterance.emotion, utterance.speaker, utterance.corpus) == ("surprised", "savee/KL", "savee")
    assert (utterance.sentence, utterance.sex, utterance.language) == ("su03", "male", "en")
    assert corpus.left_out == {"not a name of SAVEE": 1}
