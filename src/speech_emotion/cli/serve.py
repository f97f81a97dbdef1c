"""``serve``: tone over HTTP and WebSocket."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import MissingExtraError
from .scores import say_licence
from .terminal import say
from .terminal import words as names_in

TOKEN = "SPEECH_EMOTION_TOKEN"


def serve(
    model: Annotated[
        str, typer.Option(help="Models by comma, built-in or .semodel; the first is the default.")
    ] = "tone",
    words: Annotated[str | None, typer.Option(help="Also transcribe: a Whisper model, by name or folder.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; all but loopback need a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    token: Annotated[str | None, typer.Option(envvar=TOKEN, help="That clients must send.", show_envvar=True)] = None,
    allow_host: Annotated[str | None, typer.Option(help="Names that it is known by, by comma.")] = None,
    allow_origin: Annotated[str | None, typer.Option(help="Other pages that may ask, by comma.")] = None,
    body_mb: Annotated[float, typer.Option(help="MB of a body (413).")] = 25.0,
    audio_seconds: Annotated[float, typer.Option(help="Length of a recording (422).")] = 600.0,
    decode_seconds: Annotated[float, typer.Option(help="Time to decode one (422).")] = 20.0,
    decode_mb: Annotated[float, typer.Option(help="Memory to decode one, in MB (422).")] = 512.0,
    header_seconds: Annotated[float, typer.Option(help="Time for a request's headers (408).")] = 10.0,
    body_seconds: Annotated[float, typer.Option(help="Time for its body (408).")] = 120.0,
    idle_seconds: Annotated[float, typer.Option(help="Time without a byte (408; 1008 on a stream).")] = 30.0,
    concurrent: Annotated[int | None, typer.Option(min=1, help="Recordings at once; as many as cores.")] = None,
    waiting: Annotated[int, typer.Option(min=0, help="Requests that may wait beyond those (503).")] = 32,
    streams: Annotated[int, typer.Option(min=0, help="Streams at once (1013).")] = 64,
    message_kb: Annotated[float, typer.Option(help="KB of a message on a stream (1009).")] = 1024.0,
    drain_seconds: Annotated[float, typer.Option(help="Time to finish at a shutdown.")] = 30.0,
) -> None:
    """Answer over HTTP and WebSocket, until Ctrl-C; what is being done then is finished first.

    No sound is written to disk or to a log.
    """
    try:
        from ..serving.access import Access
        from ..serving.limits import ServerLimits
        from ..serving.server import serve as run
    except ModuleNotFoundError as error:
        raise MissingExtraError("the server", "serve") from error
    from ..models.bundle import verify
    from ..workers import cores

    limits = ServerLimits(
        body_mb=body_mb,
        audio_seconds=audio_seconds,
        decode_seconds=decode_seconds,
        decode_mb=decode_mb,
        header_seconds=header_seconds,
        body_seconds=body_seconds,
        idle_seconds=idle_seconds,
        concurrent=concurrent or cores(),
        waiting=waiting,
        streams=streams,
        message_kb=message_kb,
        drain_seconds=drain_seconds,
    )
    access = Access(token or None, tuple(names_in(allow_host) or ()), tuple(names_in(allow_origin) or ()))
    names = names_in(model) or []
    origins = [origin for name in names for origin in verify(name).provenance.origins]
    if words is not None:
        from ..recognition.whisper import find

        find(words, say)  # says so, where it has to be downloaded
    say_licence(tuple(dict.fromkeys(origins)))
    try:
        run(
            names,
            host,
            port,
            words=words,
            access=access,
            limits=limits,
            tell=lambda place: say(f"listening on {place}"),
        )
    except KeyboardInterrupt:  # the way in which it is meant to end
        say("stopped")
