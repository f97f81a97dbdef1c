from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from speech_emotion.evaluation.quick_check import quick_warnings
from speech_emotion.features.table import FeatureTable

Made = Callable[..., FeatureTable]


def test_a_sound_table_has_no_warnings(made_table: Made) -> None:
    assert quick_warnings(made_table()) == ()


def test_equal_rows_are_recordings_that_are_there_twice(made_table: Made) -> None:
    table = made_table()
    values = table.values.copy()
    values[1] = values[0]
    (line,) = quick_warnings(replace(table, values=values))
    assert line == ("1 of 72 recordings is there more than once, by their features; the first: 0000.wav and 0001.wav")
    values[40] = values[0]
    (line,) = quick_warnings(replace(table, values=values))
    assert line.startswith("2 of 72 recordings are there more than once")
    assert "1 of them under different labels, 1 of them under different speakers" in line


def test_silent_rows_are_not_taken_for_duplicates(made_table: Made) -> None:
    table = made_table()
    values = table.values.copy()
    values[:2] = 0
    assert quick_warnings(replace(table, values=values)) == ()


def test_names_that_say_another_emotion_are_told(made_table: Made) -> None:
    table = made_table()
    paths = table.paths.astype("U60")
    paths[0] = "made/03a01Wa.wav"
    (line,) = quick_warnings(replace(table, paths=paths))
    assert line == (
        "1 of 72 recordings are named as another emotion than labelled; the first: 03a01Wa.wav, labelled calm; "
        "as a name of emodb it says angry"
    )


def test_unknown_speakers_are_told(made_table: Made) -> None:
    table = made_table()
    line = "nobody knows who speaks 72 of 72 recordings, so the same voice may be on both sides"
    assert quick_warnings(replace(table, speakers=np.full(72, "made/unknown"))) == (line,)


def test_a_length_that_tells_the_emotion_is_told(made_table: Made) -> None:
    table = made_table()
    durations = 1 + (table.emotions == "sad").astype(np.float32)
    (line,) = quick_warnings(replace(table, durations=durations))
    assert line.startswith("the length of a recording alone tells of the emotion: UAR 66.7 %")
    assert "chance 33.3 %" in line


def test_an_empty_table_has_no_warnings(made_table: Made) -> None:
    assert quick_warnings(made_table().rows(np.zeros(0, dtype=np.intp))) == ()
