"""``demo``: the whole road, on real recordings and on synthetic voices."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from speech_emotion import corpora
from speech_emotion.cli import demo as command
from speech_emotion.cli.main import run
from speech_emotion.corpora import ravdess
from speech_emotion.emotions import CALM4
from speech_emotion.evaluation import side_by_side
from speech_emotion.evaluation.intervals import Score
from speech_emotion.features.table import FeatureTable
from speech_emotion.models import bundle
from speech_emotion.training import demo
from speech_emotion.training.demo import demonstrate, search_lines
from speech_emotion.training.search import search
from speech_emotion.training.trial import Ensemble

Captured = pytest.CaptureFixture[str]


def test_the_road_on_synthetic_voices_says_so_first_and_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delenv("SPEECH_EMOTION_DATA", raising=False)
    monkeypatch.setattr(corpora, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(corpora, "answers", lambda archive, seconds: False)
    out = tmp_path / "out"
    assert run(["demo", "--budget", "1s", "--folder", str(out), "--workers", "2"]) == 0
    shown, told = capsys.readouterr()
    notes = [line for line in told.splitlines() if "SYNTHETIC" in line]
    assert len(notes) == 2
    assert told.strip().endswith(notes[-1])
    assert "corpus fetch ravdess" in notes[0]
    assert "4 emotions" in shown
    assert {path.name for path in out.iterdir()} == {"report.html", "confusion.png", "features.npz", "models"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "SYNTHETIC" in page
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", page)
    assert len(list(csv.DictReader((out / "models" / "leaderboard.csv").open(encoding="utf-8")))) >= 1


def test_an_ensemble_that_was_kept_is_the_one_that_is_told(made_table: Any, tmp_path: Path) -> None:
    result = search(made_table(speakers=8), trials=3, keep=1, folder=tmp_path, families=["lda"], workers=1)
    inner, outer = result.kept[0].inner, result.kept[0].outer
    better = {"uar": Score(0.875, 0.8, 0.9)}
    joined = Ensemble({1: 0.5, 2: 0.5}, {**inner, **better}, inner, {**(outer or {}), **better}, file="00.semodel")
    for kept, name, score in ((None, "lda on", inner), (result.models[0], "an ensemble of 2", better)):
        first, second = search_lines(replace(result, ensemble=joined, joined=kept))
        assert f"Taken is {name}" in first
        assert str(score["uar"]) in first
        assert ("87.5 %" in second) == (kept is not None)


def test_the_clip_at_the_end_is_by_a_speaker_that_no_step_had_heard(ravdess_zip: Path, tmp_path: Path) -> None:
    corpus = corpora.open("ravdess", ravdess_zip).select(
        speakers=["01", "02", "03", "04", "05", "06"], emotions=["calm", "angry", "sad"]
    )
    shown = demonstrate(corpus, tmp_path, budget="1s", workers=2)
    assert shown.speaker in shown.result.test_speakers
    for path in shown.result.paths:
        assert shown.speaker not in bundle.load(path).provenance.speakers
    assert ravdess.parse(shown.clip).emotion == shown.truth
    assert f"ravdess/{ravdess.parse(shown.clip).actor:02}" == shown.speaker
    assert shown.prediction.scores[0][1] == shown.prediction.confidence
    assert len(FeatureTable.load(tmp_path / "features.npz")) == len(corpus)


def test_the_page_has_each_warning_once(ravdess_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "quick_warnings", lambda table, seed: ("a leak", "lengths tell"))
    monkeypatch.setattr(demo, "length_warning", lambda table, seed: "lengths tell")
    corpus = corpora.open("ravdess", ravdess_zip).select(speakers=["01", "02", "03"], emotions=[*CALM4, "angry"])
    shown = demonstrate(corpus, tmp_path, budget="1s", workers=2)
    assert [study.task for study in shown.studies] == ["4 emotions", "5 emotions"]
    page = shown.page.read_text(encoding="utf-8")
    assert "3 warnings:" in page
    for line in ("a leak", "lengths tell", "among the 4 emotions, lengths tell"):
        assert page.count(f"<li>{line}</li>") == 1


def test_ravdess_is_taken_where_it_is_or_where_its_home_answers(
    ravdess_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "answers", lambda archive, seconds: False)
    monkeypatch.setattr(corpora, "cache_folder", lambda: tmp_path)
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(ravdess_zip.parent))
    assert command._at_hand() == "ravdess"
    monkeypatch.delenv("SPEECH_EMOTION_DATA")
    assert command._at_hand() == "synthetic"
    monkeypatch.setattr(corpora, "answers", lambda archive, seconds: True)
    assert command._at_hand() == "ravdess"
