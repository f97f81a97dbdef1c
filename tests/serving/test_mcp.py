"""The tool server, asked by the mcp package's own client."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

pytest.importorskip("mcp")

from mcp import Client, StdioServerParameters

import speech_emotion as se
from speech_emotion.audio.read import read
from speech_emotion.errors import AudioError, UsageError
from speech_emotion.serving.folders import Folders
from speech_emotion.serving.mcp import create_server

ANGRY = "Actor_05/03-01-05-02-01-02-05.wav"


@pytest.fixture(scope="module")
def folder(ravdess_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that may be heard, and, beside the folder, one that may not."""
    place = tmp_path_factory.mktemp("mcp")
    (place / "in").mkdir()
    with zipfile.ZipFile(ravdess_zip) as archive:
        (place / "in" / "talk.wav").write_bytes(archive.read(ANGRY))
        (place / "secret.wav").write_bytes(archive.read(ANGRY))
    (place / "in" / "link.wav").symlink_to(place / "secret.wav")
    (place / "in" / "up").symlink_to(place)
    (place / "in" / "inner.wav").symlink_to(place / "in" / "talk.wav")
    (place / "in" / "circle.wav").symlink_to("circle.wav")
    (place / "in" / "notes.txt").write_text("no sound")
    return place / "in"


async def asked(server: Any, *calls: tuple[str, dict[str, Any]]) -> tuple[dict[str, Any], list[Any]]:
    """The tools by name, and the answers; each structured one is checked against its schema."""
    async with Client(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        answers = [await client.call_tool(name, values) for name, values in calls]
    for (name, _), answer in zip(calls, answers, strict=True):
        if not answer.is_error:
            jsonschema.validate(answer.structured_content, tools[name].output_schema)
            assert json.loads(answer.content[0].text) == answer.structured_content
    return tools, answers


def ask(server: Any, *calls: tuple[str, dict[str, Any]]) -> tuple[dict[str, Any], list[Any]]:
    return asyncio.run(asyncio.wait_for(asked(server, *calls), 120))


def command(*options: str) -> list[str]:
    return ["-m", "speech_emotion", "mcp", *options]


def test_over_stdio_it_hears_tone_and_words(folder: Path, whisper_folder: Path) -> None:
    started = StdioServerParameters(
        command=sys.executable, args=command(str(folder), "--words", str(whisper_folder)), env=dict(os.environ)
    )
    tools, (tone, words, refused, no_sound) = ask(
        started,
        ("recognize_emotion", {"path": "talk.wav", "segments": True}),
        ("transcribe_with_tone", {"path": str(folder / "talk.wav"), "language": "en"}),
        ("recognize_emotion", {"path": "../secret.wav"}),
        ("transcribe_with_tone", {"path": "notes.txt"}),
    )
    assert set(tools) == {"recognize_emotion", "transcribe_with_tone", "listen_now"}
    expected = se.recognize(folder / "talk.wav")
    assert tone.structured_content["emotion"] == expected.emotion == "angry"
    assert tone.structured_content["confidence"] == pytest.approx(expected.confidence, abs=1e-6)
    assert len(tone.structured_content["segments"]) == len(list(se.recognize_segments(folder / "talk.wav")))
    assert "kids are talking by the door" in words.structured_content["text"].lower()
    assert words.structured_content["segments"][0]["emotion"] == "angry"
    assert refused.is_error
    assert refused.content[0].text.endswith("../secret.wav: not within the folders that this server may read")
    assert no_sound.is_error
    assert "notes.txt: " in no_sound.content[0].text
    assert "\n" not in no_sound.content[0].text


def test_over_http_it_answers_this_machine_only(folder: Path) -> None:
    options = command(str(folder), "--http", "--port", "0", "--words", "none", "--no-microphone")
    with subprocess.Popen([sys.executable, *options], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            address = ""
            while not address.startswith("listening on "):
                address = process.stderr.readline()
                assert address, "it ended"
            address = address.removeprefix("listening on ").strip()
            assert address.startswith("http://127.0.0.1:")
            tools, (heard,) = ask(address, ("recognize_emotion", {"path": "talk.wav"}))
            assert set(tools) == {"recognize_emotion"}
            assert heard.structured_content["emotion"] == "angry"
            for header in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
                body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
                head = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **header}
                with pytest.raises(urllib.error.HTTPError) as caught:
                    urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), head))
                assert caught.value.code in (403, 421)
        finally:
            process.terminate()
        assert process.wait(60) == 0


def test_only_files_within_the_folders_are_found(folder: Path) -> None:
    allowed = Folders([folder])
    real = (folder / "talk.wav").resolve()
    for path in ("talk.wav", "./up/in/talk.wav", "inner.wav", str(folder / ".." / "in" / "talk.wav")):
        assert allowed.find(path) == real
    outside = ["link.wav", "up/secret.wav", "../secret.wav", "/etc/hostname", "/no/such", str(folder) + "x", "a\0b"]
    for path in outside:
        with pytest.raises(AudioError, match=r"not within the folders") as caught:
            allowed.find(path)
        assert "\n" not in str(caught.value)
    for path in ("absent.wav", ".", "", "talk.wav/x", "x" * 5_000):
        with pytest.raises(AudioError, match=r"no such file"):
            allowed.find(path)
    with pytest.raises(AudioError):
        allowed.find("circle.wav")
    with pytest.raises(AudioError, match=r"not within"):
        Folders([]).find(str(real))
    with pytest.raises(UsageError, match=r"is no folder"):
        Folders([folder / "talk.wav"])


def test_the_microphone_is_heard_for_some_seconds(microphones: Any, folder: Path) -> None:
    microphones.rate = 16_000.0
    silence = np.zeros(48_000, np.float32)
    microphones.says = [read(folder / "talk.wav").samples, silence, silence]
    told: list[str] = []
    server = create_server(se.load("tone"), tell=told.append)
    tools, (angry, silent, unplugged, too_long) = ask(
        server,
        ("listen_now", {"seconds": 3}),
        ("listen_now", {"seconds": 2}),
        ("listen_now", {"seconds": 5}),
        ("listen_now", {"seconds": 31}),
    )
    assert set(tools) == {"recognize_emotion", "listen_now"}
    assert (angry.structured_content["emotion"], angry.structured_content["spoken"]) == ("angry", True)
    assert angry.structured_content["duration"] == 3
    assert (silent.structured_content["emotion"], silent.structured_content["spoken"]) == (None, False)
    assert unplugged.is_error
    assert unplugged.content[0].text.endswith("no sound comes from Built-in any more")
    assert too_long.is_error
    assert told[:2] == ["listening to Built-in for 3 s", "listening to Built-in for 2 s"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--port", "1"], "--port goes with --http"),
        (["--device", "1", "--no-microphone"], "contradict"),
        (["absent", "--words", "none"], "absent is no folder"),
        (["absent", "--words", "no-such/whisper"], "absent is no folder"),  # and nothing is fetched first
    ],
)
def test_what_cannot_be_is_one_line(options: list[str], says: str, refused: Any) -> None:
    assert says in refused(["mcp", *options])
