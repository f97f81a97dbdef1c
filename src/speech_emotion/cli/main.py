"""The command ``speech-emotion``: its sub-commands, and how every error is told.

An error is one line on standard error. Exit status 0: all done; 1: some inputs failed; 2: the call was wrong;
130: interrupted.
"""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from ..errors import SpeechEmotionError, reason_of, visible
from . import (
    chat,
    corpus,
    demo,
    evaluate,
    extract,
    listen,
    mcp,
    models,
    predict,
    profiles,
    resample,
    search,
    serve,
    train,
)
from .terminal import say

ESCAPED = "speech-emotion.escaped"
"""How a letter is written that the stream's encoding lacks: as \\u00e9, which JSON understands; \\xe9 it does not."""

INTERRUPTED = 130
BROKEN_PIPE = 141

app = typer.Typer(
    name="speech-emotion",
    help="Hears how something is said: trains, judges honestly and runs speech emotion models.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("speech-emotion"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command()(demo.demo)
app.command()(predict.predict)
app.command()(listen.listen)
app.add_typer(profiles.app, name="profiles")
app.command()(serve.serve)
app.command()(chat.chat)
app.command()(mcp.mcp)
app.add_typer(corpus.app, name="corpus")
app.command()(resample.resample)
app.command()(extract.extract)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(search.search)
app.add_typer(models.app, name="models")


def main() -> None:
    """Run the command and exit with its status."""
    codecs.register_error(ESCAPED, _escaped)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        say("error: standard output is closed, so there is nowhere to print the result")
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):  # a name or a dash that the terminal cannot show is no reason to fail
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPED)
    sys.exit(run(sys.argv[1:]))


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def run(arguments: list[str]) -> int:
    """Run the command.

    Args:
        arguments: without the program's name.

    Returns:
        The exit status.
    """
    try:
        with _sigterm_as_interrupt():
            status = app(arguments, standalone_mode=False)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: its message is the help itself
            print(error.format_message(), file=sys.stderr)
        else:
            say(f"error: {_in_one_line(error)}")
        return 2
    except SpeechEmotionError as error:
        say(f"error: {error}")
        return error.exit_status
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise  # of a broken pipe, typer makes status 1
        # Whoever read our output has what they wanted (`| head`); closing must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except MemoryError:
        say("error: out of memory; cut long recordings into utterances, or use fewer processes: --workers 1")
        return 1
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT) and not name
        hint = "; where standard output goes, or in the folder that is written to" if full else ""
        say(f"error: {name}{reason_of(error)}{hint}")
        return 1
    if status == INTERRUPTED:  # typer's word for Ctrl-C
        say("interrupted")
    return status if isinstance(status, int) else 0


def _in_one_line(error: TyperException) -> str:
    text = " ".join(error.format_message().split()) if hasattr(error, "format_message") else str(error)
    errors = getattr(error.__context__, "errors", None)
    if errors is not None:  # pydantic's, which know what was given: the message that typer makes of them does not
        text = text.replace("Input should", f"'{visible(str(errors()[0]['input']))}' should")
    context = getattr(error, "ctx", None)
    help_ = f" (see {context.command_path} --help)" if context is not None else ""
    return f"{text.rstrip('.')}{help_}"


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let a termination signal end the work as Ctrl-C does."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
