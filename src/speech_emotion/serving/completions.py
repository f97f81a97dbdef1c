"""Asks an OpenAI-compatible chat endpoint and gives its reply as it comes.

By the standard library alone: one POST, answered by server-sent events (WHATWG HTML, section 9.2) or, by servers that
do not stream, by one JSON object. Redirects are not followed, so that the key goes only where it was meant to.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..errors import ChatError, UsageError, reason_of, visible
from ..recognition.transcript import plain

LOCAL = "http://127.0.0.1:11434/v1"
"""Where Ollama listens."""

TIMEOUT = 60.0
"""Seconds in which nothing comes, after which it is given up."""

LONGEST_TIMEOUT = 86_400.0
"""Seconds, a day; a socket cannot wait for any number."""

LONGEST = 1_000_000
"""Bytes of a line, and letters of a reply, beyond which it is broken off."""

REASON = 200
"""Letters of a server's own words that are shown."""

_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, and how.

    Attributes:
        url: up to ``/v1``, or with ``/chat/completions`` behind it.
        model: as the server calls it.
        key: sent as a bearer token; never shown.
        timeout: seconds in which nothing comes, after which it is given up.

    Raises:
        UsageError: if one of them cannot be.
    """

    url: str = LOCAL
    model: str = "llama3.2"
    key: str | None = field(default=None, repr=False)
    timeout: float = TIMEOUT

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            (parts.hostname or "").encode("idna")  # as a socket will
        except ValueError:
            fits = False
        if not fits or not self.url.isascii() or not self.url.isprintable() or " " in self.url:
            raise UsageError(f"'{visible(self.url)}' is no address; give one like {LOCAL}")
        if parts.username is not None:
            raise UsageError("an address must not hold a user or password; name the key's variable by --api-key-env")
        if self.key is not None and not (self.key.isascii() and self.key.isprintable() and " " not in self.key.strip()):
            raise UsageError("the API key has letters that no key has")
        if not 0 < self.timeout <= LONGEST_TIMEOUT:
            raise UsageError(
                f"a time-out of {self.timeout:g} s is none; give seconds above 0, up to {LONGEST_TIMEOUT:g}"
            )

    @property
    def place(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def reply(self, messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """What the model says, piece by piece.

        Args:
            messages: as OpenAI has them, each with ``role`` and ``content``.

        Raises:
            ChatError: if the server cannot be reached, refuses, stays silent or breaks off. What came before that was
                given already.
        """
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/").removesuffix(_PATH) + _PATH
        asked = json.dumps({"model": self.model, "messages": [dict(each) for each in messages], "stream": True})
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key.strip()}"
        with self._told(), closing(self._connection()) as connection:
            connection.request("POST", f"{path}?{parts.query}" if parts.query else path, asked.encode(), headers)
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.OK:
                raise self._error(f"says {answer.status} {_reason(answer.read(LONGEST), answer.reason)}")
            letters = 0
            for piece in self._pieces(answer):
                letters += len(piece)
                if letters > LONGEST:
                    raise self._error(f"sends more than {LONGEST} letters")
                if piece:
                    yield piece
            if not letters:
                raise self._error("sends a reply without text")

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=self.timeout)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=self.timeout, context=context)

    def _pieces(self, answer: http.client.HTTPResponse) -> Iterator[str]:
        if answer.headers.get_content_type() == "application/json":
            yield from self._text(answer.read(LONGEST + 1), "message")[0]
            return
        done = begun = False
        for data in self._events(answer):
            if data == b"[DONE]":
                return
            pieces, finished = self._text(data, "delta")
            yield from pieces
            done, begun = done or finished, True
        if not begun and answer.headers.get_content_type() != "text/event-stream":
            raise self._error("sends what is no chat completion")
        if not done:
            raise self._error("broke off in the middle of its reply")

    def _events(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        """The data of each event."""
        data: list[bytes] = []
        while line := answer.readline(LONGEST + 1):
            if len(line) + sum(map(len, data)) > LONGEST:
                raise self._error(f"sends an event of more than {LONGEST} bytes")
            text = line.rstrip(b"\r\n")
            if text.startswith(b"data:"):
                data.append(text.removeprefix(b"data:").removeprefix(b" "))
            elif not text and data:
                yield b"\n".join(data)
                data = []
        if data:
            yield b"\n".join(data)

    def _text(self, data: bytes, part: str) -> tuple[list[str], bool]:
        """The text in a chunk or a whole answer, and whether it is the last."""
        try:
            values = json.loads(data)
            if values.get("error"):
                raise self._error(f"says {_reason(data, '')}")
            choices = values.get("choices") or [{}]  # the last chunk may hold the usage alone
            text = (choices[0].get(part) or {}).get("content") or ""
            finished = choices[0].get("finish_reason") is not None
        except (ValueError, AttributeError, IndexError, KeyError, TypeError, RecursionError) as error:
            raise self._error("sends what is no chat completion") from error
        if not isinstance(text, str):
            raise self._error("sends what is no chat completion")
        return [text], finished

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Every failure as one line."""
        try:
            yield
        except TimeoutError as error:
            raise self._error(f"sent nothing for {self.timeout:g} s") from error
        except http.client.IncompleteRead as error:
            raise self._error("broke off in the middle of its reply") from error
        except http.client.HTTPException as error:
            raise self._error("does not speak HTTP, or closed the connection") from error
        except OSError as error:
            raise self._error(f"cannot be reached ({reason_of(error)})") from error

    def _error(self, text: str) -> ChatError:
        line = plain(f"{self.place} {text}")
        return ChatError(line.replace(self.key.strip(), "…") if self.key and self.key.strip() else line)


def _reason(body: bytes, otherwise: str) -> str:
    """A server's own words on what is wrong, in one short line."""
    text = body.decode(errors="replace")
    try:
        said = json.loads(text)
        found = said.get("error", said.get("message", said.get("detail"))) if isinstance(said, dict) else said
        found = found.get("message", found) if isinstance(found, dict) else found
    except (ValueError, RecursionError):
        found = otherwise if text.lstrip().startswith("<") else text
    line = plain(str(found or otherwise))
    return line if len(line) <= REASON else f"{line[:REASON]}…"
