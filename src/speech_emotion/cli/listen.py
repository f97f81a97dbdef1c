"""``listen``: the last three seconds, live."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..errors import SpeechEmotionError, UsageError, visible
from .scores import say_licence
from .terminal import STANDARD_INPUT, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models.model import Model
    from ..recognition.stream import Moment
    from ..recognition.summary import Summary

    Shown = tuple[Callable[[Moment, Summary], object], Callable[[str], object]]


def listen(
    device: Annotated[str | None, typer.Option(help="Number, name or part of the name of a microphone.")] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="Print the microphones and end.")] = False,
    replay: Annotated[str | None, typer.Option(help="A recording in place of the microphone; - is input.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Do not wait between the moments of --replay.")] = False,
    record: Annotated[Path | None, typer.Option(help="A new .wav or .flac file for what is heard.")] = None,
    model: Annotated[str, typer.Option(help="A built-in model, or a .semodel file.")] = "tone",
    window: Annotated[float, typer.Option(help="Seconds heard at once.")] = 3.0,
    hop: Annotated[float, typer.Option(help="Seconds from one answer to the next.")] = 0.5,
    smooth: Annotated[float, typer.Option(help="Time constant of smoothing, in seconds; 0 is none.")] = 0.0,
    adapt: Annotated[str, typer.Option(help="none, or session: to what was heard before.")] = "none",
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Say what the last three seconds sound like, twice a second, until Ctrl-C.

    No sound is kept or sent anywhere, unless --record is given. A microphone that is unplugged is waited for.
    """
    if list_devices:
        _print_devices()
        return
    _check(device, replay, fast, record)
    from ..models.bundle import load
    from ..recognition.summary import Summary

    listener = load(model)
    summary = Summary()
    options = {"window": window, "hop": hop, "smooth": smooth, "adapt": adapt}
    say_licence(listener.provenance.origins)
    with _shown(as_json, listener, replay or "") as (show, tell):
        moments = _moments(listener, device, replay, fast, record, tell, options)
        try:
            with closing(cast("Generator[Moment, None, None]", moments)):
                for moment in moments:
                    summary.add(moment)
                    show(moment, summary)
        except KeyboardInterrupt:  # the way in which it is meant to end
            pass
    for line in summary.lines():
        if as_json:
            say(line)
        else:
            print(line, flush=True)


def _check(device: str | None, replay: str | None, fast: bool, record: Path | None) -> None:
    if replay is None and fast:
        raise UsageError("--fast goes with --replay FILE")
    if replay is not None and device is not None:
        raise UsageError("--replay takes the place of the microphone; leave out --device")
    if replay is not None and record is not None:
        raise UsageError("--record is for the microphone; what --replay hears is a recording already")


def _moments(
    model: Model,
    device: str | None,
    replay: str | None,
    fast: bool,
    record: Path | None,
    tell: Callable[[str], object],
    options: dict[str, Any],
) -> Iterator[Moment]:
    from ..recognition import live

    if replay is None:
        return live.listen(model, device=device, record=record, tell=tell, **options)
    source = sys.stdin.buffer if replay == STANDARD_INPUT else replay
    return live.replay(source, model, real_time=not fast, **options)


def _print_devices() -> None:
    from ..audio.microphone import devices

    found = devices()
    for device in found:
        default = "  (default)" if device.default else ""
        print(f"{device.number:>3}  {visible(device.name)}  {device.channels} ch  {device.rate} Hz{default}")
    if not found:
        say("there is no microphone")


@contextmanager
def _shown(as_json: bool, model: Model, title: str) -> Iterator[Shown]:
    """How moments and words to the person are shown: as JSON, drawn on a terminal, or a line each in a pipe."""
    if as_json:
        yield lambda moment, _: print(json.dumps(moment.as_dict(), ensure_ascii=False), flush=True), say
    elif not sys.stdout.isatty():
        yield lambda moment, _: print(line(moment), flush=True), say
    else:
        with _drawn(model, title) as shown:
            yield shown


@contextmanager
def _drawn(model: Model, title: str) -> Iterator[Shown]:
    from rich.console import Console
    from rich.live import Live

    from .live_view import View

    console = Console(highlight=False, markup=False)
    view = View(model.emotions, title)
    with Live(view, console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def show(moment: Moment, summary: Summary) -> None:
            view.see(moment, summary)
            live.refresh()

        def tell(text: str) -> None:
            view.title = text
            live.refresh()

        try:
            yield show, tell
        except SpeechEmotionError:
            live.transient = True  # nothing was heard that is worth to stay on the screen
            raise


def line(moment: Moment) -> str:
    """A moment in one line, for pipes."""
    words = f"sounds {moment.emotion} {moment.confidence:.0%}" if moment.emotion else moment.label
    return f"{moment.end:8.1f} s  {words}{'  *' if moment.changed else ''}"
