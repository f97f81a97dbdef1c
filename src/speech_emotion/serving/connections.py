"""HTTP connections that are not kept waiting: uvicorn's own, and a time in which a request's headers must have come.

What it refuses itself (a request that is no HTTP, headers that do not come) is told in the shape of everything else.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import refusals


class Connection(H11Protocol):
    """One connection. ``header_seconds`` is set on a child of it; see :func:`patient`."""

    header_seconds = 10.0
    _waiting: asyncio.TimerHandle | None = None
    _handed_on = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Someone connected: the clock runs."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes came: those of a request that is being answered, or of the next one, for which the clock runs."""
        super().data_received(data)
        if self._handed_on or (self.cycle is not None and not self.cycle.response_complete):
            self._stop_waiting()
        else:
            self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The connection is another protocol's now, which has times of its own."""
        self._handed_on = True
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say that this was no HTTP request."""
        self._refuse(400, "bad_request", msg.rstrip("."))

    def _wait(self) -> None:
        if self._waiting is None and not self.transport.is_closing():
            self._waiting = self.loop.call_later(self.header_seconds, self._waited)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _waited(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self._refuse(408, "header_timeout", f"the headers did not come within {self.header_seconds:g} s")

    def _refuse(self, status: int, code: str, message: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            content = json.dumps(refusals.body(status, code, message)).encode()
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(content))),
                ("connection", "close"),
            ]
            events: list[Any] = [
                h11.Response(status_code=status, headers=headers),
                h11.Data(content),
                h11.EndOfMessage(),
            ]
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def patient(header_seconds: float) -> type[Connection]:
    """Connections whose headers must come within so many seconds."""
    return type("PatientConnection", (Connection,), {"header_seconds": header_seconds})
