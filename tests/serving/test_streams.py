"""The protocol of ``/v1/stream``, spoken by the websockets client."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import soundfile
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

import speech_emotion as se
from speech_emotion.errors import SpeechEmotionError
from speech_emotion.serving.ears import Ears

from .conftest import PATIENCE, Running, launch, wav

START: dict[str, Any] = {"type": "start", "version": 1}


def at(running: Running) -> str:
    return running.url.replace("http", "ws") + "/v1/stream"


@contextmanager
def opened(running: Running, **start: Any) -> Iterator[ClientConnection]:
    with connect(at(running), open_timeout=PATIENCE) as stream:
        say(stream, {**START, **start})
        assert told(stream)["type"] == "ready"
        yield stream


def say(stream: ClientConnection, message: dict[str, Any]) -> None:
    stream.send(json.dumps(message))


def told(stream: ClientConnection) -> dict[str, Any]:
    message = json.loads(stream.recv(timeout=PATIENCE))
    assert isinstance(message, dict)
    return message


def rest(stream: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """All messages until it is closed, and the code of that."""
    messages = []
    while True:
        try:
            messages.append(told(stream))
        except ConnectionClosed as closed:
            return messages, -1 if closed.rcvd is None else closed.rcvd.code


def refused(running: Running, *messages: str | bytes) -> tuple[str, int]:
    """The error that these messages get, and the code of the close."""
    with connect(at(running)) as stream:
        for message in messages:
            stream.send(message)
        said, code = rest(stream)
    assert said[-1]["type"] == "error"
    assert said[-1]["message"]
    return said[-1]["code"], code


@pytest.mark.parametrize("encoding", ["pcm16", "float32"])
@pytest.mark.parametrize("size", [333, 48_000])
def test_a_stream_gets_the_moments_that_the_library_gives(server: Running, encoding: str, size: int) -> None:
    sound, _ = soundfile.read(io.BytesIO(wav(4.2, 48_000)), dtype="int16")
    samples = sound if encoding == "pcm16" else (sound / 32768).astype(np.float32)
    stream = se.Stream(se.load("classic"), 48_000)
    expected = [*stream.feed(samples), *stream.end()]
    with opened(server, rate=48_000, encoding=encoding) as connection:
        for first in range(0, len(samples), size):
            connection.send(samples[first : first + size].tobytes())
        say(connection, {"type": "end"})
        said, code = rest(connection)
    assert code == 1000
    moments, end = said[:-1], said[-1]
    assert end == {"type": "end", "seconds": pytest.approx(4.2), "moments": len(expected)}
    assert len(expected) == 4
    for moment, other in zip(moments, expected, strict=True):
        assert moment.pop("type") == "moment"
        assert moment.pop("label") == other.label
        assert moment == json.loads(json.dumps(other.as_dict()))


def test_the_start_is_answered_with_all_settings(server: Running) -> None:
    with connect(at(server), subprotocols=["speech-emotion.v1"]) as stream:  # type: ignore[list-item]
        say(stream, {**START, "rate": 44_100, "channels": 2, "adapt": "none"})
        assert told(stream) == {
            "type": "ready",
            "version": 1,
            "model": "classic",
            "emotions": list(se.load("classic").emotions),
            "rate": 44_100,
            "encoding": "pcm16",
            "channels": 2,
            "window": 3.0,
            "hop": 0.5,
            "smooth": 0.0,
            "adapt": "none",
        }


def test_a_moment_comes_as_soon_as_its_sound_is_there(server: Running) -> None:
    with opened(server, window=1.0, hop=0.5) as stream:
        for end in (1.0, 1.5, 2.0):
            stream.send(bytes(32_000 if end == 1.0 else 16_000))
            moment = told(stream)
            assert (moment["end"], moment["label"], moment["spoken"]) == (end, "no speech", False)


def test_a_ping_is_answered_in_order(server: Running) -> None:
    with opened(server) as stream:
        for name in (7, "seven", None):
            say(stream, {"type": "ping", "id": name})
            assert told(stream) == {"type": "pong", "id": name}


def test_a_stream_adapts_to_its_session() -> None:
    running = launch("--model", "tone-free")
    try:
        sound, rate = soundfile.read(io.BytesIO(wav(8.0)), dtype="int16")
        model = se.load("tone-free")
        stream = se.Stream(model, rate, hop=1.0, adaptation=model.adaptation(), smooth=2.0)
        expected = [moment.confidence for moment in stream.feed(sound)]
        with opened(running, hop=1.0, adapt="session", smooth=2.0) as connection:
            for first in range(0, len(sound), rate):
                connection.send(sound[first : first + rate].tobytes())
            heard = [told(connection)["confidence"] for _ in expected]
        assert heard == pytest.approx(expected)
    finally:
        assert running.end() == 0


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        "{}",
        b"\x00\x00",
        '{"type": "start"}',
        '{"type": "start", "version": 2}',
        '{"type": "start", "version": 1, "rate": "fast"}',
        '{"type": "start", "version": 1, "rate": 10}',
        '{"type": "start", "version": 1, "encoding": "mp3"}',
        '{"type": "start", "version": 1, "window": 0}',
        '{"type": "start", "version": 1, "hops": 1}',
        '{"type": "ping"}',
    ],
)
def test_a_start_that_is_not_understood_is_told_and_closed(server: Running, message: str | bytes) -> None:
    assert refused(server, message) == ("bad_message", 1002)


def test_a_start_that_is_not_possible_is_told_and_closed(server: Running) -> None:
    def started(**values: Any) -> tuple[str, int]:
        return refused(server, json.dumps({**START, **values}))

    assert started(hop=4.0) == ("invalid_value", 1003)
    assert started(hop=0.01) == ("invalid_value", 1003)
    assert started(model="gpt") == ("model_not_found", 1003)


def test_a_message_that_is_not_understood_is_told_and_closed(server: Running) -> None:
    assert refused(server, json.dumps(START), '{"type": "start", "version": 1}') == ("bad_message", 1002)


def test_sound_that_is_none_is_told_and_closed(server: Running) -> None:
    assert refused(server, json.dumps(START), b"\x00") == ("bad_sound", 1007)
    floats = np.full(10, np.nan, dtype=np.float32).tobytes()
    assert refused(server, json.dumps({**START, "encoding": "float32"}), floats) == ("bad_sound", 1007)


def test_one_stream_more_than_there_may_be_is_closed_with_1013(tight: Running) -> None:
    with opened(tight):
        assert refused(tight) == ("busy", 1013)
    tight.until("speech_emotion_streams", 0)
    with opened(tight):
        pass


def test_a_stream_on_which_nothing_comes_is_closed_with_1008(tight: Running) -> None:
    tight.until("speech_emotion_streams", 0)
    assert refused(tight, json.dumps(START)) == ("idle", 1008)
    tight.until("speech_emotion_streams", 0)
    assert refused(tight) == ("idle", 1008)


def test_a_message_that_is_too_large_is_closed_with_1009(tight: Running) -> None:
    tight.until("speech_emotion_streams", 0)
    with opened(tight) as stream:
        stream.send(bytes(10_000))
        assert rest(stream) == ([], 1009)


def test_a_stream_outlives_the_time_for_the_headers_of_its_handshake(tight: Running) -> None:
    tight.until("speech_emotion_streams", 0)
    with opened(tight) as stream:
        for _ in range(50):
            say(stream, {"type": "ping"})
            assert told(stream)["type"] == "pong"
            with pytest.raises(TimeoutError):  # 50 of these are more than the limit of 0.3 s
                stream.recv(timeout=0.02)


def test_a_client_that_goes_away_leaves_nothing_behind(server: Running) -> None:
    with opened(server) as stream:
        server.until("speech_emotion_streams", 1)
        stream.socket.shutdown(socket.SHUT_RDWR)
        server.until("speech_emotion_streams", 0)


def test_a_message_of_minutes_is_heard_second_by_second(server: Running) -> None:
    heard = 'speech_emotion_audio_seconds_total{source="stream"}'
    before = server.metric(heard)
    with opened(server, rate=1_000, window=0.5, hop=0.05) as stream:
        stream.send(np.zeros(300_000, dtype="<i2").tobytes())  # 300 s
        assert told(stream)["type"] == "moment"
        assert server.metric(heard) - before < 200


def test_a_client_that_does_not_read_loses_its_place() -> None:
    running = launch("--idle-seconds", "1")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(running.place)
    with connect(at(running), sock=deaf, max_queue=1, close_timeout=0) as stream:
        say(stream, {**START, "rate": 1_000, "window": 0.5, "hop": 0.042})
        assert told(stream)["type"] == "ready"
        stream.send(np.zeros(500_000, dtype="<i2").tobytes())  # 12,000 moments
        running.until("speech_emotion_streams", 0)
        assert running.metric("speech_emotion_moments_total") < 11_900
    assert running.end() == 0


def test_long_work_ends_where_the_server_does() -> None:
    ears = Ears(["classic"], None, 1)
    parts = ears.while_open(range(3))
    assert next(parts) == 0
    ears.close()
    with pytest.raises(SpeechEmotionError, match="the server has ended"):
        next(parts)
