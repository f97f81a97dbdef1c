"""A chat endpoint over real sockets: streaming, and every way in which it can fail."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from speech_emotion.errors import ChatError, UsageError
from speech_emotion.serving.completions import Endpoint

MESSAGES = [{"role": "user", "content": "hellö"}]
KEY = "sk-secret-0123456789"
EVENTS = "text/event-stream"


def chunk(text: str | None, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]}, ensure_ascii=False)}\n\n"


def error_of(server: Any, **options: Any) -> str:
    with pytest.raises(ChatError) as caught:
        list(Endpoint(server.url, **options).reply(MESSAGES))
    line = str(caught.value)
    assert line.startswith(f"http://127.0.0.1:{server.server_port} ")
    assert "\n" not in line
    return line.split(" ", 1)[1]


def test_pieces_come_while_the_rest_is_still_to_be_said(chat_server: Any) -> None:
    def answer(handler: Any) -> None:
        handler.events(": hello\n\n" + chunk("") + chunk("Grüß"))
        assert chat_server.released.wait(30)
        handler.wfile.write((chunk(" Gott") + chunk(None, "stop") + "data: [DONE]\n\n").encode())

    chat_server.answer = answer
    reply = Endpoint(chat_server.url, "some-model", KEY).reply(MESSAGES)
    assert next(reply) == "Grüß"
    chat_server.released.set()
    assert list(reply) == [" Gott"]
    [asked] = chat_server.asked
    assert asked["path"] == "/v1/chat/completions"
    assert asked["headers"]["Authorization"] == f"Bearer {KEY}"
    assert asked["body"] == {"model": "some-model", "messages": MESSAGES, "stream": True}


@pytest.mark.parametrize(
    "text",
    [
        (chunk("a") + chunk("b") + "data: [DONE]\n\n").replace("\n", "\r\n"),
        (chunk("a") + chunk("b", "stop")).replace("data: ", "data:"),  # ends without [DONE]
        "event: x\nid: 1\n" + chunk("a") + 'data: {"choices": [], "usage": {}}\n\n' + chunk("b", "length"),
        'data: {"choices":\ndata: [{"delta": {"content": "ab"}}]}\n\ndata: [DONE]',
    ],
)
def test_events_of_all_kinds_are_understood(chat_server: Any, text: str) -> None:
    chat_server.answer = lambda handler: handler.events(text)
    assert "".join(Endpoint(chat_server.url).reply(MESSAGES)) == "ab"


def test_a_server_that_does_not_stream_is_understood(chat_server: Any) -> None:
    body = json.dumps({"choices": [{"message": {"content": "whole"}}]}).encode()
    chat_server.answer = lambda handler: handler.send(200, "application/json", body, len(body))
    assert list(Endpoint(f"{chat_server.url}/chat/completions?api-version=1").reply(MESSAGES)) == ["whole"]
    assert chat_server.asked[0]["path"] == "/v1/chat/completions?api-version=1"
    assert "Authorization" not in chat_server.asked[0]["headers"]


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, {"error": {"message": f"wrong key\n{KEY}"}}, "says 401 wrong key …"),
        (404, {"error": "model 'x' not found"}, "says 404 model 'x' not found"),
        (422, {"detail": "no such field"}, "says 422 no such field"),
        (500, "<html>oops</html>", "says 500 Internal Server Error"),
        (503, "\x1b[31m" + "x" * 1000, f"says 503 [31m{'x' * 196}…"),
        (302, "", "says 302 Found"),
    ],
)
def test_a_refusal_is_one_line_without_the_key(chat_server: Any, status: int, body: Any, says: str) -> None:
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    chat_server.answer = lambda handler: handler.send(status, "application/json", data, len(data))
    assert error_of(chat_server, key=KEY) == says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (chunk("half a"), "broke off in the middle of its reply"),
        ("", "broke off in the middle of its reply"),
        (chunk("half") + 'data: {"error": {"message": "out of memory"}}\n\n', "says out of memory"),
        ("data: nonsense\n\n", "sends what is no chat completion"),
        ('data: {"choices": [{"delta": {"content": 3}}]}\n\n', "sends what is no chat completion"),
        ("data: []\n\n", "sends what is no chat completion"),
        (chunk(None, "stop"), "sends a reply without text"),
        ("data: " + "x" * 1_100_000, "sends an event of more than 1000000 bytes"),
        (chunk("x" * 600_000) * 2, "sends more than 1000000 letters"),
    ],
)
def test_a_reply_that_is_none_is_one_line(chat_server: Any, text: str, says: str) -> None:
    chat_server.answer = lambda handler: handler.events(text)
    assert error_of(chat_server) == says


def test_a_page_in_place_of_a_reply_is_no_reply_that_broke_off(chat_server: Any) -> None:
    page = b"<html>Welcome</html>"
    chat_server.answer = lambda handler: handler.send(200, "text/html", page, len(page))
    assert error_of(chat_server) == "sends what is no chat completion"


def test_a_connection_cut_in_a_chunk_gives_what_came_and_then_one_line(chat_server: Any) -> None:
    def answer(handler: Any) -> None:
        piece = chunk("half a").encode()
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Content-Type", EVENTS)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\nff\r\ndata: {" % (len(piece), piece))
        handler.close_connection = True

    chat_server.answer = answer
    reply = Endpoint(chat_server.url).reply(MESSAGES)
    assert next(reply) == "half a"
    with pytest.raises(ChatError, match=r"broke off|no chat completion"):
        next(reply)


@pytest.mark.parametrize("first", [None, "half"])
def test_a_server_that_stays_silent_is_given_up(chat_server: Any, first: str | None) -> None:
    def answer(handler: Any) -> None:
        if first is not None:
            handler.events(chunk(first))
        chat_server.released.wait(30)

    chat_server.answer = answer
    assert error_of(chat_server, timeout=0.2) == "sent nothing for 0.2 s"


def test_nobody_there_is_one_line() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen, but keeps others from the port
        port = silent.getsockname()[1]
        with pytest.raises(ChatError, match=rf"^http://127.0.0.1:{port} cannot be reached \(connection refused\)$"):
            list(Endpoint(f"http://127.0.0.1:{port}").reply(MESSAGES))


def test_what_speaks_no_http_is_one_line(chat_server: Any) -> None:
    chat_server.answer = lambda handler: handler.wfile.write(b"SSH-2.0-x\r\n")
    assert error_of(chat_server) == "does not speak HTTP, or closed the connection"


LONG = f"http://{'a' * 64}.org/v1"


@pytest.mark.parametrize(
    "url",
    ["", "localhost:1", "ftp://a/v1", "http://", "http://a:x/", "http://a/ b", "http://a:0", "http://a..b/v1", LONG],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        Endpoint(url)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e308])
def test_a_time_out_that_no_socket_can_keep_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="a time-out of"):
        Endpoint(timeout=seconds)


def test_a_key_is_shown_nowhere() -> None:
    assert KEY not in repr(Endpoint(key=KEY))
    for options in ({"key": f"{KEY}\nX: y"}, {"url": f"http://u:{KEY}@a/v1"}):
        with pytest.raises(UsageError) as caught:
            Endpoint(**options)
        assert KEY not in str(caught.value)
