"""What the server refuses, in the shape in which OpenAI's API tells errors, so that its clients understand.

{"error": {"message": "...", "type": "invalid_request_error", "param": null, "code": "body_too_large"}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import SpeechEmotionError, visible

RETRY_SECONDS = 1
"""After which a client may ask a busy server again."""


class RefusedError(SpeechEmotionError):
    """A request that is not answered as it was meant.

    Attributes:
        status: of the HTTP response.
        code: a word for programs.
        param: the field that is wrong, where it is one.
        headers: of the response.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(visible(message))
        self.status, self.code, self.param = status, code, param
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """As JSON shows it."""
        return body(self.status, self.code, str(self), self.param)


def body(status: int, code: str, message: str, param: str | None = None) -> dict[str, Any]:
    """An error as JSON shows it."""
    kind = "server_error" if status >= 500 else "authentication_error" if status == 401 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def busy() -> RefusedError:
    """Of a server that has enough to do."""
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return RefusedError(503, "busy", f"the server is busy; ask again in {RETRY_SECONDS} s", headers=headers)


def unknown_model(name: str, known: tuple[str, ...], option: str = "--model") -> RefusedError:
    """Of a model that this server does not have."""
    there = f"there are: {', '.join(known)}" if known else f"there are none; start the server with {option}"
    return RefusedError(404, "model_not_found", f"there is no model '{name}' ({there})", "model")
