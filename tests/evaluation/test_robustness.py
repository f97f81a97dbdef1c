"""What is left of a model under worse conditions, where it is known what must be left."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from speech_emotion.audio.waveform import RATE
from speech_emotion.corpora import ravdess
from speech_emotion.corpora.utterance import Corpus, Origin, Utterance
from speech_emotion.errors import FeatureError, TrainingError, UsageError
from speech_emotion.evaluation.conditions import CONDITIONS
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.evaluation.robustness import Robustness, Row, robustness
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.defaults import CLASSIC
from speech_emotion.features.extract import extract
from speech_emotion.models.manifest import Provenance
from speech_emotion.models.model import Model
from speech_emotion.training.families import family
from speech_emotion.training.per_speaker import PerSpeaker

LOUDNESS = FeatureConfig(features=("rms",))


class Loudness(ClassifierMixin, BaseEstimator):
    """Names the class whose mean loudness, in dB, is nearest; remembers what it was fitted on."""

    heard: list[tuple[np.ndarray, set[str]]] = []  # noqa: RUF012 (shared on purpose: each fold fits a copy)

    def fit(self, X, y, groups=None):
        self.heard.append((X, set(groups)))
        self.classes_ = np.unique(y)
        self.means_ = np.array([np.log(X[y == each, 0]).mean() for each in self.classes_])
        return self

    def predict_proba(self, X):
        far = np.abs(np.log(X) - self.means_)
        return np.exp(-far) / np.exp(-far).sum(axis=1, keepdims=True)


class Saved:
    """A classifier that can only be asked, as in a bundle: above a loudness the first class, else the second."""

    def predict_proba(self, values):
        first = values[:, 0] > 0.03
        return np.stack([first, ~first], axis=1).astype(float)

    def onnx(self):
        raise NotImplementedError


def recordings(folder: Path, angry: Sequence[float] = (0.1,) * 4, calm: float = 0.02) -> Corpus:
    """Four people who hum, women and men in turn, three times calmly and three times angrily: that is, louder."""
    utterances = []
    for speaker, loud in enumerate(angry):
        for emotion, level in (("angry", loud), ("calm", calm)):
            for take in range(3):
                pitch = 120 + 20 * speaker + take
                hum = level * np.sign(np.sin(2 * np.pi * pitch * np.arange(RATE // 2) / RATE)) * 0.99
                path = folder / f"{speaker}-{emotion}-{take}.wav"
                soundfile.write(path, hum, RATE, "FLOAT")
                sex = ("female", "male")[speaker % 2]
                utterances.append(Utterance(str(path), emotion, f"hum/{speaker}", "hum", sex=sex))
    return Corpus(Origin("hum", "CC0"), tuple(utterances))


def judged(corpus: Corpus, *conditions: str, **options: object) -> Robustness:
    given = {"folds": 4, "workers": 1, "config": LOUDNESS, "conditions": conditions, **options}
    return robustness(Loudness(), corpus, **given)


def values(row: Row) -> tuple[float, float, float]:
    assert row.uar is not None
    assert row.drop is not None
    assert row.unchanged is not None
    return row.uar.value, row.drop.value, row.unchanged.value


def test_a_model_that_goes_by_loudness_loses_what_a_gain_takes(tmp_path: Path) -> None:
    # The border is at 0.045, so 10 dB turn angry (0.1) into calm (0.032), and calm (0.02) into angry (0.063).
    result = judged(recordings(tmp_path), "gain_down", "gain_up", "speed_up", "crop_1")
    down, up, faster, part = result.rows
    assert result.clean.value == 1
    assert values(down) == values(up) == (0.5, 0.5, 0.5)
    assert values(faster) == values(part) == (1, 0, 1)
    assert (down.condition, down.group, down.title) == ("gain_down", "level", "10 dB quieter")
    assert (result.clips, result.speakers, result.folds, result.chance) == (24, 4, 4, 0.5)


def test_a_level_that_is_taken_away_speaker_by_speaker_takes_no_answer_with_it(tmp_path: Path) -> None:
    model = PerSpeaker(LogisticRegression())
    given = {"folds": 4, "workers": 1, "config": LOUDNESS, "conditions": ["gain_down", "speed_up"]}
    assert [values(row) for row in robustness(model, recordings(tmp_path), **given).rows] == [(1, 0, 1)] * 2


def test_an_answer_may_change_from_wrong_to_right(tmp_path: Path) -> None:
    corpus = recordings(tmp_path)
    swapped = {"angry": "calm", "calm": "angry"}
    first = [
        replace(u, emotion=swapped[u.emotion]) if u.speaker == "hum/0" and u.emotion == "calm" else u
        for u in corpus.utterances
    ]
    result = judged(replace(corpus, utterances=tuple(first)), "gain_up")
    # Three quiet clips are called angry; louder, these three are named right, and all other quiet ones wrong.
    assert result.clean.value == pytest.approx((12 / 15 + 1) / 2)
    uar, drop, unchanged = values(result.rows[0])
    assert uar == pytest.approx((1 + 0) / 2)
    assert drop == pytest.approx(result.clean.value - uar)
    assert unchanged == pytest.approx(12 / 24)


def test_the_gap_between_women_and_men_is_told_for_each_condition(tmp_path: Path) -> None:
    result = judged(recordings(tmp_path, angry=(0.1, 0.4, 0.1, 0.4)), "gain_down")
    assert result.clean_sex_gap is not None
    assert result.clean_sex_gap.value == 0
    gap = result.rows[0].sex_gap
    assert gap is not None
    assert gap.value == pytest.approx(-0.5)  # only the men's anger is still loud enough
    assert gap.low <= gap.value <= gap.high


def test_models_learn_clean_clips_of_other_speakers_only(tmp_path: Path) -> None:
    corpus = recordings(tmp_path)
    table = extract(corpus, config=LOUDNESS, workers=1)
    Loudness.heard.clear()
    judged(corpus, "gain_down", "white_0", protocol="loso", clips=8)
    assert len(Loudness.heard) == 4
    everyone = {f"hum/{number}" for number in range(4)}
    for (learnt, voices), out in zip(Loudness.heard, sorted(everyone), strict=True):
        assert voices == everyone - {out}
        assert (learnt == table.values[table.speakers != out]).all()


def test_without_conditions_the_clean_score_is_that_of_evaluate(ravdess_zip: Path) -> None:
    corpus = ravdess.read(ravdess_zip).select(["calm", "angry", "sad"], ["01", "02", "03", "04"])
    table = extract(corpus, CLASSIC, workers=1)
    recipe = family("lda").build(seed=0)
    report = evaluate(recipe, table, folds=2, workers=1)
    result = robustness(recipe, table, folds=2, workers=1, conditions=["crop_3"])
    assert result.clean == report.scores["uar"]


def test_any_number_of_workers_and_any_way_to_give_the_recordings_makes_the_same_table(tmp_path: Path) -> None:
    config = FeatureConfig(features=("mfcc",))
    corpus, recipe = recordings(tmp_path), family("lda").build()
    chosen = ("white_0", "babble_0", "reverberation", "gsm")
    alone = robustness(recipe, corpus, folds=2, config=config, conditions=chosen, clips=12, workers=1)
    table = extract(corpus, config=config, workers=1)
    assert robustness(recipe, table, folds=2, conditions=chosen, clips=12, workers=2) == alone


def test_real_speech_suffers_more_from_noise_than_from_a_codec(ravdess_zip: Path) -> None:
    corpus = ravdess.read(ravdess_zip).select(["calm", "angry", "sad"], [f"{number:02d}" for number in range(1, 7)])
    steps: list[tuple[int, int]] = []
    result = robustness(
        family("lda").build(seed=0),
        corpus,
        folds=2,
        clips=36,
        conditions=["white_20", "white_0", "mp3", "crop_3"],
        workers=1,
        progress=lambda done, total: steps.append((done, total)),
    )
    twenty, none, mp3, crop = (values(row) for row in result.rows)
    assert result.clean.value > 0.5
    assert min(mp3[2], crop[2]) > twenty[2] > none[2]
    assert none[0] < mp3[0]
    assert steps == [(number, 38) for number in range(1, 39)]
    assert result.notes == ("tested on 36 of 144 clips, drawn evenly from speakers and emotions",)


def _saved(table, *speakers: str) -> Model:
    return Model(Saved(), ("angry", "calm"), table.config, Provenance("lda", speakers=speakers), name="humming")


def test_a_saved_model_is_judged_as_it_is(tmp_path: Path) -> None:
    table = extract(recordings(tmp_path), config=LOUDNESS, workers=1)
    result = robustness(_saved(table, "hum/9"), table, conditions=["gain_up", "gain_down"], workers=1)
    assert result.clean.value == 1
    assert [values(row) for row in result.rows] == [(0.5, 0.5, 0.5), (1, 0, 1)]
    assert result.folds == 0
    assert result.notes == ("judged as it is, on speakers of whose names none was among those that it was trained on",)


def test_a_saved_model_is_not_judged_on_its_own_speakers(tmp_path: Path) -> None:
    corpus = recordings(tmp_path)
    table = extract(corpus, config=LOUDNESS, workers=1)
    with pytest.raises(TrainingError, match=r"humming was trained on 1 of these speakers \(hum/2\)"):
        robustness(_saved(table, "hum/2"), corpus, workers=1)
    marked = robustness(_saved(table, "hum/2"), corpus, workers=1, conditions=["gain_up"], allow_overlap=True)
    assert marked.notes[0].startswith("OVERLAP")
    with pytest.raises(UsageError, match="cannot be fitted anew"):
        robustness(_saved(table), corpus, protocol="loso", workers=1)


def test_emotions_that_a_model_does_not_know_are_left_out_and_counted(tmp_path: Path) -> None:
    corpus = recordings(tmp_path)
    some = [replace(u, emotion="sad") if u.path.endswith("calm-0.wav") else u for u in corpus.utterances]
    result = robustness(
        _saved(extract(corpus, config=LOUDNESS, workers=1)),
        replace(corpus, utterances=tuple(some)),
        conditions=["gain_up"],
        workers=1,
    )
    assert result.clips == 20
    assert "4 utterances left out" in result.notes[1]


def test_a_codec_that_is_not_there_makes_a_row_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    result = judged(recordings(tmp_path), "mp3", "gain_down", "gsm")
    missing, down, gsm = result.rows
    assert missing.uar is missing.drop is missing.unchanged is missing.sex_gap is None
    assert missing.missing.endswith('pip install "speech-emotion[media]"')
    assert values(down) == (0.5, 0.5, 0.5)
    assert gsm.uar is not None
    facts = json.loads(json.dumps(result.as_dict()))
    assert facts["rows"][0]["uar"] is None
    assert "missing" not in facts["rows"][1]
    assert set(facts["rows"][1]["drop"]) == {"value", "low", "high"}


def test_a_speaker_alone_is_the_babble_of_their_own_and_the_notes_say_so(tmp_path: Path) -> None:
    table = extract(recordings(tmp_path).select(speakers=["0"]), config=LOUDNESS, workers=1)
    result = robustness(_saved(table), table, conditions=["babble_20"], workers=1)
    assert result.rows[0].uar is not None
    assert "there is nobody else" in result.notes[-1]


def test_a_file_that_is_not_what_the_table_was_made_of_is_refused(tmp_path: Path) -> None:
    corpus = recordings(tmp_path)
    table = extract(corpus, config=LOUDNESS, workers=1)
    soundfile.write(corpus.utterances[5].path, np.full(RATE, 0.5), RATE)
    with pytest.raises(FeatureError, match=r"0-calm-2\.wav is not what the table was made of"):
        robustness(Loudness(), table, workers=1, conditions=["gain_up"])
    Path(corpus.utterances[5].path).unlink()
    with pytest.raises(FeatureError, match=r"0-calm-2\.wav"):
        robustness(Loudness(), table, workers=1, conditions=["gain_up"])


def test_what_cannot_be_judged_is_refused_before_the_work(tmp_path: Path) -> None:
    corpus = recordings(tmp_path)
    with pytest.raises(UsageError, match="unknown condition 'white'"):
        judged(corpus, "white")
    with pytest.raises(UsageError, match="clips must be 1 or more, not 0"):
        judged(corpus, clips=0)
    with pytest.raises(UsageError, match="unknown protocol 'spaeker'"):
        judged(corpus, protocol="spaeker")
    with pytest.raises(UsageError, match="str has not"):
        robustness("svm", corpus)


def test_every_condition_of_the_table_is_there() -> None:
    noises = {f"{kind}_{snr}" for kind in ("white", "pink", "babble") for snr in (20, 10, 0)}
    others = {"gain_up", "gain_down", "telephone", "mp3", "opus", "gsm", "reverberation", "speed_up", "speed_down"}
    assert set(CONDITIONS) == noises | others | {"crop_3", "crop_2", "crop_1"}
