from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora import emodb
from speech_emotion.corpora.emodb import EmodbName, parse, read
from speech_emotion.errors import CorpusError

# From the database's own documentation, which is the oracle here.
SPEAKERS = {
    **dict.fromkeys(("03", "10", "11", "12", "15"), "male"),
    **dict.fromkeys(("08", "09", "13", "14", "16"), "female"),
}
TEXTS = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")
EMOTIONS = {
    "W": "angry",
    "L": "bored",
    "E": "disgust",
    "A": "fearful",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}


@given(
    st.sampled_from(sorted(SPEAKERS)),
    st.sampled_from(TEXTS),
    st.sampled_from(sorted(EMOTIONS)),
    st.sampled_from("abcdef"),
)
def test_every_name_means_what_the_documentation_says(speaker: str, text: str, letter: str, version: str) -> None:
    name = f"{speaker}{text}{letter}{version}"
    for spelling in (name, f"{name}.wav", f"wav/{name}.wav", f"some\\where\\{name}.WAV"):
        assert parse(spelling) == EmodbName(speaker, text, EMOTIONS[letter], version)
    assert parse(name).sex == SPEAKERS[speaker]
    assert emodb.owns(f"{name}.wav")


@given(st.integers(0, 99), st.sampled_from("abc"), st.integers(0, 11), st.sampled_from("ABEFLNTWXZ"))
def test_a_code_that_does_not_exist_is_refused_by_its_field(speaker: int, kind: str, text: int, letter: str) -> None:
    codes = {"speaker": f"{speaker:02}", "text": f"{kind}{text:02}", "emotion": letter}
    valid = {"speaker": SPEAKERS, "text": TEXTS, "emotion": EMOTIONS}
    wrong = [field for field, code in codes.items() if code not in valid[field]]
    name = "".join(codes.values()) + "a.wav"
    if not wrong:
        assert parse(name).text == codes["text"]
        return
    with pytest.raises(CorpusError, match=f"{wrong[0]} {codes[wrong[0]]} does not exist"):
        parse(name)


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(CorpusError):
        assert isinstance(parse(text), EmodbName)


@pytest.mark.parametrize("name", ["03a01F", "03a01Fab", "3a01Fa", "03a01fa", "03A01Fa", "03a1Fa", "03-a01-F-a"])
def test_another_pattern_is_no_name_of_emodb(name: str) -> None:
    assert not emodb.owns(name)
    with pytest.raises(CorpusError, match="not a name of EMO-DB"):
        parse(name)


def test_an_utterance_has_all_that_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "16b10Td.wav").touch()
    (utterance,) = read(tmp_path).utterances
    assert (utterance.emotion, utterance.speaker, utterance.corpus) == ("sad", "emodb/16", "emodb")
    assert (utterance.sentence, utterance.repetition, utterance.sex, utterance.language) == ("b10", 4, "female", "de")
    assert emodb.TEXTS["b10"].startswith("Die wird auf dem Platz sein")


def test_what_is_no_clip_is_left_out_and_counted(tmp_path: Path) -> None:
    for name in ("wav/03a01Fa.wav", "copy/again/03a01Fa.wav", "lab/03a01Fa.lab", "erkannt.txt", "wav/04a01Fa.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    corpus = read(tmp_path)
    assert [Path(utterance.path).parent.name for utterance in corpus.utterances] == ["wav"]
    assert corpus.left_out == {
        "second copy of a clip": 1,
        "not a recording": 1,
        "not a name of EMO-DB": 1,
        "speaker 04 does not exist (valid: 03, 08, 09, 10, 11, 12, 13, 14, 15, 16)": 1,
    }


def test_the_real_recordings_are_read_without_unpacking(emodb_zip: Path) -> None:
    corpus = read(emodb_zip)
    assert len(corpus) == 339
    assert corpus.left_out == {}
    # The published counts of these four emotions.
    assert corpus.count("emotion") == {"angry": 127, "neutral": 79, "happy": 71, "sad": 62}
    assert corpus.speakers == tuple(f"emodb/{speaker}" for speaker in sorted(SPEAKERS))
    assert set(corpus.count("sentence")) == set(TEXTS)
    assert {u.speaker[-2:]: u.sex for u in corpus.utterances} == SPEAKERS
    names = [u.path.removeprefix(f"{emodb_zip}/") for u in corpus.utterances]
    assert names == sorted(name for name in zipfile.ZipFile(emodb_zip).namelist() if name.endswith(".wav"))
