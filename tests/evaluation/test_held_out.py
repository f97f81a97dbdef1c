"""Splits that are given: one group out, and the published folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from speech_emotion.errors import TrainingError
from speech_emotion.evaluation.held_out import EMOBOX_ACTORS, EmoboxSplit, OneOut
from speech_emotion.evaluation.protocols import PROTOCOLS, folds_of, splitter

ACTORS = [f"ravdess/{number:02d}" for number in range(1, 25)]


def _lists(pairs):
    return [(train.tolist(), test.tolist()) for train, test in pairs]


def test_one_out_splits_as_scikit_learns_leave_one_group_out():
    rng = np.random.default_rng(0)
    emotions, groups = rng.choice(["calm", "sad"], 60), rng.choice(list("abcd"), 60)
    ours = OneOut("loso", "speaker").split(None, emotions, groups)
    assert _lists(ours) == _lists(LeaveOneGroupOut().split(emotions, emotions, groups))


def test_each_actor_is_tested_in_one_published_fold_by_models_of_the_twenty_others():
    assert sorted(actor for actors in EMOBOX_ACTORS for actor in actors) == list(range(1, 25))
    speakers = np.repeat(ACTORS, 2)
    for (train, test), actors in zip(EmoboxSplit().split(None, None, speakers), EMOBOX_ACTORS, strict=True):
        assert set(speakers[test]) == {f"ravdess/{actor:02d}" for actor in actors}
        assert len(set(speakers[train])) == 20
        assert not set(speakers[train]) & set(speakers[test])


def test_scikit_learn_takes_them_as_cv():
    values, emotions = np.random.default_rng(0).normal(size=(96, 3)), np.tile(["calm", "sad"], 48)
    speakers = np.repeat(ACTORS, 4)
    for cv in (OneOut("loso", "speaker"), EmoboxSplit()):
        guess = cross_val_predict(LinearDiscriminantAnalysis(), values, emotions, groups=speakers, cv=cv)
        assert guess.shape == emotions.shape


def test_each_protocol_groups_by_its_own_column(made_table):
    table = made_table(speakers=4)
    rows = np.arange(len(table))
    table = replace(table, sentences=np.array(["a", "b", "c"])[rows % 3], corpora=np.array(["x", "y"])[rows % 2])
    for protocol, column in (("loso", "speakers"), ("sentence", "sentences"), ("corpus", "corpora")):
        pairs = folds_of(protocol, table)
        assert [set(getattr(table, column)[test]) for _, test in pairs] == [
            {name} for name in np.unique(getattr(table, column))
        ]


@pytest.mark.parametrize(
    ("protocol", "emotions", "groups", "message"),
    [
        (
            "loso",
            ["calm", "sad"],
            ["me", "me"],
            "'loso' needs 2 speakers or more, not me alone; protocol 'random' works",
        ),
        ("corpus", ["calm", "sad"], ["a", "a"], "'corpus' needs 2 corpora or more, not a alone; protocol 'speaker'"),
        (
            "sentence",
            ["calm", "sad", "sad"],
            ["a", "", ""],
            "sentence of each clip, and 2 of 3 have none; protocol 'sp",
        ),
        ("sentence", ["calm", "calm", "sad"], ["a", "b", "b"], "'sad' is in sentence 'b' only.*protocol 'speaker'"),
        ("emobox", ["calm"] * 23, ACTORS[1:], "the table has no ravdess/01; protocol 'speaker' works"),
        ("emobox", ["calm"] * 25, [*ACTORS, "emodb/03"], "the table has emodb/03; protocol 'speaker' works"),
    ],
)
def test_what_cannot_be_split_is_told_with_the_nearest_protocol_that_works(protocol, emotions, groups, message):
    with pytest.raises(TrainingError, match=message) as refused:
        list(splitter(protocol).split(None, emotions, groups))
    assert "\n" not in str(refused.value)


def test_a_fold_that_would_test_what_it_never_learnt_is_refused(made_table, monkeypatch):
    class Unlucky:
        def split(self, X, y=None, groups=None):
            yield np.flatnonzero(y != "sad"), np.flatnonzero(y == "sad")

    monkeypatch.setitem(PROTOCOLS, "speaker", lambda folds, seed: Unlucky())
    with pytest.raises(TrainingError, match=r"no 'sad' to learn from.*protocol 'loso'"):
        folds_of("speaker", made_table())
