"""Each built-in model on real clips, in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from speech_emotion.corpora import emodb, ravdess
from speech_emotion.models import bundle
from speech_emotion.recognition.formats import FORMATS
from speech_emotion.recognition.recognizer import recognize_files


@pytest.mark.parametrize("name", ["tone", "tone-large", "tone-free", "classic"])
def test_real_clips_are_heard_in_every_format(name: str, ravdess_zip: Path, emodb_zip: Path) -> None:
    model = bundle.load(name)
    of_ravdess = [u for u in ravdess.read(ravdess_zip).utterances if u.emotion in model.emotions][::120]
    of_emodb = [u for u in emodb.read(emodb_zip).utterances if u.emotion in model.emotions][::60]
    paths = [utterance.path for utterance in (*of_ravdess, *of_emodb)]
    answers = list(recognize_files(paths, model, segments=True, workers=1))
    assert [answer.error for answer in answers] == [None] * len(paths)
    for answer in answers:
        assert sum(score for _, score in answer.prediction.scores) == pytest.approx(1)
        assert {emotion for emotion, _ in answer.prediction.scores} == set(model.emotions)
    lines = [json.loads(line) for line in FORMATS["jsonl"](answers, None)]
    assert [line["path"] for line in lines] == paths
    assert all(line["model"] == name for line in lines)
    assert json.loads("\n".join(FORMATS["json"](answers, None))) == lines
    rows = list(csv.DictReader(io.StringIO("\n".join(FORMATS["csv"](answers, None)))))
    assert len(rows) == sum(len(answer.segments) for answer in answers)
    assert sum(path in line for line in FORMATS["table"](answers, None) for path in paths) == len(paths)
