"""What a segment claims, and which letters its text may hold."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.models.prediction import Prediction
from speech_emotion.recognition.transcript import SHORTEST, Segment, Word, plain

SAD = Prediction("sad", (("sad", 0.75), ("calm", 0.25)), 0.75, 9.0, 12.0)


@pytest.mark.parametrize(("length", "emotion"), [(SHORTEST + 0.01, "sad"), (SHORTEST - 0.01, None)])
def test_nothing_is_claimed_of_a_word_that_is_too_short_to_tell(length: float, emotion: str | None) -> None:
    segment = Segment("Yes.", 1.0, 1.0 + length, None, 0.0, (), (Word("Yes.", 1.0, 1.0 + length, 0.9),))
    toned = segment.with_tone(SAD)
    assert toned.emotion == emotion
    assert (toned.confidence, toned.scores) == (0.75, SAD.scores)
    assert (toned.text, toned.start, toned.end, toned.words) == ("Yes.", 1.0, 1.0 + length, segment.words)


@given(st.text())
def test_plain_text_is_one_line_that_steers_nothing(text: str) -> None:
    found = plain(text)
    assert "\n" not in found
    for letter in found:
        assert unicodedata.category(letter) not in ("Cc", "Zl", "Zp", "Cs")
        assert unicodedata.bidirectional(letter) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    assert plain(found) == found


@pytest.mark.parametrize("text", ["Straße, naïve?", "می‌خواهم", "क्‍ष", "日本語のテキスト。", "👩‍🚀 ok"])
def test_the_letters_of_any_language_stay(text: str) -> None:
    assert plain(f"  {text}\n") == text
