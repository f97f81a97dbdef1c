"""Which recordings belong together: those of one folder, or those to which a CSV gives one name.

A CSV lists recordings to hear in its column ``path``, relative to the CSV. Any other column may say what they have in
common: who speaks, which call it was, which day.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from ..corpora.listing import cells_of, columns_of, named
from ..errors import CorpusError, UsageError

TABLES = (".csv", ".tsv")
"""Endings of files that list recordings."""

FOLDER = "folder"

SPEAKER = "speaker"
"""The column that is taken where none is named."""

PATH = "path"

PART = ("start", "end")
"""Columns that say which part of a recording is meant."""

Group = Callable[[str], "str | None"]
"""The group of a recording, by its path; None where it is of no group that is known."""


def is_table(name: str) -> bool:
    """Whether a name is that of a file that lists recordings."""
    return name.lower().endswith(TABLES) and os.path.isfile(name)


def listed(name: str) -> tuple[list[str], list[dict[str, str]]]:
    """The columns of a CSV, and its lines.

    Args:
        name: the CSV: UTF-8, its cells separated by commas, semicolons or tabs.

    Returns:
        The header in lower case, and of each line that is not blank the cells by column; ``path`` is made whole.

    Raises:
        CorpusError: if it cannot be read, has no column ``path``, or a line has too few cells, no path, or names a
            part of a recording.
    """
    place = Path(name)
    lines = cells_of(place)
    columns = columns_of(lines)
    if PATH not in columns:
        raise CorpusError(f"{place}, line 1: no column 'path' (the header is: {', '.join(columns)})")
    found = []
    for number, cells in lines:
        row = named(f"{place}, line {number}", columns, cells)
        if not row[PATH]:
            raise CorpusError(f"{place}, line {number}, path: is blank")
        if any(row.get(column) for column in PART):
            raise CorpusError(
                f"{place}, line {number}: a {' or an '.join(PART)} is named, but recordings are heard whole; blank it"
            )
        found.append({**row, PATH: str(place.parent / row[PATH])})
    if not found:
        raise CorpusError(f"{place} lists no recording")
    return columns, found


def grouped(names: Sequence[str], by: str | None = None) -> Group:
    """How recordings are told apart.

    Args:
        names: as a call gives them: files, folders, and CSVs that list recordings.
        by: ``folder``, or a column that every CSV has; None takes a CSV's column ``speaker`` where it has one, and
            the folder of all else.

    Returns:
        The group of a path. By a column, a recording that no CSV lists, or whose cell is blank, is of no group.

    Raises:
        UsageError: if no CSV is named, or one has no such column, or a recording is in two groups.
        CorpusError: if a CSV cannot be read.
    """
    tables = [(name, *listed(name)) for name in names if is_table(name)] if by != FOLDER else []
    if by not in (None, FOLDER) and not tables:
        raise UsageError(
            f"recordings are grouped by 'folder' or by a column of a CSV that lists them; '{by}' is neither here"
        )
    known: dict[str, str | None] = {}
    for name, columns, rows in tables:
        column = SPEAKER if by is None else by.lower()
        if column not in columns:
            if by is None:
                continue
            raise UsageError(f"{name} has no column '{by}' (it has: {', '.join(columns)})")
        for row in rows:
            group = row[column] or None
            if known.setdefault(row[PATH], group) != group:
                raise UsageError(f"{name}: {row[PATH]} is in two groups, '{known[row[PATH]]}' and '{group}'")
    return lambda path: known[path] if path in known else folder_of(path) if by in (None, FOLDER) else None


def folder_of(path: str) -> str:
    """The folder of a recording.

    Example:
        >>> folder_of("calls/ann/1.wav")
        'calls/ann'
    """
    return PurePath(path.replace("\\", "/")).parent.as_posix()
