"""Answers as text, read back by the standard library."""

from __future__ import annotations

import csv
import io
import json

import pytest

from speech_emotion.errors import UsageError
from speech_emotion.models.prediction import Prediction
from speech_emotion.recognition.formats import FORMATS, as_dict, check
from speech_emotion.recognition.recognizer import Recognition
from speech_emotion.recognition.transcript import Segment, Word

SAD = Prediction("sad", (("sad", 0.75), ("calm", 0.25)), 0.75, 0.0, 4.0)
UNSURE = Prediction(None, (("calm", 0.5), ("sad", 0.5)), 0.5, 1.0, 4.0)
ANSWERS = [
    Recognition("x,1.wav", "m", error='no "sound"'),
    Recognition("a.wav", "m", SAD),
    Recognition("b.wav", "m", UNSURE),
]
NOBODY = Prediction(None, SAD.scores, 0.75, 1.0, 4.0, spoken=False)
WITH_SEGMENTS = Recognition("c.wav", "m", SAD, (SAD, UNSURE))


def text(format_: str, answers: list[Recognition], top: int | None = None) -> str:
    return "\n".join(FORMATS[format_](answers, top))


def test_one_json_line_a_file() -> None:
    lines = [json.loads(line) for line in text("jsonl", ANSWERS).splitlines()]
    assert lines[0] == {"path": "x,1.wav", "error": 'no "sound"'}
    assert lines[1] == {
        "path": "a.wav",
        "emotion": "sad",
        "confidence": 0.75,
        "scores": [{"label": "sad", "score": 0.75}, {"label": "calm", "score": 0.25}],
        "spoken": True,
        "duration": 4.0,
        "model": "m",
    }
    assert lines[2]["emotion"] is None


def test_a_json_document_holds_all_files() -> None:
    assert json.loads(text("json", ANSWERS)) == [as_dict(answer) for answer in ANSWERS]
    assert json.loads(text("json", [])) == []


def test_segments_are_there_where_asked_for() -> None:
    parts = as_dict(WITH_SEGMENTS, top=1)["segments"]
    assert [(part["start"], part["end"], part["emotion"]) for part in parts] == [(0, 4, "sad"), (1, 4, None)]
    assert all(len(part["scores"]) == 1 for part in parts)


def test_csv_has_a_column_an_emotion_and_keeps_failures() -> None:
    rows = list(csv.DictReader(io.StringIO(text("csv", ANSWERS))))
    assert [row["path"] for row in rows] == ["x,1.wav", "a.wav", "b.wav"]
    assert rows[0]["error"] == 'no "sound"'
    assert (float(rows[1]["sad"]), float(rows[1]["calm"])) == (0.75, 0.25)
    assert (rows[2]["spoken"], rows[2]["emotion"]) == ("true", "")
    segments = list(csv.DictReader(io.StringIO(text("csv", [WITH_SEGMENTS]))))
    assert [row["start"] for row in segments] == ["0.000", "1.000"]


@pytest.mark.parametrize("answers", [[], [ANSWERS[0]]])
def test_csv_without_any_prediction_is_still_csv(answers: list[Recognition]) -> None:
    assert len(list(csv.DictReader(io.StringIO(text("csv", answers))))) == len(answers)


def test_the_table_says_not_sure_and_errors() -> None:
    shown = text("table", [*ANSWERS, WITH_SEGMENTS], top=1)
    assert 'x,1.wav  error: no "sound"' in shown
    assert "b.wav    not sure" in shown
    assert "1.0–4.0 s" in shown
    assert "sad 75%" in shown


def test_of_silence_no_format_claims_an_emotion() -> None:
    silent = Recognition("f.wav", "m", NOBODY, (NOBODY,))
    assert text("table", [silent]).splitlines() == ["f.wav  no speech", "     1.0–4.0 s  no speech"]
    found = as_dict(silent)
    assert [(part["emotion"], part["spoken"]) for part in (found, *found["segments"])] == [(None, False)] * 2
    (row,) = csv.DictReader(io.StringIO(text("csv", [silent])))
    assert (row["spoken"], row["emotion"], row["sad"]) == ("false", "", "0.750000")
    assert text("vtt", [silent]) == "WEBVTT\n"
    assert text("rttm", [silent]) == ""


HOSTILE = "\x1b[2J\x9b31m=1+1, \u202e“hi”\r\n"
SEGMENT = Segment(HOSTILE, 0.5, 1.5, "sad", 0.75, SAD.scores, (Word(HOSTILE, 0.5, 1.0004, 0.91234),))
SPOKEN = Recognition("d.wav", "m", SAD, (SEGMENT,), text="hi", language="en")
SILENT = Recognition("e.wav", "m", SAD, (), text="")


def test_json_has_text_language_and_words() -> None:
    found = as_dict(SPOKEN, top=1)
    assert (found["text"], found["language"]) == ("hi", "en")
    (part,) = found["segments"]
    assert list(part) == ["start", "end", "text", "emotion", "confidence", "scores", "spoken", "words"]
    assert part["words"] == [{"text": HOSTILE, "start": 0.5, "end": 1.0, "probability": 0.912}]
    silent = as_dict(SILENT)
    assert (silent["text"], silent["language"], silent["segments"]) == ("", None, [])


def test_csv_has_a_column_of_text_where_there_are_words() -> None:
    rows = list(csv.DictReader(io.StringIO(text("csv", [ANSWERS[0], SPOKEN, SILENT, ANSWERS[0]]))))
    assert [row["path"] for row in rows] == ["x,1.wav", "d.wav", "e.wav", "x,1.wav"]
    assert [row["text"] for row in rows] == ["", "[2J31m=1+1, “hi”", "", ""]
    assert [row["error"] for row in rows] == ['no "sound"', "", "", 'no "sound"']
    assert (rows[1]["start"], rows[1]["end"], rows[1]["sad"]) == ("0.500", "1.500", "0.750000")
    assert (rows[2]["start"], rows[2]["end"]) == ("0.000", "4.000")


@pytest.mark.parametrize("format_", ["table", "csv", "vtt", "rttm"])
def test_what_is_said_cannot_steer_the_terminal(format_: str) -> None:
    shown = text(format_, [SPOKEN])
    assert "31m=1+1" in shown
    assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(shown)


def test_a_format_that_cannot_hold_the_recordings_is_refused() -> None:
    check("vtt", ["a.wav", "a.wav"])
    check("rttm", ["a.wav", "b.wav"])
    with pytest.raises(UsageError, match="vtt holds the times of one recording"):
        check("vtt", ["a.wav", "b.wav"])
    with pytest.raises(UsageError, match=r"did you mean 'vtt'\?"):
        check("wtt", ["a.wav"])


@pytest.mark.parametrize("name", ["two\nlines.wav", "a\rreturn.wav", 'quo"te,comma.wav'])
def test_a_row_of_csv_is_one_row_whatever_the_file_is_called(name: str) -> None:
    rows = list(csv.reader(io.StringIO(text("csv", [Recognition(name, "m", SAD)]), newline="")))
    assert [len(row) for row in rows] == [len(rows[0])] * 2
    assert rows[1][0] == name
