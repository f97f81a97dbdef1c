from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora import tess
from speech_emotion.corpora.tess import TessName, parse, read
from speech_emotion.errors import CorpusError

# From the data set's page, which is the oracle here.
EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)


@given(st.sampled_from(["OAF", "YAF"]), WORDS, st.sampled_from(sorted(EMOTIONS)))
def test_every_name_means_what_the_page_says(talker: str, word: str, emotion: str) -> None:
    name = f"{talker}_{word}_{emotion}"
    for spelling in (name, f"{talker}_{emotion}/{name}.wav", f"TESS\\{name}.WAV"):
        assert parse(spelling) == TessName(talker, word, EMOTIONS[emotion])
    assert tess.owns(f"{name}.wav")


@given(WORDS)
def test_an_emotion_that_does_not_exist_is_refused(emotion: str) -> None:
    if emotion not in EMOTIONS:
        with pytest.raises(CorpusError, match=f"emotion {emotion} does not exist"):
            parse(f"OAF_back_{emotion}.wav")


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    for name in (text, f"OAF_{text}", f"OAF_back_{text}"):
        with contextlib.suppress(CorpusError):
            assert isinstance(parse(name), TessName)


@pytest.mark.parametrize(
    "name", ["OAF_back", "XAF_back_sad", "OA_back_neutral", "OA_bite_sad", "OAF_back_sad_2", "oaf_back_sad"]
)
def test_another_pattern_is_no_name_of_tess(name: str) -> None:
    assert not tess.owns(name)
    with pytest.raises(CorpusError, match="not a name of TESS"):
        parse(name)


def test_the_one_name_that_was_misspelt_is_the_older_talker_s() -> None:
    assert tess.owns("OAF_neutral/OA_bite_neutral.wav")
    assert parse("OAF_neutral/OA_bite_neutral.wav") == TessName("OAF", "bite", "neutral")


def test_a_copy_with_every_clip_twice_counts_each_once(tmp_path: Path) -> None:
    names = [
        f"{talker}_{word}_{code}.wav" for talker in ("OAF", "YAF") for word in ("back", "youth") for code in EMOTIONS
    ]
    names += ["OA_bite_neutral.wav"]
    inner = tmp_path / "TESS Toronto emotional speech set data"
    for folder in (tmp_path, inner):
        for name in names:
            (folder / name[:3]).mkdir(parents=True, exist_ok=True)
            (folder / name[:3] / name).touch()
    (inner / "OAF_bite_neutral.wav").touch()
    corpus = read(tmp_path)
    assert sorted(Path(utterance.path).name for utterance in corpus.utterances) == sorted(names)
    assert all(Path(utterance.path).parent.parent == tmp_path for utterance in corpus.utterances)
    assert corpus.left_out == {"second copy of a clip": len(names) + 1}
    assert corpus.speakers == ("tess/OAF", "tess/YAF")


def test_an_utterance_has_all_that_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "YAF_youth_ps.wav").touch()
    (utterance,) = read(tmp_path).utterances
    assert (utterance.emotion, utterance.speaker, utterance.corpus) == ("surprised", "tess/YAF", "tess")
    assert (utterance.sentence, utterance.sex, utterance.language) == ("Say the word youth", "female", "en")
