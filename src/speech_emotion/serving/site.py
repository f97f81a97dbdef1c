"""The page at ``/``, for people who would rather look: drop recordings, or speak.

Its files lie in the folder ``page`` and are sent as they are. They hold nothing secret, so they need no token; what the
page asks of the server does. A strict Content-Security-Policy keeps it to this server: nothing inline, nothing remote.
"""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

PREFIX = "/page/"
"""Of the paths of its files."""

KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # a newer server brings a newer page
}


def add_page(app: FastAPI) -> None:
    """Answer ``/`` and the files that it asks for."""
    sent = {file.name: file.read_bytes() for file in (files(__package__) / "page").iterdir() if _kind(file.name)}

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in sent:
            raise HTTPException(404)
        return Response(sent[name], headers=HEADERS, media_type=_kind(name))

    for path in ("/", PREFIX + "{name}"):
        app.add_route(path, page, methods=["GET"], include_in_schema=False)


def _kind(name: str) -> str | None:
    return KINDS.get(name.rpartition(".")[2])
