"""WebVTT, read back by webvtt-py and held against the grammar of the standard."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.models.prediction import Prediction
from speech_emotion.recognition.formats import FORMATS
from speech_emotion.recognition.recognizer import Recognition
from speech_emotion.recognition.transcript import Segment, plain

webvtt = pytest.importorskip("webvtt")

SAD = Prediction("sad", (("sad", 0.75), ("calm", 0.25)), 0.75, 0.0, 4000.0)
UNSURE = Prediction(None, (("calm", 0.5), ("sad", 0.5)), 0.5, 1.0, 4.0)

TIME = r"\d{2,}:[0-5]\d:[0-5]\d\.\d{3}"
SPAN = re.compile(
    r"<v(\.[^\s<>&.]+)+ ([^\n\r&>]|&\w+;)+>([^\n\r&<]|&(amp|lt|gt);)*</v>"
)  # section 4.2.2 of the standard


def segment(text: str, start: float = 1.0, end: float = 2.5, emotion: str | None = "sad") -> Segment:
    return Segment(text, start, end, emotion, 0.75, SAD.scores, ())


def written(*parts: Segment | Prediction, text: str | None = "") -> str:
    answer = Recognition("a.wav", "m", SAD, tuple(parts) if parts else None, text=text)
    return "".join(f"{line}\n" for line in FORMATS["vtt"]([answer], None))


def test_a_cue_a_segment_with_the_emotion_as_voice_and_class() -> None:
    found = written(segment("Hello, you."), segment("Well", 3661.0, 3662.25, None))
    first, second = webvtt.from_string(found).captions
    assert (first.start, first.end, first.voice, first.text) == ("00:00:01.000", "00:00:02.500", "sad", "Hello, you.")
    assert (second.start, second.end) == ("01:01:01.000", "01:01:02.250")
    assert second.voice == "not sure"
    assert "<v.sad sad>Hello, you.</v>" in found
    assert "<v.not_sure not sure>" in found


def test_without_words_a_cue_says_the_emotion_of_a_window_or_of_the_whole() -> None:
    (whole,) = webvtt.from_string(written(text=None)).captions
    assert (whole.start, whole.end, whole.voice, whole.text) == ("00:00:00.000", "01:06:40.000", "sad", "sad 75%")
    windows = webvtt.from_string(written(SAD, UNSURE, text=None)).captions
    assert [cue.text for cue in windows] == ["sad 75%", "not sure 50%"]


def test_a_recording_that_failed_or_in_which_nobody_speaks_has_no_cues() -> None:
    for answer in (Recognition("a.wav", "m", error="no"), Recognition("a.wav", "m", SAD, (), text="")):
        assert webvtt.from_string("".join(FORMATS["vtt"]([answer], None))).captions == []


@given(
    text=st.text()
    | st.lists(st.sampled_from(["-->", "<", "</v>", "&", "&lt;", "\n\n", "NOTE", "x", "\x1b[2J"])).map("".join),
    emotion=st.none() | st.text(min_size=1).filter(plain),
    times=st.tuples(st.floats(0, 1e6), st.floats(0, 40)),
)
def test_no_text_breaks_out_of_its_cue(text: str, emotion: str | None, times: tuple[float, float]) -> None:
    start, length = times
    found = written(segment(text, start, start + length, emotion))
    header, cue, *rest = found.rstrip("\n").split("\n\n")
    assert (header, rest) == ("WEBVTT", [])
    timing, content = cue.split("\n")
    assert re.fullmatch(f"{TIME} --> {TIME}", timing)
    first, last = timing.split(" --> ")
    assert tuple(map(float, first.split(":"))) < tuple(map(float, last.split(":")))
    assert SPAN.fullmatch(content)
    assert "-->" not in content
    assert html.unescape(content[content.index(">") + 1 : -len("</v>")]) == plain(text)


def test_no_word_is_lost_to_a_reader() -> None:
    (cue,) = webvtt.from_string(written(segment("AT&T <b>said</b> --> 1 & 2"))).captions
    assert html.unescape(cue.text) == "AT&T <b>said</b> --> 1 & 2"
