"""A CSV that lists recordings.

Paths are relative to the CSV and may lead into a zip archive; cells may be blank except path and emotion::

    path,emotion,speaker[,sentence,intensity,sex,language,start,end]

UTF-8, with or without a byte-order mark; semicolons and tabs separate as well as commas. Other columns are
ignored.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ..emotions import ALIASES, EMOTIONS, canonical
from ..errors import CorpusError, reason_of
from . import paths
from .utterance import Utterance

COLUMNS = ("path", "emotion", "speaker", "sentence", "intensity", "sex", "language", "start", "end")
"""What it may have; the first three it must have."""

SEXES = ("female", "male")

UNKNOWN_SPEAKER = "unknown"
"""The one speaker of all recordings whose speaker is not known."""

LONGEST = 1e7
"""Seconds into a file, a third of a year; more is a slip."""


def read(place: Path, name: str) -> list[Utterance]:
    """The recordings that a CSV lists.

    Args:
        place: the CSV.
        name: the corpus's name.

    Returns:
        One utterance a line, in the order of the lines.

    Raises:
        CorpusError: if a line is wrong; the message names file, line and field.
    """
    problems: list[str] = []
    utterances: list[Utterance] = []
    seen: dict[tuple[str, float | None, float | None], int] = {}
    lines = cells_of(place)
    columns = _checked(place, columns_of(lines))
    for begin, cells in lines:
        where = f"{place}, line {begin}"
        try:
            utterance = _row(place, name, where, columns, cells)
        except CorpusError as error:
            problems.append(str(error))
            continue
        first = seen.setdefault((utterance.path, utterance.start, utterance.end), begin)
        if first != begin:
            problems.append(f"{where}, path: the same recording as in line {first}")
        utterances.append(utterance)
    if problems:
        more = f" (lines with errors: {len(problems)})" if len(problems) > 1 else ""
        raise CorpusError(" ".join(problems[0].splitlines()) + more)
    if not utterances:
        raise CorpusError(f"{place} lists no recording")
    return utterances


def cells_of(place: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of a CSV: the header, and all that are not blank.

    Yields:
        The number of the line in which each begins, from 1, and its cells.

    Raises:
        CorpusError: if it cannot be read, or is no CSV.
    """
    try:
        text = place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{place} is not UTF-8 (at byte {error.start}); save it as CSV in UTF-8") from error
    except OSError as error:
        raise CorpusError(f"{place}: {reason_of(error)}") from error
    header = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    begin = 1
    try:
        for cells in rows:
            if begin == 1 or any(cell.strip() for cell in cells):
                yield begin, cells
            begin = rows.line_num + 1
    except csv.Error as error:
        raise CorpusError(f"{place}, line {rows.line_num}: {error}") from error


def columns_of(lines: Iterator[tuple[int, list[str]]]) -> list[str]:
    """The names in the header, in lower case; it is taken from the lines."""
    _, header = next(lines, (1, []))
    return [" ".join(name.split()).lower() for name in header]


def named(where: str, columns: list[str], cells: list[str]) -> dict[str, str]:
    """The cells of a line by column, without blanks around them.

    Raises:
        CorpusError: if there are not as many as columns.
    """
    if len(cells) != len(columns):
        raise CorpusError(f"{where}: {len(cells)} cells, but the header has {len(columns)}")
    return {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}


def _checked(place: Path, names: list[str]) -> list[str]:
    """The header's names; columns that are not ours are ignored unless they look like a slip."""
    for name in names:
        near = difflib.get_close_matches(name, [column for column in COLUMNS if column not in names], n=1, cutoff=0.7)
        if name not in COLUMNS and near:
            raise CorpusError(
                f"{place}, line 1: unknown column '{name}' (valid: {', '.join(COLUMNS)}); did you mean '{near[0]}'?"
            )
        if name in COLUMNS and names.count(name) > 1:
            raise CorpusError(f"{place}, line 1: column '{name}' is there twice")
    for column in COLUMNS[:3]:
        if column not in names:
            blank = "; its cells may be blank" if column == "speaker" else ""
            raise CorpusError(
                f"{place}, line 1: no column '{column}' (the header is: {', '.join(names)}; "
                f"it needs: {', '.join(COLUMNS[:3])}{blank})"
            )
    return names


def _row(place: Path, name: str, where: str, columns: list[str], cells: list[str]) -> Utterance:
    value = named(where, columns, cells)
    for column in ("path", "emotion"):
        if not value[column]:
            valid = f" (known: {', '.join(EMOTIONS)})" if column == "emotion" else ""
            raise CorpusError(f"{where}, {column}: is blank{valid}")
    path = str(place.parent / value["path"])
    if not paths.exists(path):
        raise CorpusError(f"{where}, path: no such file '{value['path']}' beside the CSV")
    sex = value.get("sex", "").lower() or None
    if sex is not None and sex not in SEXES:
        raise CorpusError(f"{where}, sex: '{sex}' (valid: {', '.join(SEXES)}, or blank)")
    start, end = (_seconds(where, column, value.get(column, "")) for column in ("start", "end"))
    if end is not None and end <= (start or 0.0):
        raise CorpusError(f"{where}, end: {end} is not after the start, {start or 0.0}")
    return Utterance(
        path=path,
        emotion=emotion(value["emotion"], f"{where}, emotion"),
        speaker=f"{name}/{value['speaker'] or UNKNOWN_SPEAKER}",
        corpus=name,
        sentence=value.get("sentence") or None,
        intensity=value.get("intensity") or None,
        sex=sex,
        language=value.get("language") or None,
        start=start,
        end=end,
    )


def emotion(label: str, where: str) -> str:
    """The name of an emotion; any word will do, except one that is nearly a known one.

    Args:
        label: as it was written.
        where: that place, for the error.

    Raises:
        CorpusError: if the label looks like a slip; the message suggests what was meant.

    Example:
        >>> emotion("Anger", "my.csv, line 2"), emotion("sarcastic", "my.csv, line 3")
        ('angry', 'sarcastic')
    """
    word, meant = _understood(label)
    if meant:
        raise CorpusError(f"{where}: unknown emotion '{label}' (known: {', '.join(EMOTIONS)}); did you mean '{meant}'?")
    return word


@lru_cache(maxsize=256)
def _understood(label: str) -> tuple[str, str]:
    """The emotion's name, one object for all that have it; and what was meant where that is a slip, or nothing."""
    word = canonical(label)
    near = [] if word in EMOTIONS else difflib.get_close_matches(word, [*EMOTIONS, *ALIASES], n=1, cutoff=0.86)
    return word, "".join(near)


def _seconds(where: str, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST:
        raise CorpusError(f"{where}, {column}: '{text}' (valid: seconds, 0 or more, such as 1.25; or blank)")
    return seconds
