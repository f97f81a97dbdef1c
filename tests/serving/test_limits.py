"""Each limit is met once, and the server goes on."""

from __future__ import annotations

import inspect
import json
import math
import socket
from collections.abc import Iterator
from dataclasses import fields

import pytest

from speech_emotion.cli import serve
from speech_emotion.errors import UsageError
from speech_emotion.serving.limits import ServerLimits

from .conftest import Running, form, launch, wav


def received(connection: socket.socket) -> tuple[int, dict[str, str]]:
    """The status and the error of what the server says before it closes the connection."""
    said = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


@pytest.fixture(autouse=True)
def goes_on(tight: Running) -> Iterator[None]:
    yield
    assert tight.hear(wav(0.5)).status == 200


def test_a_body_that_says_it_is_too_large_is_413(tight: Running) -> None:
    answer = tight.hear(bytes(600_000))
    assert (answer.status, answer.code) == (413, "body_too_large")
    assert "0.5 MB" in answer.json()["error"]["message"]


def test_a_body_that_does_not_say_its_size_is_413_once_it_is_too_large(tight: Running) -> None:
    pieces = (bytes(50_000) for _ in range(12))
    answer = tight.ask(
        "POST",
        "/v1/emotion",
        pieces,
        {"Content-Type": "audio/wav", "Transfer-Encoding": "chunked"},
        encode_chunked=True,
    )
    assert (answer.status, answer.code) == (413, "body_too_large")


def test_a_chunked_body_within_the_limit_is_heard(tight: Running) -> None:
    sound = wav(1.0)
    pieces = (sound[first : first + 1000] for first in range(0, len(sound), 1000))
    headers = {"Content-Type": "audio/wav", "Transfer-Encoding": "chunked"}
    answer = tight.ask("POST", "/v1/emotion", pieces, headers, encode_chunked=True)
    assert answer.json() == tight.hear(sound).json()


def test_a_form_that_is_too_large_is_413(tight: Running) -> None:
    body, kind = form({}, bytes(600_000))
    assert tight.hear(body, kind=kind).status == 413


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "MP3"])
def test_a_recording_that_is_too_long_is_422(tight: Running, format_: str) -> None:
    assert tight.hear(wav(5.0, 8_000)).status == 200
    answer = tight.hear(wav(6.0, 8_000, format_=format_))
    assert (answer.status, answer.code) == (422, "audio_too_long")


def test_headers_that_come_too_slowly_are_408(tight: Running) -> None:
    with tight.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
        assert received(connection) == (
            408,
            {
                "message": "the headers did not come within 0.3 s",
                "type": "invalid_request_error",
                "param": None,
                "code": "header_timeout",
            },
        )


def test_headers_that_trickle_are_408_all_the_same(tight: Running) -> None:
    with tight.connect() as connection:
        connection.settimeout(0.05)
        said = b""
        for letter in b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 1_000:
            try:
                connection.sendall(bytes([letter]))
                said = connection.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                break
            if said:
                break
        assert said.startswith(b"HTTP/1.1 408")


def test_a_connection_that_says_nothing_is_closed(tight: Running) -> None:
    with tight.connect() as connection:
        assert received(connection)[0] == 408
    with tight.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b"".join(iter(lambda: connection.recv(4096), b""))  # until it is closed
    assert said.startswith(b"HTTP/1.1 200")


HEAD = b"POST /v1/emotion HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\nContent-Length: 1000\r\n\r\n"


def test_a_body_that_stops_is_408(tight: Running) -> None:
    with tight.connect() as connection:
        connection.sendall(HEAD + b"RIFF")
        status, error = received(connection)
    assert (status, error["code"]) == (408, "body_timeout")


def test_a_body_that_trickles_is_408_all_the_same(tight: Running) -> None:
    with tight.connect() as connection:
        connection.sendall(HEAD)
        connection.settimeout(0.05)
        said = b""
        for _ in range(1_000):
            try:
                connection.sendall(b"a")
                said = connection.recv(4096)
            except TimeoutError:
                continue
            break
        assert said.startswith(b"HTTP/1.1 408")


def test_more_requests_than_may_wait_are_503_with_retry_after() -> None:
    running = launch("--concurrent", "1", "--waiting", "1")
    sound = wav(0.5)
    head = HEAD.replace(b"1000", str(len(sound)).encode())
    try:
        with running.connect() as first, running.connect() as second:
            for connection in (first, second):  # each takes a place, though its body is not there yet
                connection.sendall(head)
            running.until("speech_emotion_requests_in_place", 2)
            answer = running.hear(sound)
            assert (answer.status, answer.code) == (503, "busy")
            assert int(answer.headers["retry-after"]) >= 1
            for connection in (first, second):
                connection.sendall(sound)
                assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert running.hear(sound).status == 200
    finally:
        assert running.end() == 0


def test_a_client_that_goes_away_gives_its_place_back(tight: Running) -> None:
    with tight.connect() as connection:
        connection.sendall(HEAD)
        tight.until("speech_emotion_requests_in_place", 1)
    tight.until("speech_emotion_requests_in_place", 0)


@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan])
def test_a_limit_that_limits_nothing_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match="body_mb"):
        ServerLimits(body_mb=value)


@pytest.mark.parametrize("name", [each.name for each in fields(ServerLimits)])
def test_a_limit_that_no_machine_could_keep_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be at most"):
        ServerLimits(**{name: 1e308})


def test_no_waiting_and_no_streams_are_possible() -> None:
    assert (ServerLimits(waiting=0).waiting, ServerLimits(streams=0).streams) == (0, 0)


def test_the_command_has_the_limits_that_the_server_has_by_itself() -> None:
    options = inspect.signature(serve.serve).parameters
    for each in fields(ServerLimits):
        if each.name != "concurrent":
            assert options[each.name].default == getattr(ServerLimits(), each.name)


def test_a_request_that_ends_at_two_places_is_400_and_nothing_after_it_is_heard(tight: Running) -> None:
    head = b"POST /v1/emotion HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    with tight.connect() as connection:
        connection.sendall(head + b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b"".join(iter(lambda: connection.recv(4096), b""))
    assert said.count(b"HTTP/1.1 ") == 1
    assert said.startswith(b"HTTP/1.1 400")
    assert b"two_lengths" in said


def test_a_body_that_is_no_http_is_400_and_hardly_a_line_of_log() -> None:
    running = launch()
    for path in ("/healthz", "/v1/emotion"):
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        with running.connect() as connection:
            connection.sendall(f"{head}zz\r\n".encode())
            said = b"".join(iter(lambda: connection.recv(4096), b""))
        assert said.startswith(b"HTTP/1.1 400")
    assert running.hear(wav(0.5)).status == 200
    assert running.end() == 0
    told = running.said
    assert not any("Traceback" in line for line in told)
    assert len(told) <= 10, told
