"""What every command shares: where words go, and how long work shows itself.

Data goes to standard output; progress, warnings and errors to standard error. Progress is drawn on a terminal only.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import UsageError, visible
from ..workers import Progress

if TYPE_CHECKING:
    import typer
    from rich.console import Console


STANDARD_INPUT = "-"
"""In place of a file's name."""


def say(text: str = "") -> None:
    """One line for the person at the terminal, on standard error."""
    print(visible(text), file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """One line of warning, on standard error."""
    say(f"warning: {text}")


WIDE = 1000
"""Letters of a line of a table in a pipe."""


def output() -> Console:
    """A console on standard output: coloured on a terminal; plain text in a pipe, where no line is broken."""
    from rich.console import Console

    piped = not sys.stdout.isatty()
    return Console(highlight=False, markup=False, soft_wrap=piped, width=WIDE if piped else None)


def words(value: str | None) -> list[str] | None:
    """The names in a comma-separated option, or None where it was not given.

    Example:
        >>> words("calm, happy")
        ['calm', 'happy']
    """
    if value is None:
        return None
    names = [word.strip() for word in value.split(",") if word.strip()]
    if not names:
        raise UsageError(f"'{value}' names nothing; give names by comma, or leave the option out")
    return names


def again(
    context: typer.Context, without: Collection[str] = ("workers", "cluster"), always: Collection[str] = ("seed",)
) -> str:
    """The command line that does this again: what was given, and the seed.

    Args:
        context: of the command.
        without: parameters that do not change the result.
        always: parameters that are named even where they were not given.
    """
    arguments: list[str] = []
    options: list[str] = []
    for parameter in context.command.params:
        name, value = parameter.name or "", context.params.get(parameter.name or "")
        source = context.get_parameter_source(name)
        given = source is not None and source.name != "DEFAULT"
        if name in without or not (given or name in always) or value is None:
            continue
        if parameter.param_type_name == "argument":
            arguments += map(str, value if isinstance(value, (list, tuple)) else [value])
        elif isinstance(value, bool):
            options.append((parameter.opts if value else parameter.secondary_opts)[0])
        else:
            options += [max(parameter.opts, key=len), str(value)]
    return shlex.join(["speech-emotion", context.info_name or "", *arguments, *options])


@contextmanager
def progress(label: str, unit: str = "") -> Iterator[Progress]:
    """A progress bar on standard error while the work lasts; nothing where that is no terminal.

    Args:
        label: what is being done.
        unit: ``"bytes"`` shows sizes and speed instead of counts.

    Yields:
        A function to be called with how many are done and how many there are.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bars

    amount: list[ProgressColumn] = [MofNCompleteColumn()]
    if unit == "bytes":
        amount = [DownloadColumn(), TransferSpeedColumn()]
    columns = [TextColumn("{task.description}"), BarColumn(), *amount, TimeRemainingColumn()]
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=None, visible=False)
        yield lambda done, total: bars.update(task, completed=done, total=total, visible=True)
