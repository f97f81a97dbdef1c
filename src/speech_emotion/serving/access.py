"""Who may ask: by token, and only under names and from pages that are meant.

A page on the web may ask a server on its reader's own machine, under a name of its own that it lets point there (DNS
rebinding). So the name in ``Host`` must be one that the server is known by, or an address, which no foreign page can
have; and ``Origin``, which browsers send and pages cannot change, must be the server itself or one that was allowed.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ..errors import SpeechEmotionError, UsageError, reason_of
from .refusals import RefusedError
from .site import PREFIX

TOKEN_VARIABLE = "SPEECH_EMOTION_TOKEN"

TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,}")
"""So that it can stand in every header, and is not guessed."""

MAKE_TOKEN = "python -c 'import secrets; print(secrets.token_urlsafe())'"

SUBPROTOCOL_TOKEN = "bearer."
"""Before the token, among the sub-protocols of a WebSocket: a page can set no header there."""

OPEN = ("/", "/healthz", "/readyz")
"""Paths that need no token; the page needs one for what it asks."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask.

    Attributes:
        token: that a request must bear; None asks for none.
        hosts: names that the server is known by, beside ``localhost`` and addresses.
        origins: of pages of other servers that may ask: ``https://example.org``.

    Raises:
        UsageError: if the token is too weak, or an origin is none.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.token is not None and not TOKEN.fullmatch(self.token):
            raise UsageError(f"a token needs 16 or more of the letters A-Z a-z 0-9 . _ ~ - (make one: {MAKE_TOKEN})")
        for origin in self.origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}":
                raise UsageError(f"'{origin}' is no origin; valid: https://example.org, with the port if it has one")

    def check(self, headers: Headers, path: str, bears_token: bool = True) -> None:
        """Refuse who may not ask.

        Args:
            headers: of the request.
            path: that it asks for.
            bears_token: whether it can; a browser's question before the request (CORS) cannot.

        Raises:
            RefusedError: with the reason.
        """
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._knows(host):
            raise RefusedError(403, "host", f"this server is not known as '{host}'; start it with --allow-host")
        origin = headers.get("origin")
        if origin is not None and origin not in self.origins and not _same(origin, host):
            raise RefusedError(403, "origin", f"pages of '{origin}' may not ask; start the server with --allow-origin")
        is_open = path in OPEN or path.startswith(PREFIX)
        if self.token is not None and bears_token and not is_open and not self._is_token(_token(headers)):
            raise RefusedError(
                401, "token", "the token is missing or wrong; send 'Authorization: Bearer TOKEN'",
                headers={"WWW-Authenticate": "Bearer"},
            )  # fmt: skip

    def _knows(self, host: str) -> bool:
        name = _name(host)
        return name == "localhost" or _is_address(name) or name in (each.lower() for each in self.hosts)

    def _is_token(self, given: str) -> bool:
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that is bound to this name.

    Raises:
        SpeechEmotionError: if the name means no address.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SpeechEmotionError(f"no address is known for '{host}' ({reason_of(error)})") from error
    return all(ipaddress.ip_address(str(address[0]).split("%")[0]).is_loopback for *_, address in found)


def _name(host: str) -> str:
    """A ``Host`` header without the port, in small letters."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/@]+)(?::\d{1,5})?", host)
    return found[1].strip("[]").rstrip(".").lower() if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same(origin: str, host: str) -> bool:
    scheme, _, place = origin.partition("://")
    return scheme in ("http", "https") and place.lower() == host.lower()


def _token(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    offered = [name.strip() for each in headers.getlist("sec-websocket-protocol") for name in each.split(",")]
    return next((name[len(SUBPROTOCOL_TOKEN) :] for name in offered if name.startswith(SUBPROTOCOL_TOKEN)), "")
