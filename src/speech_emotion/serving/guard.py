"""What stands before every request and stream: who may ask, and a count of what was asked."""

from __future__ import annotations

import time
from typing import Any

from h11 import LocalProtocolError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import Access
from .metrics import Metrics
from .refusals import RefusedError


class Guard:
    """Refuses who may not ask, before the application hears of it.

    Args:
        app: the application.
        access: who may.
        metrics: where everything is counted.
    """

    def __init__(self, app: ASGIApp, access: Access, metrics: Metrics) -> None:
        self._app, self._access, self._metrics = app, access, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer that it is refused."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        counted = self._counted(scope, send, begin) if scope["type"] == "http" else send
        headers = Headers(scope=scope)
        try:
            _check_length(headers)
            self._access.check(headers, scope["path"], not self._asks_before(scope))
        except RefusedError as refusal:
            await refused(refusal)(scope, receive, counted)
            return
        try:
            await self._app(scope, receive, counted)
        except Exception:  # is answered outside of this, with status 500
            if scope["type"] == "http":
                self._metrics.answered(route(scope), scope["method"], 500, time.perf_counter() - begin)
            raise

    def _asks_before(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        asks = scope.get("method") == "OPTIONS" and "access-control-request-method" in headers
        return asks and headers.get("origin") in self._access.origins

    def _counted(self, scope: Scope, send: Send, begin: float) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-content-type-options", b"nosniff")]
            status = message.get("status")
            try:
                await send(message)
            except LocalProtocolError:  # the body was no HTTP, and the server has answered by itself
                status = status and 400
            if status is not None:
                self._metrics.answered(route(scope), scope["method"], status, time.perf_counter() - begin)

        return counted


def _check_length(headers: Headers) -> None:
    """Refuse a request that ends at two places: a proxy may believe the other one, and what follows is smuggled."""
    if "content-length" in headers and "transfer-encoding" in headers:
        raise RefusedError(
            400, "two_lengths", "a request has a Content-Length or a Transfer-Encoding", headers={"Connection": "close"}
        )


def route(scope: dict[str, Any] | Scope) -> str:
    """The path as the application declares it; what it does not know is one word, as anyone can make up paths."""
    return getattr(scope.get("route"), "path", "other")


def refused(refusal: RefusedError) -> JSONResponse:
    """The response that tells a refusal; of a WebSocket, the one to its handshake."""
    return JSONResponse(refusal.body(), refusal.status, refusal.headers)
