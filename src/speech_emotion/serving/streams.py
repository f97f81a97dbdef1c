"""Sound that goes on, over a WebSocket: ``/v1/stream``, version 1 of the protocol.

The client begins with one JSON message, then sends sound in binary messages of any size, and may send JSON between
them:

    {"type": "start", "version": 1, "rate": 16000, "encoding": "pcm16", "channels": 1, "window": 3.0, "hop": 0.5,
     "smooth": 0.0, "adapt": "none", "model": "tone"}       all but type and version may be left out
    {"type": "ping", "id": 7}
    {"type": "end"}                                         the sound is over

The server answers in JSON messages:

    {"type": "ready", "version": 1, "model": "tone", "emotions": [...], ...}   after the start, with all settings
    {"type": "moment", "start": 0.0, "end": 3.0, "label": "angry", "emotion": "angry", "scores": [...], ...}
    {"type": "pong", "id": 7}
    {"type": "end", "seconds": 12.5, "moments": 20}         after the last moment; then it closes with 1000
    {"type": "error", "code": "bad_message", "message": "..."}                 then it closes

It closes with 1000 at the end, 1002 after a message that is not understood, 1003 after a start that is not possible,
1007 after sound that is none, 1008 where nothing came for too long, 1009 after a message that is too large, 1011 where
it failed, 1012 where it shuts down, and 1013 where it has enough to do.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..errors import SpeechEmotionError
from ..recognition.stream import Moment, Stream
from .admission import Admission
from .ears import Ears
from .limits import ServerLimits
from .metrics import Metrics
from .refusals import RefusedError
from .schemas import LONGEST_WINDOW, MOST_OVERLAP, SHORTEST_WINDOW

VERSION = 1
SUBPROTOCOL = "speech-emotion.v1"

SECONDS_AT_ONCE = 1.0
"""Of sound heard in one go: a message may hold minutes, and neither other streams nor a shutdown wait for them."""

CLOSE_SECONDS = 5.0
"""For a client to take the reason why it is closed."""

END, PROTOCOL, IMPOSSIBLE, NO_SOUND, IDLE, FAILED, BUSY = 1000, 1002, 1003, 1007, 1008, 1011, 1013

_log = logging.getLogger(__name__)


class Message(BaseModel):
    """A JSON message; names that it does not have are refused, so that a slip of the pen is not passed over."""

    model_config = ConfigDict(extra="forbid")


class Start(Message):
    """What sound will come, and how it is to be heard."""

    type: Literal["start"]
    version: Literal[1]
    rate: int = Field(default=16_000, ge=1_000, le=768_000)
    encoding: Literal["pcm16", "float32"] = "pcm16"
    channels: int = Field(default=1, ge=1, le=32)
    window: float = Field(default=3.0, ge=SHORTEST_WINDOW, le=LONGEST_WINDOW)
    hop: float = Field(default=0.5, gt=0, le=LONGEST_WINDOW)
    smooth: float = Field(default=0.0, ge=0, le=3600)
    adapt: Literal["none", "session"] = "none"
    model: str | None = None


class Ping(Message):
    """Is anyone there?"""

    type: Literal["ping"]
    id: int | str | None = None


class End(Message):
    """The sound is over."""

    type: Literal["end"]


_LATER: TypeAdapter[Ping | End] = TypeAdapter(Ping | End)


class _ClosedError(Exception):
    """The stream is to be closed, with a code and the reason."""

    def __init__(self, code: int, word: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.word = code, word


async def follow(
    websocket: WebSocket, ears: Ears, limits: ServerLimits, admission: Admission, metrics: Metrics
) -> None:
    """Hear one stream, from its handshake to its close."""
    offered = websocket.scope.get("subprotocols", [])
    await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
    session = _Session(websocket, ears, limits, metrics)
    try:
        with admission.stream():
            await session.run()
        await websocket.close(END)
    except WebSocketDisconnect:
        pass
    except _ClosedError as closed:
        await _close(websocket, closed)
    except RefusedError as refusal:
        await _close(websocket, _ClosedError(BUSY if refusal.status == 503 else IMPOSSIBLE, refusal.code, str(refusal)))
    except Exception:
        _log.exception("a stream failed")
        await _close(websocket, _ClosedError(FAILED, "internal", "the server failed; what was sent is not to blame"))


class _Session:
    def __init__(self, websocket: WebSocket, ears: Ears, limits: ServerLimits, metrics: Metrics) -> None:
        self._websocket, self._ears, self._limits, self._metrics = websocket, ears, limits, metrics
        self._moments = 0
        self._at_once = 1  # bytes

    async def run(self) -> None:
        first = await self._next()
        stream = await self._started(first)
        while True:
            message = await self._next()
            if isinstance(message, bytes):
                await self._heard(stream, message)
                continue
            asked = _understood(_LATER, message)
            if isinstance(asked, Ping):
                await self._send("pong", {"id": asked.id})
                continue
            await self._tell(await self._ears.follow(stream.end))
            await self._send("end", {"seconds": round(stream.seconds, 3), "moments": self._moments})
            return

    async def _started(self, message: str | bytes) -> Stream:
        if isinstance(message, bytes):
            raise _ClosedError(PROTOCOL, "bad_message", 'the first message must be JSON: {"type": "start", ...}')
        start = _understood(TypeAdapter(Start), message)
        if not start.hop <= start.window <= start.hop * MOST_OVERLAP:
            raise _ClosedError(IMPOSSIBLE, "invalid_value", f"hop must be from window / {MOST_OVERLAP} to window")
        model = self._ears.model(start.model)
        try:
            stream = Stream(
                model,
                start.rate,
                channels=start.channels,
                encoding="int16" if start.encoding == "pcm16" else start.encoding,
                window=start.window,
                hop=start.hop,
                smooth=start.smooth,
                adaptation=model.adaptation() if start.adapt == "session" else None,
            )
        except SpeechEmotionError as error:
            raise _ClosedError(IMPOSSIBLE, "invalid_value", str(error)) from None
        self._at_once = int(SECONDS_AT_ONCE * start.rate) * start.channels * (2 if start.encoding == "pcm16" else 4)
        settings = start.model_dump(exclude={"type", "version", "model"})
        await self._send("ready", {"version": VERSION, "model": model.name, "emotions": model.emotions, **settings})
        return stream

    async def _heard(self, stream: Stream, sound: bytes) -> None:
        for begin in range(0, len(sound), self._at_once):
            before = stream.seconds
            try:
                moments = await self._ears.follow(stream.feed, sound[begin : begin + self._at_once])
            except SpeechEmotionError as error:
                raise _ClosedError(NO_SOUND, "bad_sound", str(error)) from None
            self._metrics.heard(stream.seconds - before, "stream")
            await self._tell(moments)

    async def _tell(self, moments: list[Moment]) -> None:
        for moment in moments:
            await self._send("moment", {"label": moment.label, **moment.as_dict()})
        self._moments += len(moments)
        self._metrics.moments(len(moments))

    async def _next(self) -> str | bytes:
        try:
            message = await asyncio.wait_for(self._websocket.receive(), self._limits.idle_seconds)
        except (TimeoutError, asyncio.TimeoutError):
            seconds = self._limits.idle_seconds
            raise _ClosedError(IDLE, "idle", f"nothing came for {seconds:g} s; send a ping between pauses") from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", END))
        sound = message.get("bytes")
        text: str = message.get("text") or ""
        return sound if isinstance(sound, bytes) else text

    async def _send(self, kind: str, values: dict[str, Any]) -> None:
        text = json.dumps({"type": kind, **values}, ensure_ascii=False)
        try:
            await asyncio.wait_for(self._websocket.send_text(text), self._limits.idle_seconds)
        except (TimeoutError, asyncio.TimeoutError):
            raise _ClosedError(IDLE, "idle", "what was sent is not read") from None


def _understood(kind: TypeAdapter[Any], message: str) -> Any:
    try:
        return kind.validate_json(message)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        reason = f"{name}: {first['msg']}" if name else first["msg"]
        raise _ClosedError(PROTOCOL, "bad_message", f"this message is not understood: {reason}") from None


async def _close(websocket: WebSocket, closed: _ClosedError) -> None:
    error = {"type": "error", "code": closed.word, "message": str(closed)}
    gone = (WebSocketDisconnect, RuntimeError, OSError, asyncio.TimeoutError)
    with suppress(*gone):  # the other side may have gone first, or does not read
        await asyncio.wait_for(websocket.send_text(json.dumps(error, ensure_ascii=False)), CLOSE_SECONDS)
        await asyncio.wait_for(websocket.close(closed.code, closed.word), CLOSE_SECONDS)
