"""Running the application, with uvicorn."""

from __future__ import annotations

import logging
import math
import os
import socket
from collections.abc import Callable, Sequence

import uvicorn

from ..errors import UsageError
from .access import MAKE_TOKEN, TOKEN_VARIABLE, Access, is_loopback
from .app import create_app
from .connections import patient
from .limits import ServerLimits

HOST = "127.0.0.1"
PORT = 8765


def serve(
    models: Sequence[str] = ("tone",),
    host: str = HOST,
    port: int = PORT,
    *,
    words: str | None = None,
    access: Access | None = None,
    limits: ServerLimits | None = None,
    tell: Callable[[str], object] = lambda address: None,
) -> None:
    """Run the server until a signal ends it (SIGINT, SIGTERM); what it is doing then is finished first.

    Args:
        models: names of built-in models, or paths of bundles; the first is used where none is named.
        host: an address or name of this machine.
        port: 0 takes a free one.
        words: a Whisper model, by name or folder; None writes down no words.
        access: who may ask.
        limits: what requests may take.
        tell: called with the address once it answers.

    Raises:
        UsageError: if others than this machine could reach it, and no token is asked for.
        BundleError: if a model is refused.
        OSError: if the address is taken.
    """
    access, limits = access or Access(), limits or ServerLimits()
    if access.token is None and not is_loopback(host):
        raise UsageError(
            f"others can reach {host}; give a token, by {TOKEN_VARIABLE} or --token (make one: {MAKE_TOKEN})"
        )
    known = Access(access.token, (*access.hosts, host), access.origins)
    with bound(host, port) as listener:
        config = uvicorn.Config(
            create_app(models, words, limits=limits, access=known),
            http=patient(limits.header_seconds),
            ws="websockets-sansio",
            ws_max_size=limits.message_bytes,
            ws_per_message_deflate=False,  # sound does not get smaller by it, and a bomb would
            timeout_keep_alive=math.ceil(limits.idle_seconds),
            timeout_graceful_shutdown=math.ceil(limits.drain_seconds),
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_level="warning",
            lifespan="on",
        )
        logging.getLogger("uvicorn.error").addFilter(without_trace)
        _Server(config, lambda: tell(address(listener))).run(sockets=[listener])


def without_trace(record: logging.LogRecord) -> bool:
    """Let a log's line pass, without the traceback where a client sent bytes that are no text: no fault of ours."""
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info = None
    return True


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, tell: Callable[[], object]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()


def bound(host: str, port: int) -> socket.socket:
    """A socket at that address, which does not listen yet.

    Raises:
        UsageError: if the port is out of range.
        OSError: if the address is taken, or not this machine's.
    """
    if not 0 <= port <= 65_535:
        raise UsageError(f"port {port} is out of range; valid: 0 to 65535")
    family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere two servers could share a port by it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except OSError as error:
        listener.close()
        error.filename = f"{host}:{port}"
        raise
    return listener


def address(listener: socket.socket) -> str:
    """Where a browser finds it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
