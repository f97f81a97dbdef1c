"""Which clips are tested, and who talks beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from speech_emotion.corpora.utterance import Corpus, Origin, Utterance
from speech_emotion.evaluation.clips import choose, measured, voices


@pytest.mark.parametrize("clips", [3, 6, 10, 18, 40])
def test_chosen_clips_are_even_over_speakers_and_emotions(made_table, clips):
    table = made_table(speakers=6, clips=4)
    some = table.rows(choose(table, clips, seed=1))
    assert len(some) == len(set(some.paths)) == clips
    for labels, kinds in ((some.speakers, 6), (some.emotions, 3)):
        counts = Counter(labels.tolist())
        assert max(counts.values()) - (min(counts.values()) if len(counts) == kinds else 0) <= 1


def test_the_choice_goes_by_the_seed(made_table):
    table = made_table()
    assert (choose(table, 20, seed=1) == choose(table, 20, seed=1)).all()
    assert (choose(table, 20, seed=1) != choose(table, 20, seed=2)).any()
    assert (choose(table, None) == np.arange(len(table))).all()
    assert (choose(table, 1000) == np.arange(len(table))).all()


def test_the_voices_of_the_babble_are_of_six_others(made_table):
    table = made_table(speakers=9)
    rows = np.arange(len(table))
    found, alone = voices(table, rows, seed=0)
    assert not alone
    for row, others in zip(rows, found, strict=True):
        names = set(table.speakers[others])
        assert len(names) == len(others) == 6
        assert table.speakers[row] not in names


def test_voices_go_by_the_clip_and_not_by_the_company(made_table):
    table = made_table(speakers=9)
    whole, _ = voices(table, np.arange(len(table)), seed=0)
    some, _ = voices(table, np.array([40, 7]), seed=0)
    assert some == [whole[40], whole[7]]


def test_where_there_are_few_others_they_speak_more_than_once_and_never_the_clip_itself(made_table):
    pair = made_table(speakers=2)
    found, alone = voices(pair, np.arange(len(pair)), seed=0)
    assert not alone
    assert all(set(pair.speakers[others]) == {"made/01"} for others in found[: len(pair) // 2])
    one = made_table(speakers=1)
    found, alone = voices(one, np.arange(len(one)), seed=0)
    assert alone
    assert all(row not in others for row, others in enumerate(found))


def test_a_corpus_of_which_a_file_is_broken_still_knows_where_each_row_is(tmp_path, made_table):
    import soundfile

    utterances = []
    for number, seconds in enumerate((1.0, 0.0, 1.0)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, np.full(round(16_000 * seconds), 0.1 + number / 10), 16_000)
        utterances += [Utterance(str(path), "calm", "me/1", "me", start=start, end=start + 0.5) for start in (0.0, 0.5)]
    table, places = measured(Corpus(Origin("me", "own"), tuple(utterances)), None, workers=1)
    assert [place.start for place in places] == [0.0, 0.5, 0.0, 0.5]
    assert [place.path for place in places] == table.paths.tolist()
    again, whole = measured(replace(table), None, workers=1)
    assert len(again) == 4
    assert [place.start for place in whole] == [None] * 4
