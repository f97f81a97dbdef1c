"""How a server begins and ends, and what it leaves behind: nothing."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from .conftest import Running, form, launch, wav
from .test_limits import HEAD


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_is_being_done_is_finished_before_it_ends(how: signal.Signals) -> None:
    running = launch()
    sound = wav()
    with running.connect() as busy, connect(running.url.replace("http", "ws") + "/v1/stream") as stream:
        stream.send(json.dumps({"type": "start", "version": 1}))
        stream.recv()
        busy.sendall(HEAD.replace(b"1000", str(len(sound)).encode()) + sound[:100])
        running.until("speech_emotion_requests_in_place", 1)
        running.process.send_signal(how)
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        with suppress(ConnectionError):
            while True:  # until it has closed its door
                running.connect().close()
        busy.sendall(sound[100:])
        answer = b"".join(iter(lambda: busy.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert json.loads(answer.split(b"\r\n\r\n")[1])["duration"] == 1.0
    assert running.end() == 0
    assert running.said[-1] == "stopped"


def test_a_request_that_does_not_end_is_not_waited_for_longer_than_said() -> None:
    running = launch("--drain-seconds", "0.5", "--idle-seconds", "600", "--body-seconds", "600")
    with running.connect() as busy:
        busy.sendall(HEAD)
        running.until("speech_emotion_requests_in_place", 1)
        assert running.end() == 0


def test_nothing_that_was_sent_is_in_its_words(server: Running) -> None:
    body, kind = form({"secret-field": "secret-value"}, b"secret-sound", "secret-name.wav")
    server.hear(body, kind=kind)
    server.hear(b"secret-sound", "?secret-option=1")
    other = launch()
    other.hear(b"secret-sound", "?secret-option=1")
    other.hear(body, kind=kind)
    assert other.end() == 0
    assert "secret" not in "\n".join(other.said)


def test_a_client_that_sends_no_text_as_text_leaves_no_traceback() -> None:
    running = launch()
    with connect(running.url.replace("http", "ws") + "/v1/stream") as stream:
        stream.socket.sendall(bytes([0x81, 0x82, 0, 0, 0, 0, 0xFF, 0xFE]))  # a masked text frame
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1007
    assert running.hear(wav()).status == 200
    assert running.end() == 0
    assert "Traceback" not in "\n".join(running.said)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
def test_it_needs_no_disk() -> None:
    running = launch(first="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))")
    try:
        sound = wav(60.0, 44_100)  # 5 MB: forms are often kept on disk from 1 MB on
        body, kind = form({}, sound)
        answer = running.hear(body, kind=kind)
        assert answer.status == 200
        assert answer.json()["duration"] == 60.0
    finally:
        assert running.end() == 0
