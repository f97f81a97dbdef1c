from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora.listing import COLUMNS, read
from speech_emotion.corpora.utterance import Utterance
from speech_emotion.emotions import EMOTIONS
from speech_emotion.errors import CorpusError


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listing")
    for name in ("a.wav", "b.wav"):
        (folder / name).touch()
    return folder / "my list.csv"


def written(place: Path, text: str | bytes) -> Path:
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
seconds = st.floats(0, 1e6).map(lambda value: round(value, 3))


rows = st.lists(
    st.fixed_dictionaries(
        {
            "path": st.sampled_from(["a.wav", "./b.wav"]),
            "emotion": st.sampled_from(EMOTIONS),
            "speaker": words,
            "sentence": st.none() | words,
            "intensity": st.none() | words,
            "sex": st.sampled_from([None, "female", "male"]),
            "language": st.sampled_from([None, "en", "de-AT"]),
            "start": seconds,
            "end": st.none(),
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: (row["path"], row["start"]),
)
styles = st.fixed_dictionaries(
    {
        "fieldnames": st.permutations(COLUMNS),
        "delimiter": st.sampled_from(",;\t"),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
    }
)


@given(rows=rows, style=styles, encoding=st.sampled_from(["utf-8", "utf-8-sig"]))
def test_what_a_table_says_is_what_is_read(
    place: Path, rows: list[dict[str, Any]], style: dict[str, Any], encoding: str
) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, **style)
    table.writeheader()
    table.writerows(rows)
    place.write_bytes(text.getvalue().encode(encoding))
    known = {"corpus": "me"}
    assert read(place, "me") == [
        Utterance(**row | known | {"path": str(place.parent / row["path"]), "speaker": f"me/{row['speaker']}"})
        for row in rows
    ]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_content_breaks_the_reader(place: Path, content: bytes) -> None:
    for head in (b"", b"path,emotion,speaker\n", b"path,emotion,speaker,start,end\na.wav,sad,x,"):
        place.write_bytes(head + content)
        with contextlib.suppress(CorpusError):
            assert read(place, "me")


def test_paths_may_lead_into_an_archive_or_be_absolute(place: Path) -> None:
    import zipfile

    with zipfile.ZipFile(place.parent / "speech.zip", "w") as archive:
        archive.writestr("x/c.wav", "")
    listed = f"path,emotion,speaker\nspeech.zip/x/c.wav,sad,ann\n{place.parent / 'a.wav'},sad,ann\n"
    assert [u.path for u in read(written(place, listed), "me")] == [
        str(place.parent / "speech.zip/x/c.wav"),
        str(place.parent / "a.wav"),
    ]


def test_a_speaker_that_is_not_known_is_one_for_all(place: Path) -> None:
    listed = read(written(place, "path,emotion,speaker\na.wav,sad,\nb.wav,happy, \n"), "me")
    assert {utterance.speaker for utterance in listed} == {"me/unknown"}


def test_further_columns_and_blank_lines_are_passed_over(place: Path) -> None:
    text = "path,emotion,speaker,room,\n\na.wav,sad,ann,kitchen,\n,,,,\n"
    assert len(read(written(place, text), "me")) == 1


HEADER = "path,emotion,speaker,sex,start,end\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"line 1: no column 'path'"),
        ("path,emotion\n", r"line 1: no column 'speaker' .*its cells may be blank"),
        (
            "path,emoton,speaker\n",
            r"line 1: unknown column 'emoton' \(valid: path, .*did you mean 'emotion'\?",
        ),
        ("path,emotion,speaker,path\n", r"line 1: column 'path' is there twice"),
        (HEADER, r"lists no recording"),
        (HEADER + "a.wav,sad,ann\n", r"line 2: 3 cells, but the header has 6"),
        (HEADER + "a.wav,sad,ann,,,\n,sad,ann,,,\n", r"line 3, path: is blank"),
        (HEADER + "c.wav,sad,ann,,,\n", r"line 2, path: no such file 'c.wav' beside the CSV"),
        (HEADER + "a.wav,,ann,,,\n", r"line 2, emotion: is blank \(known: neutral, calm"),
        (HEADER + "a.wav,hapy,ann,,,\n", r"line 2, emotion: unknown emotion 'hapy' .*did you mean 'happy'\?"),
        (HEADER + "a.wav,sad,ann,m,,\n", r"line 2, sex: 'm' \(valid: female, male, or blank\)"),
        (HEADER + "a.wav,sad,ann,,soon,\n", r"line 2, start: 'soon' \(valid: seconds"),
        (HEADER + "a.wav,sad,ann,,-1,\n", r"line 2, start: '-1' \(valid: seconds"),
        (HEADER + "a.wav,sad,ann,,,nan\n", r"line 2, end: 'nan' \(valid: seconds"),
        (HEADER + "a.wav,sad,ann,,2,1.5\n", r"line 2, end: 1.5 is not after the start, 2.0"),
        (HEADER + "a.wav,sad,ann,,,\n" * 2, r"line 3, path: the same recording as in line 2"),
        (HEADER + "a.wav,sad,ann,m,,\n" * 3, r"line 2, sex: .* \(lines with errors: 3\)"),
        (HEADER + '"a\n.wav",sad,ann,,,\na.wav,sad,ann,m,,\n', r"line 2, path: .* \(lines with errors: 2\)"),
        (HEADER + '"a.wav,sad', r"line 2: unexpected end of data"),
        (b"path,emotion,speaker\na.wav,sad,J\xf6rg\n", r"is not UTF-8 \(at byte 32\)"),
    ],
)
def test_an_error_names_file_line_and_field(place: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(CorpusError, match=rf"my list\.csv.*{message}") as error:
        read(written(place, text), "me")
    assert "\n" not in str(error.value)


def test_a_line_is_counted_as_an_editor_counts_it(place: Path) -> None:
    text = HEADER.replace("sex", "sentence") + 'a.wav,sad,ann,"two\nlines",,\nb.wav,sad,ann,,x,\n'
    with pytest.raises(CorpusError, match="line 4, start"):
        read(written(place, text), "me")
