"""What requests and answers hold: the OpenAPI description, with examples, is made of these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_WINDOW = 30.0
SHORTEST_WINDOW = 0.5
"""Seconds."""

MOST_OVERLAP = 12
"""Windows that hear the same moment; more would make short recordings cost as much as long ones."""


class Score(BaseModel):
    """The probability of one emotion."""

    label: str
    score: float = Field(ge=0, le=1)


class Heard(BaseModel):
    """The tone of a stretch of sound."""

    emotion: str | None = Field(description="What it sounds like; null where the model is not sure or nobody speaks.")
    confidence: float = Field(ge=0, le=1, description="The highest probability.")
    scores: list[Score] = Field(description="Probabilities that sum to 1, highest first.")
    spoken: bool = Field(description="Whether somebody speaks; if not, the scores mean nothing.")


class Segment(Heard):
    """The tone of one window."""

    start: float = Field(ge=0, description="Seconds.")
    end: float = Field(ge=0, description="Seconds.")


class Emotion(Heard):
    """The tone of a recording."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "emotion": "angry",
                    "confidence": 0.91,
                    "scores": [{"label": "angry", "score": 0.91}, {"label": "happy", "score": 0.09}],
                    "spoken": True,
                    "duration": 3.2,
                    "model": "tone",
                }
            ]
        }
    )

    duration: float = Field(ge=0, description="Seconds.")
    model: str
    segments: list[Segment] | None = Field(default=None, description="A window each, where asked for.")


class EmotionOptions(BaseModel):
    """What may be asked for with a recording, in the query or as fields of the form."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str | None, Field(description="One of /v1/models; the first of them if not given.")] = None
    segments: Annotated[bool, Field(description="Also the tone of each window.")] = False
    window: Annotated[
        float, Field(ge=SHORTEST_WINDOW, le=LONGEST_WINDOW, description="Length of a segment, in seconds.")
    ] = 3.0
    hop: Annotated[
        float,
        Field(gt=0, le=LONGEST_WINDOW, description="From one segment to the next, in seconds; window/12 to window."),
    ] = 1.0
    top_k: Annotated[int | None, Field(ge=1, description="How many scores to show; all if not given.")] = None


class ModelEntry(BaseModel):
    """A model that this server has."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="Unix time; 0, as models do not say.")
    owned_by: str
    kind: Literal["emotion", "transcription"]
    emotions: list[str] = Field(description="That it knows; none where it only writes down words.")
    licence: str | None = Field(description="From its recordings; null where it is not known here.")


class ModelList(BaseModel):
    """All models of this server, in OpenAI's shape."""

    object: Literal["list"] = "list"
    data: list[ModelEntry]


class State(BaseModel):
    """How the server is."""

    status: Literal["ok", "ready"]


class ErrorDetail(BaseModel):
    """What was wrong."""

    message: str
    type: str
    param: str | None = Field(description="The field that is wrong, where it is one.")
    code: str = Field(description="A word for programs.")


class ErrorAnswer(BaseModel):
    """An error, in OpenAI's shape."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "message": "the body is larger than 25 MB; cut or compress the recording",
                        "type": "invalid_request_error",
                        "param": None,
                        "code": "body_too_large",
                    }
                }
            ]
        }
    )

    error: ErrorDetail


ERRORS = {
    400: "The request cannot be read.",
    401: "The token is missing or wrong.",
    403: "The server is not known under this name, or this page may not ask.",
    404: "There is no such model.",
    408: "The request came too slowly.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "A value is not possible, or the recording cannot be used: undecodable, too long, too costly to decode.",
    500: "The server failed; what was sent is not to blame.",
    503: "The server has enough to do; see Retry-After.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How these errors are described."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found[status] = {"model": ErrorAnswer, "description": ERRORS[status]}
    found.get(503, {}).update(headers={"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}})
    return found
