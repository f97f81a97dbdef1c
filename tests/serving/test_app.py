"""What a server answers, asked over HTTP."""

from __future__ import annotations

import json

import pytest

import speech_emotion as se
from speech_emotion.recognition.formats import as_dict
from speech_emotion.recognition.recognizer import recognize_file

from .conftest import Running, form, launch, wav


def expected(sound: bytes, model: str = "classic", **options: object) -> dict[str, object]:
    """What the library says of it."""
    values = as_dict(recognize_file("", se.load(model), source=sound, **options))  # type: ignore[arg-type]
    del values["path"]
    return json.loads(json.dumps(values))


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_recording_gets_the_scores_that_the_library_gives(server: Running, format_: str) -> None:
    sound = wav(2.0, 44_100, format_=format_)
    answer = server.hear(sound)
    assert answer.status == 200
    assert answer.json() == expected(sound)


def test_a_long_recording_gets_the_scores_that_the_library_gives(server: Running) -> None:
    sound = wav(35.0, 8_000)
    assert server.hear(sound).json() == expected(sound)


def test_a_form_is_read_as_the_body_is_and_its_fields_are_options(server: Running) -> None:
    sound = wav(2.0)
    body, kind = form({"segments": "true", "window": "1", "hop": "0.5"}, sound)
    answer = server.hear(body, kind=kind)
    assert answer.status == 200
    assert answer.json() == expected(sound, segments=True, window=1.0, hop=0.5)
    assert len(answer.json()["segments"]) == 3
    assert server.hear(sound, "?segments=true&window=1&hop=0.5").json() == answer.json()


def test_only_the_highest_scores_where_asked(server: Running) -> None:
    assert len(server.hear(wav(), "?top_k=2").json()["scores"]) == 2


def test_a_server_with_several_models_is_asked_by_name_and_the_first_is_the_default() -> None:
    running = launch("--model", "tone-free,classic")
    try:
        sound = wav()
        assert running.hear(sound).json() == expected(sound, "tone-free")
        assert running.hear(sound, "?model=classic").json() == expected(sound, "classic")
        listed = running.ask("GET", "/v1/models").json()
        assert [entry["id"] for entry in listed["data"]] == ["tone-free", "classic"]
        assert listed["data"][0]["licence"] == se.load("tone-free").provenance.licence
        assert listed["data"][0]["emotions"] == list(se.load("tone-free").emotions)
    finally:
        assert running.end() == 0


def test_an_unknown_model_is_404_in_openais_shape(server: Running) -> None:
    answer = server.hear(wav(), "?model=gpt")
    assert answer.status == 404
    assert answer.json() == {
        "error": {
            "message": "there is no model 'gpt' (there are: classic)",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("?window=0", "window"),
        ("?window=nan", "window"),
        ("?hop=2&window=1", "hop"),
        ("?hop=0.1&window=3", "hop"),
        ("?top_k=0", "top_k"),
        ("?segment=true", "segment"),
    ],
)
def test_a_value_that_is_not_possible_is_422_and_named(server: Running, query: str, word: str) -> None:
    answer = server.hear(wav(), query)
    assert answer.status == 422
    assert answer.code == "invalid_value"
    assert word in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "sound", [b"", b"no recording", b"RIFF" + bytes(64), wav(1.0)[:40], b"ID3" + bytes(range(256)) * 8]
)
def test_what_is_no_recording_is_422(server: Running, sound: bytes) -> None:
    answer = server.hear(sound)
    assert (answer.status, answer.code) == (422, "undecodable")
    assert "Traceback" not in answer.body.decode()


def test_a_form_without_a_file_and_one_that_is_broken_are_told(server: Running) -> None:
    body, kind = form({"model": "classic"}, None)
    assert (answer := server.hear(body, kind=kind)).status == 422
    assert answer.code == "no_file"
    unnamed = b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"
    answer = server.hear(unnamed, kind="multipart/form-data; boundary=x")
    assert (answer.status, answer.code) == (400, "bad_form")
    answer = server.hear(b"", kind="multipart/form-data")
    assert (answer.status, answer.code) == (400, "bad_form")


def test_another_content_type_is_415(server: Running) -> None:
    answer = server.hear(b"{}", kind="application/json")
    assert (answer.status, answer.code) == (415, "media_type")


def test_unknown_paths_and_methods_are_told_in_the_same_shape(server: Running) -> None:
    assert (server.ask("GET", "/nothing").status, server.ask("GET", "/nothing").code) == (404, "not_found")
    answer = server.ask("GET", "/v1/emotion")
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_what_is_no_http_is_told_in_the_same_shape(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"HELO there\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400")
    assert json.loads(answer.split(b"\r\n\r\n")[1])["error"]["code"] == "bad_request"


def test_it_says_how_it_is(server: Running) -> None:
    assert server.ask("GET", "/healthz").json() == {"status": "ok"}
    assert server.ask("GET", "/readyz").json() == {"status": "ready"}


def test_the_metrics_count_requests_and_sound(server: Running) -> None:
    ok = 'speech_emotion_requests_total{method="POST",route="/v1/emotion",status="200"}'
    seconds = 'speech_emotion_audio_seconds_total{source="file"}'
    before = server.metric(ok), server.metric(seconds)
    server.hear(wav(1.5))
    assert (server.metric(ok), server.metric(seconds)) == (before[0] + 1, before[1] + 1.5)


def test_paths_that_are_made_up_do_not_make_up_metrics(server: Running) -> None:
    server.ask("GET", "/made-up-path")
    server.ask("BREW", "/healthz")
    text = server.ask("GET", "/metrics").body.decode()
    assert "made-up-path" not in text
    assert "BREW" not in text


def test_the_description_has_examples_and_every_error(server: Running) -> None:
    described = server.ask("GET", "/openapi.json").json()
    assert described["components"]["schemas"]["Emotion"]["examples"]
    responses = described["paths"]["/v1/emotion"]["post"]["responses"]
    assert {"200", "400", "404", "408", "413", "415", "422", "503"} <= set(responses)
    assert "HTTPValidationError" not in json.dumps(described)
