"""What is asked at which path; :mod:`.app` makes an application of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse

from ..audio.waveform import Waveform
from ..audio.windows import slide
from ..models.model import Model
from ..recognition.formats import as_dict
from ..recognition.recognizer import Recognition, recognize_segments
from . import refusals, uploads
from .ears import Ears
from .refusals import RefusedError
from .schemas import MOST_OVERLAP, Emotion, EmotionOptions, ModelEntry, ModelList, State, errors
from .service import Service
from .transcriptions import ALIAS, Transcription, TranscriptionOptions, options, response

Options = TypeVar("Options", bound=BaseModel)

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

_FIELDS = TranscriptionOptions.model_json_schema()
TRANSCRIPTION = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "model"],
                    "properties": {"file": {"type": "string", "format": "binary"}, **_FIELDS["properties"]},
                }
            }
        },
    }
}


def add_state(app: FastAPI, service: Service) -> None:
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
        entries = [_entry(name, model) for name, model in service.ears.models.items()]
        return ModelList(data=[*entries, *_words_entry(service.ears.words)])


def add_emotion(app: FastAPI, service: Service) -> None:
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
                answer = await service.ears.hear(_recognized, service.ears, sound, model, asked)
        service.metrics.heard(sound.duration, "file")
        return JSONResponse(answer)


def add_transcriptions(app: FastAPI, service: Service) -> None:
    @app.post(
        "/v1/audio/transcriptions",
        tags=["transcription"],
        response_model=Transcription,
        response_model_exclude_unset=True,
        responses={
            200: {
                "content": {"text/plain": {"schema": {"type": "string"}}, "text/vtt": {"schema": {"type": "string"}}}
            },
            **errors(400, 401, 403, 404, 408, 413, 415, 422, 500, 503),
        },
        openapi_extra=TRANSCRIPTION,
    )
    async def transcriptions(request: Request) -> Response:
        """The words of a recording, each segment with its tone; as OpenAI's, whose clients work unchanged."""
        with service.admission.place():
            upload = await uploads.read(request, service.limits, raw=False)
            asked = _valid(TranscriptionOptions, options(upload.fields))
            ears = service.ears
            if ears.words is None or asked.model not in (ears.words, ALIAS):
                raise refusals.unknown_model(asked.model, () if ears.words is None else (ears.words,), "--words")
            model = ears.model(asked.emotion_model)
            async with service.admission.turn():
                sound = await service.decoders.decode(upload.file, model.config.rate)
                heard = await ears.hear(ears.transcribe, sound, model, asked.language)
        service.metrics.heard(sound.duration, "file")
        return response(heard, asked, model.name)


def _merged(options: EmotionOptions, fields: Sequence[tuple[str, str]]) -> EmotionOptions:
    """The options of the query, and those of the form, which go before them."""
    return _valid(EmotionOptions, options.model_dump(exclude_unset=True) | dict(fields))


def _valid(kind: type[Options], given: Mapping[str, Any]) -> Options:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


def _recognized(ears: Ears, sound: Waveform, model: Model, asked: EmotionOptions) -> dict[str, Any]:
    whole = model.recognize(sound)
    windows = recognize_segments(sound, model, asked.window, asked.hop)
    parts = tuple(ears.while_open(windows)) if asked.segments else None
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


def _words_entry(name: str | None) -> Sequence[ModelEntry]:
    if name is None:
        return ()
    return (
        ModelEntry(id=name, created=0, owned_by="whisper", kind="transcription", emotions=[], licence="of its origin"),
    )
