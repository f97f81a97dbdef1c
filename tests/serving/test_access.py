"""Who may ask: by token, by name, and from which page."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from speech_emotion.cli.main import run
from speech_emotion.errors import SpeechEmotionError, UsageError
from speech_emotion.serving import access
from speech_emotion.serving import server as server_
from speech_emotion.serving.access import Access, is_loopback
from speech_emotion.serving.server import serve

from .conftest import Running, launch, wav

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    """Open to other machines, by a token from the environment."""
    running = launch(
        *("--host", "0.0.0.0", "--allow-host", "tone.example", "--allow-origin", "https://app.example"),
        variables={"SPEECH_EMOTION_TOKEN": TOKEN},
    )
    running.url = running.url.replace("0.0.0.0", "127.0.0.1")
    yield running
    assert running.end() == 0
    assert TOKEN not in "\n".join(running.said)


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_it_does_not_start_where_others_can_reach_it_without_a_token(host: str) -> None:
    with pytest.raises(UsageError, match=f"others can reach {host}; give a token"):
        serve(["no-such-model"], host)  # so that it does not start in any case


def test_the_refusal_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_, "create_app", lambda *_, **__: pytest.fail("it would start"))
    for variable in (None, ""):  # an empty token is none
        monkeypatch.delenv("SPEECH_EMOTION_TOKEN", raising=False)
        if variable is not None:
            monkeypatch.setenv("SPEECH_EMOTION_TOKEN", variable)
        assert run(["serve", "--host", "0.0.0.0", "--port", "0", "--model", "tone-free"]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("error: others can reach 0.0.0.0; give a token, by SPEECH_EMOTION_TOKEN or --token")


@pytest.mark.parametrize("token", ["short", "with spaces in the middle", "ümlaut-ümlaut-ümlaut"])
def test_a_weak_token_is_refused_and_not_printed(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--token", token, "--port", "0"]) == 2
    err = capsys.readouterr().err
    assert "16 or more" in err
    assert token not in err


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "speech_emotion", "serve", "--port", port, "--model", "tone-free"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"error: 127.0.0.1:{port}: address already in use"]


def test_the_right_token_is_let_in_and_others_are_not(guarded: Running) -> None:
    assert guarded.hear(wav(), **bearer()).status == 200
    for headers in ({}, bearer("wrong-horse-battery"), bearer(TOKEN + "x"), bearer(""), {"Authorization": TOKEN}):
        answer = guarded.hear(wav(), **headers)
        assert (answer.status, answer.code) == (401, "token")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["type"] == "authentication_error"


def test_all_but_the_state_needs_the_token(guarded: Running) -> None:
    for path in ("/v1/models", "/metrics", "/openapi.json", "/nothing"):
        assert guarded.ask("GET", path).status == 401
    for path in ("/healthz", "/readyz"):
        assert guarded.ask("GET", path).status == 200


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(access.hmac, "compare_digest", lambda given, own: compared.append((given, own)) or True)
    headers = access.Headers({"host": "localhost", "authorization": "Bearer guess"})
    Access(TOKEN).check(headers, "/v1/models")
    assert compared == [(b"guess", TOKEN.encode())]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:80", "", "local host", "a@localhost"]
)
def test_a_name_that_it_is_not_known_by_is_403(server: Running, host: str) -> None:
    answer = server.ask("GET", "/v1/models", headers={"Host": host})
    assert (answer.status, answer.code) == (403, "host")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1234", "127.0.0.1:8765", "[::1]:8765", "192.168.1.5", "localhost."]
)
def test_its_names_and_addresses_are_known(server: Running, host: str) -> None:
    assert server.ask("GET", "/v1/models", headers={"Host": host}).status == 200


def test_a_name_can_be_added(guarded: Running) -> None:
    assert guarded.ask("GET", "/v1/models", headers={"Host": "tone.example:443", **bearer()}).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "file://", "https://app.example"]
)
def test_a_page_of_another_server_may_not_ask(server: Running, origin: str) -> None:
    answer = server.hear(wav(), Origin=origin)
    assert (answer.status, answer.code) == (403, "origin")


def test_its_own_page_may_ask(server: Running) -> None:
    assert server.hear(wav(), Origin=server.url).status == 200


def test_a_page_that_was_allowed_may_ask_and_its_browser_is_told_so(guarded: Running) -> None:
    origin = "https://app.example"
    before = guarded.ask(
        "OPTIONS",
        "/v1/emotion",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert before.status == 200
    assert before.headers["access-control-allow-origin"] == origin
    answer = guarded.hear(wav(), Origin=origin, **bearer())
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert guarded.hear(wav(), Origin=origin).status == 401
    assert guarded.ask("OPTIONS", "/v1/emotion", headers={"Origin": origin}).status == 401


def refused_with(url: str, **options: object) -> int:
    with pytest.raises(InvalidStatus) as caught, connect(url, **options):  # type: ignore[arg-type]
        pass
    return caught.value.response.status_code


def test_streams_are_guarded_in_the_same_way(server: Running, guarded: Running) -> None:
    url = server.url.replace("http", "ws") + "/v1/stream"
    assert refused_with(url, origin="http://evil.example") == 403
    assert refused_with(url.replace("/v1/stream", "/v1/nothing")) == 403
    with connect(url, origin=server.url):
        pass
    url = guarded.url.replace("http", "ws") + "/v1/stream"
    assert refused_with(url) == 401
    assert refused_with(url, subprotocols=["speech-emotion.v1", "bearer.wrong-horse-battery"]) == 401
    with connect(url, additional_headers=bearer()):
        pass
    with connect(url, subprotocols=["speech-emotion.v1", f"bearer.{TOKEN}"]) as stream:
        assert stream.subprotocol == "speech-emotion.v1"


@pytest.mark.parametrize("origin", ["app.example", "https://app.example/", "https://app.example/page", "*", "ftp://a"])
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(UsageError, match="is no origin"):
        Access(origins=(origin,))


def test_what_only_this_machine_can_reach() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1")] == [False] * 3
    with pytest.raises(SpeechEmotionError, match="no address is known for"):
        is_loopback("no.invalid")
