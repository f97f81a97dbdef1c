"""The application: what is asked at which path, and in which words it is answered.

Everything that can be wrong is told in OpenAI's shape (:mod:`.refusals`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse

from ..audio.waveform import Waveform
from ..audio.windows import slide
from ..errors import SpeechEmotionError
from ..models.model import Model
from ..recognition.formats import as_dict
from ..recognition.recognizer import Recognition, recognize_segments
from . import refusals, uploads
from .access import Access
from .admission import Admission
from .decoding import Decoders
from .ears import Ears
from .guard import Guard, refused
from .limits import ServerLimits
from .metrics import Metrics
from .refusals import RefusedError
from .schemas import Emotion, EmotionOptions, ModelEntry, ModelList, State, errors
from .streams import follow

MOST_OVERLAP = 12
"""Windows that hear the same moment; more would make short recordings cost as much as long ones."""

RECORDING = {
    "requestBody": {
        "required": True,
        "description": "The recording: as a field `file` of a form, or as the body itself.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "audio/wav": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def create_app(
    models: Sequence[str] = ("tone",), limits: ServerLimits | None = None, access: Access | None = None
) -> FastAPI:
    """The application, as any ASGI server can run it; :func:`.server.serve` runs it with all limits in force.

    Args:
        models: names of built-in models, or paths of bundles; the first is used where none is named.
        limits: what requests may take; None is as :class:`.ServerLimits` says.
        access: who may ask; None is anyone on this machine.

    Raises:
        BundleError: if a bundle is refused.
        UsageError: if there is no built-in model of that name.
    """
    service = Service(models, limits or ServerLimits())
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
    _add_state(app, service)
    _add_emotion(app, service)
    app.add_api_websocket_route("/v1/stream", service.stream)
    return app


class Service:
    """What the application needs while it runs."""

    def __init__(self, models: Sequence[str], limits: ServerLimits) -> None:
        self.limits = limits
        self.admission = Admission(limits)
        self.metrics = Metrics(self.admission)
        self.decoders = Decoders(limits, self.metrics.decoder_replaced)
        self.ears = Ears(models, limits.concurrent)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Everything that runs beside the application, from its start to its end."""
        try:
            await self.decoders.start()
            await self.ears.hear(self.ears.warm)
            yield
        finally:
            await self.decoders.stop()
            self.ears.close()

    async def stream(self, websocket: WebSocket) -> None:
        """Sound that goes on."""
        await follow(websocket, self.ears, self.limits, self.admission, self.metrics)


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", tags=["state"], responses=errors(403))
    async def healthz() -> State:
        """Whether the server runs."""
        return State(status="ok")

    @app.get("/readyz", tags=["state"], responses=errors(403, 503))
    async def readyz() -> State:
        """Whether the server can answer."""
        if not service.decoders.working:
            raise RefusedError(
                503, "not_ready", "no decoder runs", headers={"Retry-After": str(refusals.RETRY_SECONDS)}
            )
        return State(status="ready")

    @app.get(
        "/metrics",
        tags=["state"],
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **errors(401, 403)},
    )
    async def metrics() -> Response:
        """Counts, for Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/v1/models", tags=["models"], responses=errors(401, 403))
    async def models() -> ModelList:
        """The models that this server has; the first is used where none is named."""
        return ModelList(data=[_entry(name, model) for name, model in service.ears.models.items()])


def _add_emotion(app: FastAPI, service: Service) -> None:
    @app.post(
        "/v1/emotion",
        tags=["emotion"],
        response_model=Emotion,
        response_model_exclude_unset=True,
        responses=errors(400, 401, 403, 404, 408, 413, 415, 422, 500, 503),
        openapi_extra=RECORDING,
    )
    async def emotion(request: Request, options: Annotated[EmotionOptions, Query()]) -> JSONResponse:
        """The tone of a recording: WAV, FLAC, MP3, OGG and, with the extra `media`, M4A, WebM and MP4."""
        with service.admission.place():
            upload = await uploads.read(request, service.limits)
            asked = _merged(options, upload.fields)
            model = service.ears.model(asked.model)
            slide((), asked.window, asked.hop)
            if asked.hop * MOST_OVERLAP < asked.window:
                raise RefusedError(422, "invalid_value", f"hop must be at least window / {MOST_OVERLAP}", "hop")
            async with service.admission.turn():
                sound = await service.decoders.decode(upload.file, model.config.rate)
                answer = await service.ears.hear(_recognized, sound, model, asked)
        service.metrics.heard(sound.duration, "file")
        return JSONResponse(answer)


def _merged(options: EmotionOptions, fields: Sequence[tuple[str, str]]) -> EmotionOptions:
    """The options of the query, and those of the form, which go before them."""
    given = options.model_dump(exclude_unset=True) | dict(fields)
    try:
        return EmotionOptions.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


def _recognized(sound: Waveform, model: Model, asked: EmotionOptions) -> dict[str, Any]:
    whole = model.recognize(sound)
    parts = tuple(recognize_segments(sound, model, asked.window, asked.hop)) if asked.segments else None
    values = as_dict(Recognition("", model.name, whole, parts), asked.top_k)
    del values["path"]
    return values


def _entry(name: str, model: Model) -> ModelEntry:
    return ModelEntry(
        id=name,
        created=0,
        owned_by="speech-emotion",
        kind="emotion",
        emotions=list(model.emotions),
        licence=model.provenance.licence,
    )


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
    return RefusedError(422, "invalid_value", f"{name}: {first['msg']}", name or None)


async def _failed(_: Request, __: Exception) -> JSONResponse:
    """What went wrong here; the log has the reason, the client need not know it."""
    return refused(RefusedError(500, "internal", "the server failed; what was sent is not to blame"))
