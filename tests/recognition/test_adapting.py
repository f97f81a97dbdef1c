from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speech_emotion.errors import UsageError
from speech_emotion.features.config import FeatureConfig
from speech_emotion.models import profiles
from speech_emotion.models.adaptation import Adaptation
from speech_emotion.models.manifest import Provenance
from speech_emotion.models.model import Model
from speech_emotion.recognition import adapting
from speech_emotion.recognition.recognizer import Recognition
from speech_emotion.recognition.transcript import SHORTEST, Segment, Word

EMOTIONS = ("calm", "happy", "sad")


class Silent:
    """A classifier that is never asked."""

    def predict_proba(self, values):
        raise AssertionError

    def onnx(self):
        raise AssertionError


@pytest.fixture
def model() -> Model:
    return Model(Silent(), EMOTIONS, FeatureConfig(), Provenance("made"), sure_above=0.5, centre=(0.0, 0.0, 0.0))


def answer(model: Model, path: str, *probabilities: float, parts: int = 0) -> Recognition:
    row = np.array(probabilities)
    whole = model.prediction(row, 0.0, 2.0)
    segments = tuple(model.prediction(row, 0.0 + part, 1.0 + part) for part in range(parts)) or None
    return Recognition(path, model.name, whole, segments)


@pytest.fixture
def answers(model: Model) -> list[Recognition]:
    return [
        answer(model, "ann/1.wav", 0.90, 0.05, 0.05),
        answer(model, "ann/2.wav", 0.50, 0.45, 0.05, parts=2),
        Recognition("ann/3.wav", model.name, error="is not audio"),
        answer(model, "bob/1.wav", 0.45, 0.05, 0.50),
        answer(model, "bob/2.wav", 0.05, 0.90, 0.05),
    ]


def test_none_passes_answers_on_as_they_come(model: Model, answers: list[Recognition]) -> None:
    stream = adapting.adapted(iter(answers), model, "none")
    assert next(stream) is answers[0]


def test_a_session_adapts_each_answer_to_the_others(model: Model, answers: list[Recognition]) -> None:
    found = list(adapting.adapted(answers, model, "session"))
    rows = [[dict(a.prediction.scores)[e] for e in EMOTIONS] for a in answers if a.prediction]
    expected = Adaptation(model.centre).adapted_together(np.array(rows))
    got = [[dict(a.prediction.scores)[e] for e in EMOTIONS] for a in found if a.prediction]
    np.testing.assert_allclose(got, expected)
    assert [a.path for a in found] == [a.path for a in answers]
    assert found[2] is answers[2]
    assert (found[3].prediction.start, found[3].prediction.end) == (0.0, 2.0)
    for one in found:
        if one.prediction:
            values = [score for _, score in one.prediction.scores]
            assert values == sorted(values, reverse=True)
            assert (one.prediction.emotion is None) == (one.prediction.confidence < 0.5)
    assert found[1].segments != answers[1].segments


def test_by_speaker_each_folder_is_a_voice(model: Model, answers: list[Recognition]) -> None:
    found = list(adapting.adapted(answers, model, "speaker"))
    heard = [a for a in answers if a.prediction]
    rows = np.array([[dict(a.prediction.scores)[e] for e in EMOTIONS] for a in heard])
    expected = Adaptation(model.centre).adapted_together(rows, ["ann", "ann", "bob", "bob"])
    got = [[dict(a.prediction.scores)[e] for e in EMOTIONS] for a in found if a.prediction]
    np.testing.assert_allclose(got, expected)


def test_one_recording_by_itself_stays_as_it_is(model: Model) -> None:
    alone = answer(model, "a.wav", 0.6, 0.3, 0.1, parts=3)
    assert list(adapting.adapted([alone], model, "session")) == [alone]


def test_a_profile_goes_on_where_it_was(model: Model, answers: list[Recognition], tmp_path: Path) -> None:
    profile = tmp_path / "ann.json"
    session = profiles.opened(profile, model)
    list(adapting.adapted(answers * 5, model, "session", session))
    session.save(profile)
    alone = answer(model, "a.wav", 0.6, 0.3, 0.1, parts=2)
    [found] = adapting.adapted([alone], model, "session", profiles.opened(profile, model))
    assert found.prediction != alone.prediction
    for part, before in zip(found.segments, alone.segments, strict=True):
        assert part.scores != before.scores
        assert dict(part.scores) == pytest.approx(dict(found.prediction.scores), abs=0.05)
    with pytest.raises(UsageError, match="kept with another model"):
        profiles.opened(profile, replace(model, centre=(1.0, -1.0, 0.0)))


@pytest.mark.parametrize(
    ("adapt", "profile", "says"),
    [("room", None, "unknown adaptation 'room'"), ("none", Path("p.json"), "goes with --adapt")],
)
def test_what_cannot_be_is_refused_first(adapt: str, profile: Path | None, says: str, model: Model) -> None:
    with pytest.raises(UsageError, match=says):
        adapting.check(adapt, model, profile)


def test_segments_keep_their_words_and_what_is_too_short_stays_unsaid(model: Model, answers: list[Recognition]) -> None:
    model = replace(model, sure_above=0.4)
    scores = answers[1].prediction.scores
    parts = tuple(
        Segment("Yes.", 1.0, end, None, 0.5, scores, (Word("Yes.", 1.0, end, 0.9),)) for end in (1.0 + SHORTEST, 1.1)
    )
    spoken = replace(answers[1], segments=parts, text="Yes. Yes.")
    silent = replace(answers[3], segments=(), text="")
    _, found, _, none, _ = adapting.adapted([answers[0], spoken, answers[2], silent, answers[4]], model, "session")
    windows = list(adapting.adapted(answers, model, "session"))[1].segments
    assert [(part.text, part.start, part.words) for part in found.segments] == [("Yes.", 1.0, p.words) for p in parts]
    assert [part.scores for part in found.segments] == [windows[0].scores] * 2
    assert [part.emotion for part in found.segments] == [windows[0].emotion, None]
    assert windows[0].emotion is not None
    assert none.segments == ()
