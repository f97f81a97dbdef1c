"""Who is tested on what."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import cross_val_predict

from speech_emotion.errors import TrainingError, UsageError
from speech_emotion.evaluation.protocols import RandomSplit, SpeakerSplit, deal, splitter


def _corpus(speakers=24, clips=8, emotions=("calm", "happy", "sad", "angry")):
    who = np.repeat([f"c/{number:02d}" for number in range(speakers)], clips)
    return np.resize(emotions, len(who)), who


rows = st.lists(st.tuples(st.sampled_from(["calm", "sad"]), st.sampled_from("abcdefg")), min_size=4, max_size=60)


@given(rows, st.integers(2, 6), st.integers(0, 3))
def test_no_speaker_is_ever_on_both_sides(pairs, folds, seed):
    emotions, speakers = np.array(pairs).T
    split = SpeakerSplit(folds, seed)
    try:
        count = split.get_n_splits(None, emotions, speakers)
    except TrainingError:
        return
    tested = []
    for train, test in split.split(None, emotions, speakers):
        assert len(train)
        assert len(test)
        assert not set(speakers[train]) & set(speakers[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(len(emotions)))
    assert count == min(folds, len(set(speakers)))


@given(rows, st.integers(2, 6))
def test_a_random_split_tests_each_clip_once_with_the_emotions_in_proportion(pairs, folds):
    emotions, speakers = np.array(pairs).T
    try:
        parts = list(RandomSplit(folds).split(None, emotions, speakers))
    except TrainingError:
        return
    assert sorted(np.concatenate([test for _, test in parts])) == list(range(len(emotions)))
    for emotion in set(emotions):
        counts = [(emotions[test] == emotion).sum() for _, test in parts]
        assert max(counts) - min(counts) <= 1


def test_folds_of_new_speakers_are_alike_in_size_and_emotions():
    emotions, speakers = _corpus(speakers=24)
    sizes = [len(set(speakers[test])) for _, test in SpeakerSplit(5).split(None, emotions, speakers)]
    assert sorted(sizes) == [4, 5, 5, 5, 5]


def test_speakers_of_one_emotion_each_are_spread_over_the_folds():
    speakers = np.repeat([f"s{number}" for number in range(12)], 5)
    emotions = np.repeat(["calm", "sad", "angry"] * 4, 5)
    for _, test in SpeakerSplit(4).split(None, emotions, speakers):
        assert set(emotions[test]) == {"calm", "sad", "angry"}


def test_the_seed_decides_who_is_tested_together():
    emotions, speakers = _corpus()
    first, again, other = (
        [test.tolist() for _, test in SpeakerSplit(5, seed).split(None, emotions, speakers)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_both_sexes_are_dealt_into_each_part():
    _, speakers = _corpus(speakers=24)
    sexes = np.where([int(name[-2:]) % 2 for name in speakers], "male", "female")
    for seed in range(10):
        part = deal(speakers, sexes, 4, seed)
        for number in range(4):
            inside = set(zip(speakers[part == number], sexes[part == number], strict=True))
            assert sorted(sex for _, sex in inside) == ["female"] * 3 + ["male"] * 3


def test_scikit_learn_takes_them_as_cv():
    emotions, speakers = _corpus()
    values = np.random.default_rng(0).normal(size=(len(emotions), 3))
    for cv in (RandomSplit(4), SpeakerSplit(4)):
        guess = cross_val_predict(LinearDiscriminantAnalysis(), values, emotions, groups=speakers, cv=cv)
        assert guess.shape == emotions.shape


def test_one_speaker_cannot_be_new_to_the_model():
    with pytest.raises(TrainingError, match=r"needs 2 speakers .* not me alone; protocol 'random' works"):
        list(SpeakerSplit().split(None, ["calm", "sad"], ["me", "me"]))


def test_an_emotion_of_one_speaker_cannot_be_learnt_from_others():
    with pytest.raises(TrainingError, match="'sad' is spoken by bob only"):
        list(SpeakerSplit().split(None, ["calm", "calm", "sad"], ["ann", "bob", "bob"]))


def test_an_emotion_of_one_clip_cannot_be_both_learnt_and_tested():
    with pytest.raises(TrainingError, match="'sad' has one clip only"):
        list(RandomSplit().split(None, ["calm", "calm", "sad"], ["a", "b", "c"]))


def test_names_are_checked():
    assert splitter("random", 3, 7) == RandomSplit(3, 7)
    with pytest.raises(UsageError, match=r"unknown protocol 'speakers' \(valid: random, speaker, loso"):
        splitter("speakers")
    with pytest.raises(UsageError, match="folds must be 2 or more, not 1"):
        splitter("speaker", folds=1)


def test_unknown_speakers_beside_known_ones_are_refused() -> None:
    speakers = ["me/ann", "me/bob", "me/unknown", "me/unknown"]
    with pytest.raises(TrainingError, match="nobody knows who speaks 2 of the 4 utterances"):
        SpeakerSplit(2).get_n_splits(None, ["calm", "sad"] * 2, speakers)
