from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora import urdu
from speech_emotion.corpora.urdu import UrduName, parse, read
from speech_emotion.errors import CorpusError

# From the README beside the recordings, which is the oracle here.
EMOTIONS = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}
SPEAKERS = [*(f"SM{number}" for number in range(1, 28)), *(f"SF{number}" for number in range(1, 12))]

PUBLISHED = (
    "Angry/SM1_F10_A010.wav",
    "Angry/SM4_F48_A0100.wav",
    "Angry/SM1_F1_A01.wav",
    "Happy/SF6_F14_H038.wav",
    "Neutral/SM5_F72_N0100.wav",
    "Sad/SM27_F4_S096.wav",
)
"""Some of the names as they are published."""


@given(st.sampled_from(SPEAKERS), st.integers(1, 100), st.sampled_from(sorted(EMOTIONS)), st.integers(1, 100))
def test_every_name_means_what_the_readme_says(speaker: str, file: int, letter: str, number: int) -> None:
    meant = UrduName(speaker, file, EMOTIONS[letter], number)
    for name in (f"{speaker}_F{file}_{letter}0{number}", f"{speaker}_F{file:02}_{letter}{number}"):
        for spelling in (name, f"Angry/{name}.wav", f"URDU-Dataset-master\\Angry\\{name}.WAV"):
            assert parse(spelling) == meant
        assert urdu.owns(f"{name}.wav")
    assert meant.sex == {"M": "male", "F": "female"}[speaker[1]]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("SM28_F1_A01", r"speaker SM28 does not exist \(valid: 1 to 27\)"),
        ("SF12_F1_A01", r"speaker SF12 does not exist \(valid: 1 to 11\)"),
        ("SM0_F1_A01", "speaker SM0 does not exist"),
        ("SM1_F0_A01", "file F0 does not exist"),
        ("SM1_F101_A01", "file F101 does not exist"),
        ("SM1_F1_A0", "number A0 does not exist"),
        ("SM1_F1_A0101", r"number A101 does not exist \(valid: 1 to 100\)"),
        ("SM1_F1_D01", r"emotion D does not exist \(valid: A, H, N, S\)"),
        ("SX1_F1_A01", "not a name of URDU"),
        ("SM1_1_A01", "not a name of URDU"),
        ("SM1_F1_A", "not a name of URDU"),
        ("sm1_f1_a01", "not a name of URDU"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_by_its_field(name: str, fault: str) -> None:
    with pytest.raises(CorpusError, match=f"{name}.wav: {fault}"):
        parse(f"{name}.wav")


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    for name in (text, f"SM1_{text}", f"SM1_F1_A{text}"):
        with contextlib.suppress(CorpusError):
            assert isinstance(parse(name), UrduName)


def test_an_utterance_has_all_that_its_name_says(tmp_path: Path) -> None:
    for name in PUBLISHED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "SM1_F01_A001.wav").touch()
    (tmp_path / "README.md").touch()
    corpus = read(tmp_path)
    assert len(corpus) == len(PUBLISHED)
    assert corpus.left_out == {"second copy of a clip": 1, "not a name of URDU": 1}
    assert corpus.count("emotion") == {"angry": 3, "happy": 1, "neutral": 1, "sad": 1}
    (happy,) = corpus.select(["happy"]).utterances
    assert (happy.speaker, happy.corpus, happy.sex, happy.language) == ("urdu/SF6", "urdu", "female", "ur")
    assert happy.sentence is None
