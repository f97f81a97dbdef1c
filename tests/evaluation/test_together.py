"""Several tables as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from speech_emotion.corpora.utterance import Origin
from speech_emotion.errors import FeatureError, TrainingError
from speech_emotion.evaluation.together import together


def test_the_emotions_that_all_have_are_kept_and_the_rest_is_counted(made_table):
    one = made_table(speakers=2, clips=1, emotions=("calm", "happy", "sad"))
    other = made_table(speakers=2, clips=1, emotions=("happy", "sad", "angry"))
    other = replace(other, corpora=np.full(len(other), "other"), origins=(Origin("other", "CC0"),))
    both, dropped = together([one, other])
    assert both.classes == ("happy", "sad")
    assert dropped == {"calm": 2, "angry": 2}
    assert both.name == "made+other"
    assert both.corpora.tolist() == ["made"] * 4 + ["other"] * 4
    assert (both.values[4:] == other.values[other.emotions != "angry"]).all()


def test_one_table_stays_as_it_is(made_table):
    table = made_table()
    assert together([table]) == (table, {})


def test_tables_that_do_not_go_together_are_refused(made_table):
    table = made_table()
    with pytest.raises(TrainingError, match="two emotions or more that all have"):
        together([table, made_table(emotions=("sad", "angry"))])
    with pytest.raises(FeatureError, match="not measured alike"):
        together([table, table.narrow(["mfcc"])])
