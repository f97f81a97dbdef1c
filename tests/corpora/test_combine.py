from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora import Corpus, Origin, Utterance, combine, emodb, ravdess, savee
from speech_emotion.emotions import EMOTIONS
from speech_emotion.errors import CorpusError, UsageError
from speech_emotion.features.extract import extract
from speech_emotion.features.table import FeatureTable


def corpus(name: str, *emotions: str, licence: str = "CC0 1.0", left_out: dict[str, int] | None = None) -> Corpus:
    """One utterance an emotion."""
    utterances = tuple(
        Utterance(f"{name}/{number}.wav", emotion, f"{name}/{number % 2}", name)
        for number, emotion in enumerate(emotions)
    )
    return Corpus(Origin(name, licence, f"http://{name}.org", f"Who made {name}."), utterances, left_out or {})


OURS = corpus("ours", "calm", "happy", "happy", "sad", left_out={"song": 3})
THEIRS = corpus("theirs", "neutral", "happy", "sad", "bored", licence="CC BY-NC 4.0")


def test_only_what_all_have_is_kept_and_the_rest_is_counted() -> None:
    both = combine(OURS, THEIRS)
    assert both.count("emotion") == {"happy": 3, "sad": 2}
    assert both.left_out == {
        "ours: song": 3,
        "ours: calm, not in every corpus": 1,
        "theirs: neutral, not in every corpus": 1,
        "theirs: bored, not in every corpus": 1,
    }
    assert [u.path for u in both.utterances] == [
        u.path for c in (OURS, THEIRS) for u in c.utterances if u.emotion in ("happy", "sad")
    ]


def test_all_emotions_are_kept_where_asked() -> None:
    both = combine(OURS, THEIRS, shared=False)
    assert len(both) == 8
    assert both.emotions == ("neutral", "calm", "happy", "sad", "bored")
    assert both.left_out == {"ours: song": 3}


def test_an_emotion_may_be_folded_into_another() -> None:
    both = combine(OURS, THEIRS, fold={"calm": "neutral", "bored": "neutral"})
    assert both.count("emotion") == {"neutral": 3, "happy": 3, "sad": 2}
    assert both.left_out == {"ours: song": 3}


def test_foldings_do_not_follow_one_another() -> None:
    both = combine(OURS, THEIRS, shared=False, fold={"calm": "neutral", "neutral": "bored"})
    assert both.count("emotion") == {"neutral": 1, "happy": 3, "sad": 2, "bored": 2}


def test_it_has_every_origin_and_the_strictest_licence() -> None:
    both = combine(OURS, THEIRS)
    assert both.name == "ours+theirs"
    assert both.origins == (OURS.origin, THEIRS.origin)
    assert both.licence == "CC BY-NC 4.0"
    assert both.origin.non_commercial
    assert both.citation == "Who made ours. Who made theirs."
    assert both.select(["sad"]).origins == both.origins
    assert both.speakers == ("ours/0", "ours/1", "theirs/0", "theirs/1")


def test_one_alone_stays_as_it_is() -> None:
    alone = combine(THEIRS)
    assert alone == THEIRS


def test_what_is_combined_can_be_combined_again() -> None:
    third = corpus("third", "sad", "happy", "fearful", licence="research only")
    step_by_step, at_once = combine(combine(OURS, THEIRS), third), combine(OURS, THEIRS, third)
    assert step_by_step == at_once
    assert at_once.licence == "research only"


@given(st.lists(st.lists(st.sampled_from(EMOTIONS), min_size=1), min_size=1, max_size=4))
def test_every_utterance_is_either_kept_or_counted(emotions: list[list[str]]) -> None:
    parts = [corpus(f"c{number}", *labels) for number, labels in enumerate(emotions)]
    common = set.intersection(*map(set, emotions))
    if not common:
        with pytest.raises(CorpusError, match="no emotion is in all of them"):
            combine(*parts)
        return
    together = combine(*parts)
    assert set(together.emotions) == common
    assert len(together) + sum(together.left_out.values()) == sum(map(len, emotions))


def test_what_cannot_be_combined_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing to combine"):
        combine()
    with pytest.raises(CorpusError, match="'ours' is there 2 times: its speakers could not be told apart"):
        combine(OURS, corpus("ours", "sad"))
    with pytest.raises(CorpusError, match=r"no emotion is in all of them \(a has sad; b has happy\); fold some"):
        combine(corpus("a", "sad"), corpus("b", "happy"))
    with pytest.raises(UsageError, match=r"unknown emotion to fold 'clam' .*did you mean 'calm'"):
        combine(OURS, THEIRS, fold={"clam": "neutral"})
    with pytest.raises(UsageError, match=r"unknown emotion to fold into 'natural' .*did you mean 'neutral'"):
        combine(OURS, THEIRS, fold={"calm": "natural"})


def test_a_table_of_several_corpora_carries_every_licence(tmp_path: Path) -> None:
    for name in ("ravdess/03-01-03-01-01-01-01.wav", "emodb/03a01Fa.wav", "savee/DC_h01.wav", "savee/DC_su01.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    parts = [module.read(tmp_path / module.ORIGIN.name) for module in (ravdess, emodb, savee)]
    table = extract(combine(*parts), features=["rms"], workers=1)
    table.save(tmp_path / "table.npz")
    loaded = FeatureTable.load(tmp_path / "table.npz")
    assert loaded.origins == (ravdess.ORIGIN, emodb.ORIGIN, savee.ORIGIN)
    assert loaded.name == "ravdess+emodb+savee"
    assert loaded.corpora.tolist() == ["ravdess", "emodb", "savee"]
    assert loaded.speakers.tolist() == ["ravdess/01", "emodb/03", "savee/DC"]
    assert loaded.classes == ("happy",)


def test_the_real_corpora_share_four_emotions(ravdess_zip: Path, emodb_zip: Path) -> None:
    both = combine(ravdess.read(ravdess_zip), emodb.read(emodb_zip))
    assert both.count("emotion") == {"neutral": 96 + 79, "happy": 192 + 71, "sad": 192 + 62, "angry": 192 + 127}
    assert both.count("language") == {"en": 672, "de": 339}
    assert len(both.speakers) == 34
    assert both.licence == "CC BY-NC-SA 4.0"
    assert both.left_out == {
        f"ravdess: {emotion}, not in every corpus": 192 for emotion in ("calm", "fearful", "disgust", "surprised")
    }
