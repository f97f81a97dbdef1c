"""``chat``: recordings and the microphone, talked over with a server that speaks the protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speech_emotion.audio.read import read
from speech_emotion.cli.main import run

Captured = pytest.CaptureFixture[str]
ANGRY = "Actor_05/03-01-05-02-01-02-05.wav"
SAD = "Actor_05/03-01-04-01-02-02-05.wav"
KEY = "sk-secret-0123456789"


def content(asked: dict[str, Any], number: int = -1) -> dict[str, Any]:
    return json.loads(asked["body"]["messages"][number]["content"])


@pytest.fixture
def options(chat_server: Any, whisper_folder: Path) -> list[str]:
    return ["--url", chat_server.url, "--model", "some-model", "--words", str(whisper_folder)]


def test_each_recording_is_a_turn_and_is_remembered(
    options: list[str], chat_server: Any, ravdess_zip: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    files = [f"{ravdess_zip}/{clip}" for clip in (ANGRY, SAD)]
    assert run(["chat", *files, *options, "--api-key-env", "MY_KEY"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("you (sounds angry ")
    assert lines[0].lower().rstrip(".!").endswith("%): kids are talking by the door")
    assert lines[1] == lines[3] == "some-model: Go on."
    assert lines[2].startswith("you (sounds sad ")
    assert chat_server.url.removesuffix("/v1") in err
    assert KEY not in out + err
    first, second = chat_server.asked
    assert first["headers"]["Authorization"] == f"Bearer {KEY}"
    assert [each["role"] for each in second["body"]["messages"]] == ["system", "user", "assistant", "user"]
    assert second["body"]["messages"][:2] == first["body"]["messages"]
    assert content(second)["tone"]["before"] == "angry"


def test_a_turn_that_fails_costs_itself_and_a_reply_cannot_steer_the_terminal(
    options: list[str], chat_server: Any, ravdess_zip: Path, capsys: Captured
) -> None:
    answers = [lambda handler: handler.events("data: {"), lambda handler: handler.reply("\x1b[2Ja\n", "b")]

    def answer(handler: Any) -> None:
        answers.pop(0)(handler)

    chat_server.answer = answer
    clip = f"{ravdess_zip}/{ANGRY}"
    assert run(["chat", "absent.wav", clip, clip, *options, "--json"]) == 1
    out, err = capsys.readouterr()
    [turn] = map(json.loads, out.splitlines())
    assert turn["reply"] == "\x1b[2Ja\nb"
    assert "\x1b" not in out
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert "absent.wav" in errors[0]
    assert errors[1].endswith("sends what is no chat completion")
    assert len(chat_server.asked[1]["body"]["messages"]) == 2  # what failed is not remembered


def test_the_microphone_is_heard_turn_by_turn_until_ctrl_c(
    options: list[str], chat_server: Any, microphones: Any, ravdess_zip: Path, capsys: Captured
) -> None:
    microphones.rate = 16_000.0
    pause = np.zeros(16_000, np.float32)
    microphones.says = [np.concatenate([read(f"{ravdess_zip}/{ANGRY}").samples, pause])]
    chat_server.answer = lambda handler: handler.reply("\x1b[2JI", " hear\nyou.\u202e")
    assert run(["chat", *options, "--remember", "0"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("you (sounds angry ")
    assert out.splitlines()[1:] == ["some-model: [2JI hear", "you."]
    assert "listening to Built-in, 16000 Hz" in err
    assert "kids" in content(chat_server.asked[0])["speech"].lower()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["a.wav", "--device", "1"], "leave out --device"),
        (["--pause", "0"], "give 0.2 to 10"),
        (["--url", "ftp://x"], "is no address"),
        (["--timeout", "0"], "seconds above 0"),
        (["--api-key-env", "NOT_THERE"], "the environment has no NOT_THERE"),
    ],
)
def test_what_cannot_be_is_one_line(options: list[str], says: str, refused: Any) -> None:
    assert says in refused(["chat", *options])
