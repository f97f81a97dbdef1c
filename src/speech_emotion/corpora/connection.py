"""One question to a web server: the rest of a file, from some byte on.

Tells apart what another attempt may mend (:class:`CutError`) and what it may not (``DownloadError``).
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import IO, NoReturn

from ..errors import DownloadError, reason_of

BLOCK = 1 << 18
"""Bytes asked of the connection at once."""


class CutError(Exception):
    """A failure that another attempt may mend.

    Attributes:
        wait: seconds that the server asks to be left alone.
        reached: whether there was a server at all.
    """

    def __init__(self, reason: object, wait: float = 0.0, reached: bool = True) -> None:
        super().__init__(" ".join(str(reason).split()))
        self.wait = wait
        self.reached = reached


def ask(url: str, start: int, timeout: float) -> tuple[http.client.HTTPResponse, int]:
    """Ask for a file from a byte on.

    Args:
        url: http or https, as is every place it may redirect to.
        start: the first byte wanted, from 0.
        timeout: seconds of silence after which the connection is given up.

    Returns:
        The response, and the byte at which its body begins: ``start``, or 0 if the server knows no ranges.

    Raises:
        CutError: if the server is not there, or is busy.
        DownloadError: if it refuses, or answers with a web page.
    """
    headers = {"User-Agent": "speech-emotion", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = _opener().open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            if start and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                return ask(url, 0, timeout)
            _refused(url, error)
    except (OSError, http.client.HTTPException) as error:
        raise CutError(reason_of(getattr(error, "reason", error)), reached=False) from error
    if response.headers.get_content_type() == "text/html":
        response.close()
        raise DownloadError(f"{url} answered with a web page; does this network ask for a login first?")
    if response.status != http.client.PARTIAL_CONTENT:
        return response, 0
    if response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        return response, start
    response.close()
    if not start:
        raise CutError("it answered with a part of the file that nobody asked for")
    return ask(url, 0, timeout)


def blocks(response: http.client.HTTPResponse, count: int) -> Iterator[bytes]:
    """Up to ``count`` bytes of the body, as they come.

    Raises:
        CutError: if the body ends before, in whichever way.
    """
    while count:
        try:
            block = response.read1(min(BLOCK, count))
        except (OSError, http.client.HTTPException) as error:
            raise CutError(f"the connection broke: {error}") from error
        if not block:
            raise CutError("the connection ended early")
        count -= len(block)
        yield block


def _refused(url: str, error: urllib.error.HTTPError) -> NoReturn:
    reason = " ".join(f"answered {error.code} {error.reason}".split())
    if error.code >= 500 or error.code in (408, 425, 429):
        seconds = error.headers.get("Retry-After", "")
        raise CutError(reason, wait=float(seconds) if seconds.isdecimal() else 0.0) from error
    raise DownloadError(f"cannot fetch {url}: the server {reason}") from error


class _WebOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme not in ("http", "https"):
            raise urllib.error.HTTPError(req.full_url, code, f"redirects to {newurl}", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Speaks http and https, through the user's proxy, and nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _WebOnly(),
    ):
        opener.add_handler(handler)
    return opener
