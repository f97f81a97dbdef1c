"""Which recordings are of one voice or one session: by their folder, or by a column of a CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from speech_emotion.errors import SpeechEmotionError
from speech_emotion.recognition.groups import grouped, listed
from speech_emotion.recognition.recognizer import recordings


@pytest.fixture
def table(tmp_path: Path) -> Path:
    place = tmp_path / "calls.csv"
    place.write_text("path;Speaker;day\na/1.wav;ann;mon\na/2.wav;bob;mon\nb/3.wav;;tue\n", encoding="utf-8-sig")
    return place


def test_a_csv_stands_for_the_recordings_that_it_lists(table: Path) -> None:
    found = list(recordings([str(table), "else.wav"]))
    assert found == [*(str(table.parent / name) for name in ("a/1.wav", "a/2.wav", "b/3.wav")), "else.wav"]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (None, ["ann", "bob", None, "x"]),
        ("speaker", ["ann", "bob", None, None]),
        ("DAY", ["mon", "mon", "tue", None]),
        ("folder", ["{}/a", "{}/a", "{}/b", "x"]),
    ],
)
def test_a_column_or_the_folder_says_what_belongs_together(by: str | None, groups: list, table: Path) -> None:
    names = [str(table), "x/else.wav"]
    group = grouped(names, by)
    expected = [name and name.format(table.parent.as_posix()) for name in groups]
    assert [group(path) for path in recordings(names)] == expected


def test_without_a_csv_the_folder_is_the_group() -> None:
    assert grouped(["calls"], None)("calls/ann/1.wav") == "calls/ann"


def test_a_csv_without_a_speaker_column_is_grouped_by_folder(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path\nann/1.wav\n")
    assert grouped([str(tmp_path / "t.csv")])(str(tmp_path / "ann/1.wav")) == (tmp_path / "ann").as_posix()


@pytest.mark.parametrize(
    ("text", "by", "says"),
    [
        ("path,day\na.wav,mon\n", "speaker", "no column 'speaker' \\(it has: path, day\\)"),
        ("path,day\na.wav,mon\na.wav,tue\n", "day", "in two groups, 'mon' and 'tue'"),
        ("file,day\na.wav,mon\n", "day", "no column 'path' \\(the header is: file, day\\)"),
        ("path,day\na.wav\n", "day", "line 2: 1 cells, but the header has 2"),
        ("path,day\n,mon\n", "day", "line 2, path: is blank"),
        ("path,day\n", "day", "lists no recording"),
        ("", "day", "no column 'path'"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused_in_one_line(text: str, by: str, says: str, tmp_path: Path) -> None:
    place = tmp_path / "t.csv"
    place.write_text(text, encoding="utf-8")
    with pytest.raises(SpeechEmotionError, match=says) as refused:
        grouped([str(place)], by)
    assert "\n" not in str(refused.value)


def test_a_column_needs_a_csv() -> None:
    with pytest.raises(SpeechEmotionError, match="'caller' is neither"):
        grouped(["a.wav"], "caller")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"path\n\xff\xfe.wav\n")
    with pytest.raises(SpeechEmotionError, match="not UTF-8"):
        listed(str(tmp_path / "t.csv"))
