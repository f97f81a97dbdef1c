"""``chat``: a chatbot that hears the tone."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from ..errors import AudioError, ChatError, UsageError
from .scores import say_licence
from .terminal import say, warn

if TYPE_CHECKING:
    from ..audio.read import Source
    from ..models.model import Model
    from ..serving.completions import Endpoint

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def chat(
    files: Annotated[
        list[str] | None, typer.Argument(help="Recordings, a turn each; the microphone if none are given.")
    ] = None,
    url: Annotated[str, typer.Option(help="Of an OpenAI-compatible server, up to /v1.")] = "http://127.0.0.1:11434/v1",
    model: Annotated[str, typer.Option(help="That replies, as the server calls it.")] = "llama3.2",
    api_key_env: Annotated[str | None, typer.Option(help="The environment variable that holds the API key.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds without a byte from the server.")] = 60.0,
    remember: Annotated[int, typer.Option(min=0, help="Turns before this one that are sent along.")] = 20,
    tone: Annotated[str, typer.Option(help="The model of the tone: built-in, or a .semodel file.")] = "tone",
    words: Annotated[str, typer.Option(help="The Whisper model: a name, downloaded once, or a folder.")] = "base",
    language: Annotated[str | None, typer.Option(help="Of the words: en, de …; found if not given.")] = None,
    device: Annotated[str | None, typer.Option(help="Number, name or part of the name of a microphone.")] = None,
    pause: Annotated[float, typer.Option(help="Seconds without speech that end a turn.")] = 0.8,
    as_json: Annotated[bool, typer.Option("--json", help="One object a turn.")] = False,
) -> None:
    """Talk with a chat model, which reads what is said and what it sounds like; until Ctrl-C.

    Words and tone go to the server, no sound does. A turn that fails costs itself only (exit status 1).
    """
    if files and device is not None:
        raise UsageError("recordings take the place of the microphone; leave out --device")
    from ..models.bundle import load
    from ..recognition import whisper
    from ..recognition.turns import Turns
    from ..serving.completions import Endpoint

    Turns(pause)  # checks it
    endpoint = Endpoint(url, model, _key(api_key_env), timeout)
    listener = load(tone)
    folder = whisper.find(words, told=say)
    whisper.check_language(whisper.opened(folder), language)
    say_licence(listener.provenance.origins)
    say(f"what is said, and its tone, goes to {endpoint.place}; no sound does")
    if endpoint.key is not None and endpoint.url.startswith("http:") and urlsplit(url).hostname not in LOOPBACK:
        warn(f"the key goes to {endpoint.place} unencrypted")
    options = {"words": folder, "language": language}
    try:
        failed = _talk(_turns(files, device, pause), listener, options, endpoint, remember, as_json)
    except KeyboardInterrupt:
        if files:
            raise
        return  # the way in which it is meant to end
    if failed:
        raise typer.Exit(1)


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UsageError(f"the environment has no {variable}; set it to the API key, or leave --api-key-env out")
    return key


def _turns(files: list[str] | None, device: str | None, pause: float) -> Iterator[Source]:
    from ..recognition.turns import listen

    if files:
        yield from files
    else:
        yield from listen(device, pause, say)


def _talk(
    turns: Iterator[Source],
    model: Model,
    options: dict[str, Any],
    endpoint: Endpoint,
    remember: int,
    as_json: bool,
) -> bool:
    """Turn for turn; whether one failed."""
    from ..serving.chat import message

    said: list[dict[str, Any]] = []
    failed = False
    for recording in turns:
        try:
            asked = message(recording, model, history=said, **options)
            turn = json.loads(asked[-1]["content"])
            if not as_json:
                print(f"you{_tone(turn['tone'])}: {turn['speech']}", flush=True)
            reply = _reply(endpoint, asked, not as_json)
        except (AudioError, ChatError) as error:
            say(f"error: {error}")
            failed = True
            continue
        if as_json:
            print(json.dumps({**turn, "reply": reply}, ensure_ascii=False), flush=True)
        asked.append({"role": "assistant", "content": reply})
        said = [asked[0], *asked[1:][-2 * remember :]] if remember else []
    return failed


def _reply(endpoint: Endpoint, messages: list[dict[str, Any]], show: bool) -> str:
    from ..recognition.transcript import steers

    pieces: list[str] = []
    try:
        for piece in endpoint.reply(messages):
            pieces.append(piece)
            if show:
                shown = "".join(letter for letter in piece if letter == "\n" or not steers(letter))
                sys.stdout.write(shown if len(pieces) > 1 else f"{endpoint.model}: {shown}")
                sys.stdout.flush()
    finally:
        if show and pieces:
            print(flush=True)
    return "".join(pieces)


def _tone(tone: dict[str, Any]) -> str:
    """What is said of a turn's tone; nothing where the model is not sure."""
    if tone["emotion"] is None:
        return ""
    return f" (sounds {tone['emotion']} {tone['confidence']:.0%})"
