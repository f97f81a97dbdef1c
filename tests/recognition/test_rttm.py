"""RTTM, held against the table of NIST's RT-09 evaluation plan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.models.prediction import Prediction
from speech_emotion.recognition.formats import FORMATS
from speech_emotion.recognition.recognizer import Recognition
from speech_emotion.recognition.transcript import Segment, Word

SAD = Prediction("sad", (("sad", 0.75), ("calm", 0.25)), 0.75, 0.0, 4.0)
UNSURE = Prediction(None, (("calm", 0.5), ("sad", 0.5)), 0.5, 1.0, 4.0)


def lines(*answers: Recognition) -> list[list[str]]:
    return [line.split(" ") for line in FORMATS["rttm"](answers, None)]


def test_a_speaker_line_a_segment_and_a_lexeme_line_a_word() -> None:
    words = (Word("Hello,", 1.0, 1.25, 0.9), Word("you.", 1.5, 2.5, 1.0))
    segment = Segment("Hello, you.", 1.0, 2.5, "sad", 0.75, SAD.scores, words)
    assert lines(Recognition("calls/a b.wav", "m", SAD, (segment,), text="Hello, you.")) == [
        ["SPEAKER", "a_b", "1", "1.000", "1.500", "<NA>", "<NA>", "sad", "0.750", "<NA>"],
        ["LEXEME", "a_b", "1", "1.000", "0.250", "Hello,", "lex", "sad", "0.900", "<NA>"],
        ["LEXEME", "a_b", "1", "1.500", "1.000", "you.", "lex", "sad", "1.000", "<NA>"],
    ]


def test_without_words_a_line_a_window_or_one_for_the_whole() -> None:
    found = lines(Recognition("a.wav", "m", SAD), Recognition("b.wav", "m", SAD, (SAD, UNSURE)))
    assert [(line[1], line[3], line[4], line[7]) for line in found] == [
        ("a", "0.000", "4.000", "sad"),
        ("b", "0.000", "4.000", "sad"),
        ("b", "1.000", "3.000", "not_sure"),
    ]


def test_what_failed_or_holds_no_words_has_no_line() -> None:
    assert lines(Recognition("a.wav", "m", error="no"), Recognition("b.wav", "m", SAD, (), text="")) == []


def test_two_files_of_one_name_stay_two() -> None:
    answers = [Recognition(path, "m", SAD) for path in ("x/1.wav", "y/1.wav", "x/1.wav", "z 2/1.wav")]
    assert [line[1] for line in lines(*answers)] == ["1", "y/1.wav", "1", "z_2/1.wav"]


@given(st.text(), st.text(min_size=1), st.text())
def test_no_text_makes_another_column_or_line(text: str, emotion: str, name: str) -> None:
    segment = Segment(text, 0.0, 1.0, emotion, 0.5, (), (Word(text, 0.0, 1.0, 0.5),))
    for line in FORMATS["rttm"]([Recognition(f"{name}.wav", "m", SAD, (segment,), text=text)], None):
        assert line.splitlines() == [line]
        columns = line.split()
        assert len(columns) == 10
        assert [float(columns[place]) for place in (3, 4, 8)] == pytest.approx([0.0, 1.0, 0.5])
