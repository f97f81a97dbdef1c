"""Several tables as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from speech_emotion.corpora.utterance import Origin
from speech_emotion.errors import FeatureError, TrainingError, UsageError
from speech_emotion.evaluation.together import together
from speech_emotion.features.table import PER_UTTERANCE


def test_the_emotions_that_all_have_are_kept_and_the_rest_is_counted(made_table):
    one = replace(made_table(speakers=2, clips=1, emotions=("calm", "happy", "sad")), left_out={"song": 3})
    other = made_table(speakers=2, clips=1, emotions=("happy", "sad", "angry"))
    other = replace(other, corpora=np.full(len(other), "other"), origins=(Origin("other", "CC0"),))
    both, dropped = together([one, other])
    assert both.classes == ("happy", "sad")
    assert dropped == {"calm": 2, "angry": 2}
    assert both.left_out == {
        "made: song": 3,
        "made: calm, not in every corpus": 2,
        "other: angry, not in every corpus": 2,
    }
    assert both.name == "made+other"
    assert both.corpora.tolist() == ["made"] * 4 + ["other"] * 4
    assert (both.values[4:] == other.values[other.emotions != "angry"]).all()


def test_one_table_stays_as_it_is(made_table):
    table = made_table()
    same, dropped = together([table])
    assert dropped == {}
    assert all((getattr(same, name) == getattr(table, name)).all() for name in ("values", *PER_UTTERANCE))


def test_an_emotion_can_be_taken_for_another_first(made_table):
    one = made_table(speakers=2, clips=1, emotions=("neutral", "calm", "sad"))
    other = made_table(speakers=2, clips=1, emotions=("neutral", "sad", "angry"))
    both, dropped = together([one, other], fold={"calm": "neutral"})
    assert both.emotions.tolist() == ["neutral", "neutral", "sad"] * 2 + ["neutral", "sad"] * 2
    assert dropped == {"angry": 2}
    with pytest.raises(UsageError, match="unknown emotion to fold 'bored'"):
        together([one, other], fold={"bored": "neutral"})


def test_tables_that_do_not_go_together_are_refused(made_table):
    table = made_table()
    with pytest.raises(TrainingError, match="two emotions or more that all have"):
        together([table, made_table(emotions=("sad", "angry"))])
    with pytest.raises(FeatureError, match="not measured alike"):
        together([table, table.narrow(["mfcc"])])
