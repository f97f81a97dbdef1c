"""Transcripts in the shape of OpenAI's ``/v1/audio/transcriptions``, with the tone beside the words.

Its official client works unchanged. What a segment of OpenAI's has, and is not known here (seek, tokens, temperature,
the probability of no speech), is left out.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ..recognition.formats import as_dict
from ..recognition.recognizer import Recognition
from ..recognition.srt import write_srt
from ..recognition.transcript import Segment, Transcript
from ..recognition.webvtt import write_webvtt
from .schemas import Heard, Score

ALIAS = "whisper-1"
"""What OpenAI calls its Whisper, and many programs ask for."""

GRANULARITIES = "timestamp_granularities"


class TranscriptionOptions(BaseModel):
    """The fields of the form, beside the file."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description=f"That writes down the words: one of /v1/models; `{ALIAS}` is another name of it.")
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    timestamp_granularities: list[Literal["segment", "word"]] = ["segment"]
    language: Annotated[
        str | None, Field(pattern="^[a-z]{2,3}$", description="Its code; found by the model if not given.")
    ] = None
    emotion_model: Annotated[str | None, Field(description="That hears the tone; the first if not given.")] = None
    temperature: Annotated[float, Field(ge=0, le=1, description="Accepted, and left to the model.")] = 0.0
    prompt: Annotated[str | None, Field(description="Accepted, and not used.")] = None
    stream: Annotated[bool, Field(description="Only false: the answer comes as a whole.")] = False

    @field_validator("stream")
    @classmethod
    def _comes_as_a_whole(cls, stream: bool) -> bool:
        if stream:
            raise ValueError("the answer comes as a whole; leave it out")
        return stream


class TranscriptionWord(BaseModel):
    """A word."""

    word: str
    start: float = Field(ge=0)
    end: float = Field(ge=0)


class TranscriptionSegment(Heard):
    """A sentence, or a part of one."""

    id: int
    start: float = Field(ge=0)
    end: float = Field(ge=0)
    text: str
    avg_logprob: float = Field(le=0, description="The mean of the logarithms of the words' probabilities.")
    compression_ratio: float = Field(description="Of the text's bytes and its compressed bytes.")


class Transcription(BaseModel):
    """The words of a recording, and its tone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "Kids are talking by the door.",
                    "emotion": "angry",
                    "confidence": 0.91,
                    "scores": [{"label": "angry", "score": 0.91}, {"label": "happy", "score": 0.09}],
                    "spoken": True,
                    "usage": {"type": "duration", "seconds": 4},
                }
            ]
        }
    )

    text: str
    emotion: str | None
    confidence: float
    scores: list[Score]
    spoken: bool
    usage: dict[str, str | int]
    task: Literal["transcribe"] | None = None
    language: str | None = None
    duration: float | None = None
    segments: list[TranscriptionSegment] | None = None
    words: list[TranscriptionWord] | None = None


def options(fields: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The fields of a form as values to be validated; those of a list come once for each of its items."""
    values: dict[str, Any] = {}
    for name, value in fields:
        if name.removesuffix("[]") == GRANULARITIES:
            values.setdefault(GRANULARITIES, []).append(value)
        else:
            values[name] = value
    return values


def response(heard: Transcript, asked: TranscriptionOptions, model: str) -> Response:
    """A transcript, in the format that was asked for."""
    whole = Recognition("", model, heard.prediction, heard.segments, text=heard.text, language=heard.language)
    if asked.response_format == "text":
        return PlainTextResponse(heard.text + "\n")
    if asked.response_format == "srt":
        return PlainTextResponse(write_srt(heard.segments))
    if asked.response_format == "vtt":
        return PlainTextResponse("\n".join(write_webvtt([whole])), media_type="text/vtt")
    tone = as_dict(whole)
    brief = {
        "text": heard.text,
        **{name: tone[name] for name in ("emotion", "confidence", "scores", "spoken")},
        "usage": {"type": "duration", "seconds": math.ceil(heard.prediction.end)},
    }
    if asked.response_format == "json":
        return JSONResponse(brief)
    verbose = {"task": "transcribe", "language": heard.language, "duration": tone["duration"], **brief}
    if "segment" in asked.timestamp_granularities:
        pairs = zip(tone["segments"], heard.segments, strict=True)
        verbose["segments"] = [_segment(number, *pair) for number, pair in enumerate(pairs)]
    if "word" in asked.timestamp_granularities:
        verbose["words"] = [
            {"word": word["text"], "start": word["start"], "end": word["end"]}
            for segment in tone["segments"]
            for word in segment["words"]
        ]
    return JSONResponse(verbose)


def _segment(number: int, values: dict[str, Any], segment: Segment) -> dict[str, Any]:
    logarithms = [math.log(max(word.probability, 1e-10)) for word in segment.words]
    data = segment.text.encode()
    return {
        "id": number,
        **{name: value for name, value in values.items() if name != "words"},
        "avg_logprob": sum(logarithms) / len(logarithms) if logarithms else 0.0,
        "compression_ratio": len(data) / len(zlib.compress(data)),
    }
