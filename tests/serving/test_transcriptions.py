"""Words and tone, asked for by OpenAI's own client; the weights are those of Whisper tiny.en."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import openai
import pytest
import soundfile
import webvtt

import speech_emotion as se
from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import Waveform
from speech_emotion.errors import SpeechEmotionError
from speech_emotion.recognition import whisper
from speech_emotion.recognition.transcript import Transcript
from speech_emotion.serving.ears import Ears
from speech_emotion.serving.transcriptions import TranscriptionSegment

from .conftest import Running, form, launch, wav

KIDS = "Actor_05/03-01-05-02-01-02-05.wav"  # angry
TOKEN = "a-token-for-openai"


@pytest.fixture(scope="module")
def sound(ravdess_zip: Path) -> bytes:
    """A voice, then silence, then the voice again."""
    kids = read(f"{ravdess_zip}/{KIDS}").samples
    out = io.BytesIO()
    soundfile.write(out, np.concatenate([kids, np.zeros(16_000, np.float32), kids]), 16_000, format="WAV")
    return out.getvalue()


@pytest.fixture(scope="module")
def talking(whisper_folder: Path) -> Iterator[Running]:
    running = launch("--model", "tone,classic", "--words", str(whisper_folder), "--token", TOKEN)
    yield running
    assert running.end() == 0


@pytest.fixture(scope="module")
def client(talking: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{talking.url}/v1", api_key=TOKEN, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def expected(sound: bytes, whisper_folder: Path) -> Transcript:
    found = se.transcribe(sound, words=whisper_folder)
    assert "by the door" in found.text
    assert len(found.segments) == 2
    return found


def test_the_client_gets_the_words_and_the_tone(client: openai.OpenAI, sound: bytes, expected: Transcript) -> None:
    found = client.audio.transcriptions.create(file=("a.wav", sound), model="whisper-1")
    assert found.text == expected.text
    assert found.emotion == expected.prediction.emotion  # type: ignore[attr-defined]
    assert found.usage.seconds == 9  # type: ignore[union-attr]


@pytest.mark.parametrize("format_", ["json", "verbose_json"])
def test_an_answer_is_as_it_is_described(talking: Running, sound: bytes, format_: str) -> None:
    fields = {"model": "whisper-1", "response_format": format_, "timestamp_granularities[]": "segment"}
    body, kind = form(fields, sound)
    headers = {"Content-Type": kind, "Authorization": f"Bearer {TOKEN}"}
    answer = talking.ask("POST", "/v1/audio/transcriptions", body, headers)
    described = talking.ask("GET", "/openapi.json", headers=headers).json()
    assert answer.status == 200
    jsonschema.validate(answer.json(), {**described, "$ref": "#/components/schemas/Transcription"})


def test_verbose_json_has_segments_with_their_emotion_and_words(
    client: openai.OpenAI, sound: bytes, expected: Transcript
) -> None:
    found = client.audio.transcriptions.create(
        file=("a.wav", sound),
        model="model",
        response_format="verbose_json",
        timestamp_granularities=["segment", "word"],
        language="en",
        temperature=0,
    )
    assert (found.language, found.text) == ("en", expected.text)
    assert found.duration == pytest.approx(expected.prediction.end, abs=1e-3)
    assert found.segments is not None
    for segment, other in zip(found.segments, expected.segments, strict=True):
        assert segment.text == other.text
        assert (segment.start, segment.end) == pytest.approx((other.start, other.end), abs=1e-3)
        assert segment.emotion == other.emotion  # type: ignore[attr-defined]
        assert segment.scores[0]["score"] == pytest.approx(other.confidence)  # type: ignore[attr-defined]
        assert set(TranscriptionSegment.model_fields) <= segment.model_dump().keys()  # all that is described
        assert -5 < segment.avg_logprob <= 0
    assert [segment.id for segment in found.segments] == [0, 1]
    assert found.words is not None
    assert [word.word for word in found.words] == [word.text for part in expected.segments for word in part.words]


def test_of_the_granularities_only_what_was_asked_for(client: openai.OpenAI, sound: bytes) -> None:
    for asked, other in (("word", "segments"), ("segment", "words")):
        found = client.audio.transcriptions.create(
            file=("a.wav", sound),
            model="whisper-1",
            response_format="verbose_json",
            timestamp_granularities=[asked],  # type: ignore[list-item]
        )
        assert getattr(found, other) is None


def test_text_and_subtitles(client: openai.OpenAI, sound: bytes, expected: Transcript, tmp_path: Path) -> None:
    def asked(format_: str) -> str:
        return str(
            client.audio.transcriptions.create(file=("a.wav", sound), model="whisper-1", response_format=format_)  # type: ignore[call-overload]
        )

    assert asked("text") == expected.text + "\n"
    cues = webvtt.from_buffer(io.StringIO(asked("vtt")))
    assert [cue.text for cue in cues] == [segment.text for segment in expected.segments]
    assert [cue.voice for cue in cues] == [segment.emotion or "not sure" for segment in expected.segments]
    place = tmp_path / "a.srt"
    place.write_text(asked("srt"), encoding="utf-8")
    cues = webvtt.from_srt(place)
    assert [cue.text for cue in cues] == [segment.text for segment in expected.segments]
    assert [cue.start_in_seconds for cue in cues] == [int(segment.start) for segment in expected.segments]


def test_the_tone_can_be_another_models(client: openai.OpenAI, sound: bytes) -> None:
    found = client.audio.transcriptions.create(
        file=("a.wav", sound), model="whisper-1", extra_body={"emotion_model": "classic"}
    )
    scores = [(each["label"], each["score"]) for each in found.scores]  # type: ignore[attr-defined]
    assert scores == [(label, pytest.approx(score)) for label, score in se.recognize(sound, se.load("classic")).scores]


def test_the_client_sees_what_is_wrong(client: openai.OpenAI, sound: bytes) -> None:
    create = client.audio.transcriptions.create
    with pytest.raises(openai.NotFoundError, match="there is no model 'gpt-4o-transcribe'") as missing:
        create(file=("a.wav", sound), model="gpt-4o-transcribe")
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError, match="there is no model 'x'"):
        create(file=("a.wav", sound), model="whisper-1", extra_body={"emotion_model": "x"})
    with pytest.raises(openai.UnprocessableEntityError, match="neither libsndfile nor FFmpeg"):
        create(file=("a.wav", b"no recording"), model="whisper-1")
    with pytest.raises(openai.UnprocessableEntityError, match="knows 'en' only"):
        create(file=("a.wav", sound), model="whisper-1", language="de")
    with pytest.raises(openai.UnprocessableEntityError, match="comes as a whole"):
        create(file=("a.wav", sound), model="whisper-1", stream=True)
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="another-token-for-it").models.list()


def test_the_client_lists_the_models(client: openai.OpenAI) -> None:
    assert [(each.id, each.kind) for each in client.models.list()] == [  # type: ignore[attr-defined]
        ("tone", "emotion"),
        ("classic", "emotion"),
        ("model", "transcription"),
    ]


def test_silence_has_no_words(client: openai.OpenAI) -> None:
    out = io.BytesIO()
    soundfile.write(out, np.zeros(16_000), 16_000, format="WAV")
    for format_ in ("json", "verbose_json"):
        found = client.audio.transcriptions.create(
            file=("a.wav", out.getvalue()),
            model="whisper-1",
            response_format=format_,  # type: ignore[call-overload]
        )
        assert found.text == ""
        assert (found.emotion, found.spoken) == (None, False)  # type: ignore[union-attr]


def test_a_server_without_words_says_so(server: Running) -> None:
    body, kind = form({"model": "whisper-1"}, wav())
    answer = server.ask("POST", "/v1/audio/transcriptions", body, {"Content-Type": kind})
    assert (answer.status, answer.code) == (404, "model_not_found")
    assert "--words" in answer.json()["error"]["message"]
    assert server.ask("POST", "/v1/audio/transcriptions", wav(), {"Content-Type": "audio/wav"}).status == 415


def test_words_are_not_sought_further_once_the_server_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def endless(*_: object, **__: object) -> tuple[Iterator[SimpleNamespace], SimpleNamespace]:
        found = (
            SimpleNamespace(words=None, text="Yes.", start=at, end=at + 1) for at in range(9) if not taken.append(at)
        )
        return found, SimpleNamespace(language="en")

    monkeypatch.setattr(whisper, "find", Path)
    monkeypatch.setattr(whisper, "opened", lambda *_: SimpleNamespace(transcribe=endless))
    monkeypatch.setattr(whisper, "check_language", lambda *_: None)
    ears = Ears(["tone"], "tiny", concurrent=1)
    ears.close()
    with pytest.raises(SpeechEmotionError, match="has ended"):
        ears.transcribe(Waveform(np.zeros(16_000, dtype=np.float32)), ears.model(None), None)
    assert taken == [0]
