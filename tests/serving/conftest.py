"""Real server processes, asked over real sockets."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import coverage
import numpy as np
import pytest
import soundfile

pytest.importorskip("fastapi")

ROOT = Path(__file__).parents[2]

PATIENCE = 60.0
"""Seconds after which a server that says nothing has failed."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json()["error"]["code"]


@dataclass
class Running:
    """A server process, and ways to ask it."""

    process: subprocess.Popen[str]
    url: str
    said: list[str] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    def connect(self) -> socket.socket:
        return socket.create_connection(self.place, timeout=PATIENCE)

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        connection = http.client.HTTPConnection(*self.place, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {}, **options)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def hear(self, sound: bytes, query: str = "", kind: str = "audio/wav", **headers: str) -> Answer:
        return self.ask("POST", f"/v1/emotion{query}", sound, {"Content-Type": kind, **headers})

    def metric(self, name: str) -> float:
        text = self.ask("GET", "/metrics").body.decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))

    def until(self, name: str, value: float) -> None:
        """Ask until a metric has this value."""
        end = time.monotonic() + PATIENCE
        while self.metric(name) != value:
            assert time.monotonic() < end, f"{name} is {self.metric(name)}, not {value}"

    def decoders(self) -> list[int]:
        """The processes that it has started."""
        return [
            int(pid)
            for pid in Path(f"/proc/{self.process.pid}/task").glob("*/children")
            for pid in pid.read_text().split()
        ]

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            _, rest = self.process.communicate(timeout=PATIENCE)
            self.said += (rest or "").splitlines()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode


def launch(*options: str, variables: dict[str, str] | None = None, first: str = "") -> Running:
    """Start a server on a free port, after some Python of the test's, and wait until it says where it is."""
    model = () if "--model" in options else ("--model", "classic")
    if coverage.Coverage.current() is not None:  # the lines that a server runs count as well
        first = f"import coverage; coverage.process_startup()\n{first}"
        variables = {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), **(variables or {})}
    program = f"{first}\nfrom speech_emotion.cli.main import main\nmain()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", *model, *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(variables or {})})
    said = []
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line.rstrip("\n"))
        if line.startswith("listening on "):
            return Running(process, line.removeprefix("listening on ").strip(), said)
    pytest.fail(f"no server: {said}")


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    """With the limits that it has by itself."""
    running = launch()
    yield running
    assert running.end() == 0


@pytest.fixture(scope="session")
def tight() -> Iterator[Running]:
    """With limits that are soon met."""
    running = launch(
        *("--body-mb", "0.5", "--audio-seconds", "5", "--header-seconds", "0.3", "--body-seconds", "2"),
        *("--idle-seconds", "1", "--concurrent", "1", "--waiting", "0", "--streams", "1", "--message-kb", "8"),
    )
    yield running
    assert running.end() == 0


def wav(seconds: float = 1.0, rate: int = 16_000, seed: int = 0, format_: str = "WAV") -> bytes:
    """Noise, as a file."""
    out = io.BytesIO()
    soundfile.write(out, 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate)), rate, format=format_)
    return out.getvalue()


def form(fields: dict[str, str], file: bytes | None, name: str = "a.wav") -> tuple[bytes, str]:
    """A form as a browser sends it, and its content type."""
    boundary = "a-line-between"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    if file is not None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        parts.append(head.encode() + b"Content-Type: audio/wav\r\n\r\n" + file + b"\r\n")
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


class ChatServer(ThreadingHTTPServer):
    """A chat endpoint that answers each request by what a test tells it to write."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Chatting)
        self.asked: list[dict[str, Any]] = []
        self.released = threading.Event()
        self.answer: Callable[[_Chatting], None] = lambda handler: handler.reply("Go", " on.")
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


class _Chatting(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
        self.server.answer(self)

    def send(self, status: int, kind: str, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def events(self, text: str) -> None:
        self.send(200, "text/event-stream", text.encode())

    def reply(self, *pieces: str) -> None:
        chunks = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in pieces]
        self.events("".join(f"data: {each}\n\n" for each in [*chunks, "[DONE]"]))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    server = ChatServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()
