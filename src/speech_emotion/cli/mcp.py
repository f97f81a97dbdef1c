"""``mcp``: tools for assistants."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import MissingExtraError, UsageError
from .scores import say_licence
from .terminal import say

NONE = "none"


def mcp(
    folders: Annotated[list[Path] | None, typer.Argument(help="In which recordings may be read.")] = None,
    model: Annotated[str, typer.Option(help="A built-in model, or a .semodel file.")] = "tone",
    words: Annotated[
        str, typer.Option(help="The Whisper model: a name, downloaded once, or a folder; none leaves words out.")
    ] = "base",
    microphone: Annotated[bool, typer.Option(help="Whether assistants may listen.")] = True,
    device: Annotated[str | None, typer.Option(help="Number, name or part of the name of a microphone.")] = None,
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP on loopback, in place of stdio.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Of --http; 0 takes a free one.")] = None,
) -> None:
    """Give an assistant ears, by the Model Context Protocol: recognize_emotion, transcribe_with_tone, listen_now.

    It speaks over standard input and output, as assistants start it, and ends with them.
    """
    if port is not None and not http:
        raise UsageError("--port goes with --http")
    if device is not None and not microphone:
        raise UsageError("--device and --no-microphone contradict each other")
    try:
        from ..serving.folders import Folders
        from ..serving.mcp import create_server, serve_http
    except ModuleNotFoundError as error:
        raise MissingExtraError("the tool server", "mcp") from error
    from ..models.bundle import load
    from ..recognition import whisper

    Folders(folders or ())  # checks them, before a Whisper model is fetched
    listener = load(model)
    place = None if words == NONE else whisper.find(words, told=say)
    server = create_server(listener, folders or (), place, listens=microphone, device=device, tell=say)
    say_licence(listener.provenance.origins)
    try:
        if http:
            serve_http(server, 8766 if port is None else port, lambda address: say(f"listening on {address}"))
        else:
            server.run("stdio")
    except KeyboardInterrupt:  # the way in which it is meant to end
        pass
