"""The application: what is asked at which path, and in which words it is answered.

Everything that can be wrong is told in OpenAI's shape (:mod:`.refusals`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse

from ..errors import SpeechEmotionError
from .access import Access
from .guard import Guard, refused
from .limits import ServerLimits
from .refusals import RefusedError
from .routes import add_emotion, add_state, add_transcriptions
from .service import Service
from .site import add_page


def create_app(
    models: Sequence[str] = ("tone",),
    words: str | None = None,
    *,
    limits: ServerLimits | None = None,
    access: Access | None = None,
) -> FastAPI:
    """The application, as any ASGI server can run it; :func:`.server.serve` runs it with all limits in force.

    Args:
        models: names of built-in models, or paths of bundles; the first is used where none is named.
        words: a Whisper model, by name or folder; None writes down no words.
        limits: what requests may take; None is as :class:`.ServerLimits` says.
        access: who may ask; None is anyone on this machine.

    Raises:
        BundleError: if a bundle is refused.
        UsageError: if there is no built-in model of that name.
    """
    service = Service(models, words, limits or ServerLimits())
    app = FastAPI(
        title="speech-emotion",
        version=version("speech-emotion"),
        description="Hears how something is said: scores for recordings and for sound that goes on.",
        lifespan=service.lifespan,
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    access = access or Access()
    if access.origins:
        app.add_middleware(CORSMiddleware, allow_origins=access.origins, allow_methods=["*"], allow_headers=["*"])
    app.add_middleware(Guard, access=access, metrics=service.metrics)
    app.add_exception_handler(SpeechEmotionError, _told)
    app.add_exception_handler(RequestValidationError, _told)
    app.add_exception_handler(HTTPException, _told)
    app.add_exception_handler(Exception, _failed)
    add_page(app)
    add_state(app, service)
    add_emotion(app, service)
    add_transcriptions(app, service)
    app.add_api_websocket_route("/v1/stream", service.stream)
    return app


async def _told(_: Request, error: Exception) -> JSONResponse:
    """What someone did wrong."""
    if isinstance(error, RefusedError):
        return refused(error)
    if isinstance(error, RequestValidationError):
        return refused(_invalid(error.errors()))
    if isinstance(error, HTTPException):
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        return refused(RefusedError(error.status_code, code, str(error.detail), headers=error.headers))
    return refused(RefusedError(422, "invalid_value", str(error)))


def _invalid(found: Sequence[Mapping[str, Any]]) -> RefusedError:
    first = found[0]
    name = ".".join(str(part) for part in first["loc"] if part not in ("query", "body", "path"))
    said = (
        "there is no such option; /openapi.json has those there are"
        if first["type"] == "extra_forbidden"
        else first["msg"]
    )
    return RefusedError(422, "invalid_value", f"{name}: {said}", name or None)


async def _failed(_: Request, __: Exception) -> JSONResponse:
    """What went wrong here; the log has the reason, the client need not know it."""
    return refused(RefusedError(500, "internal", "the server failed; what was sent is not to blame"))
