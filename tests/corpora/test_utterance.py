from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora.utterance import Corpus, Origin, Utterance, strictest
from speech_emotion.errors import CorpusError, UsageError

CORPUS = Corpus(
    Origin("mine", "CC BY-NC-SA 4.0", "https://example.org", "Me (2024)"),
    (
        Utterance("1.wav", "sad", "mine/b", "mine", sex="male"),
        Utterance("2.wav", "calm", "mine/a", "mine"),
        Utterance("3.wav", "sad", "mine/a", "mine"),
    ),
    {"song": 2},
)


def test_a_corpus_knows_what_it_has() -> None:
    assert len(CORPUS) == 3
    assert CORPUS.emotions == ("calm", "sad")
    assert CORPUS.speakers == ("mine/a", "mine/b")
    assert CORPUS.count("emotion") == {"sad": 2, "calm": 1}
    assert CORPUS.count("sex") == {"male": 1, "unknown": 2}
    assert (CORPUS.name, CORPUS.homepage, CORPUS.citation) == ("mine", "https://example.org", "Me (2024)")


def test_a_selection_keeps_order_and_origin() -> None:
    sad = CORPUS.select(emotions=["sad"])
    assert [utterance.path for utterance in sad.utterances] == ["1.wav", "3.wav"]
    assert sad.origin == CORPUS.origin
    assert CORPUS.select() == CORPUS


def test_speakers_are_selected_with_or_without_the_corpus_before_them() -> None:
    assert CORPUS.select(speakers=["a"]) == CORPUS.select(speakers=["mine/a"])
    assert len(CORPUS.select(["sad"], ["a"])) == 1


def test_an_unknown_name_is_answered_with_the_valid_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown emotion 'sadness' \(mine has: calm, sad\); did you mean 'sad'"):
        CORPUS.select(emotions=["sadness"])
    with pytest.raises(UsageError, match=r"unknown speaker 'c' \(mine has: mine/a, mine/b\)"):
        CORPUS.select(speakers=["c"])


def test_an_empty_selection_is_refused() -> None:
    with pytest.raises(CorpusError, match="no utterance of mine has both one of the emotions calm and"):
        CORPUS.select(["calm"], ["b"])


@pytest.mark.parametrize(
    ("licence", "forbids"),
    [
        ("CC BY-NC-SA 4.0", True),
        ("CC BY-NC-ND 4.0", True),
        ("research only", True),
        ("CC0 1.0", False),
        ("CC BY 4.0", False),
        ("ODbL 1.0", False),
    ],
)
def test_a_licence_tells_whether_it_forbids_commerce(licence: str, forbids: bool) -> None:
    assert Origin("x", licence).non_commercial is forbids


STRICTER_AND_STRICTER = (
    "CC0 1.0",
    "CC BY 4.0",
    "ODbL 1.0",
    "CC BY-ND 4.0",
    "CC BY-NC 4.0",
    "CC BY-NC-SA 4.0",
    "CC BY-NC-ND 4.0",
    "research only",
)


@given(st.lists(st.sampled_from(STRICTER_AND_STRICTER), min_size=1))
def test_the_strictest_licence_is_the_one_that_forbids_most(licences: list[str]) -> None:
    expected = max(licences, key=STRICTER_AND_STRICTER.index)
    assert strictest([Origin("x", licence) for licence in licences]) == expected


def test_a_corpus_of_one_has_one_origin() -> None:
    assert CORPUS.origins == (CORPUS.origin,)


def test_a_speaker_s_name_that_two_corpora_share_is_asked_back() -> None:
    parts = (Origin("a", "CC0"), Origin("b", "CC0"))
    voices = ("a/1", "b/1", "b/2")
    both = Corpus(Origin("a+b", "CC0"), tuple(Utterance(v, "sad", v, v[0]) for v in voices), parts=parts)
    assert both.origins == parts
    assert both.select(speakers=["2", "a/1"]).speakers == ("a/1", "b/2")
    with pytest.raises(UsageError, match="speaker '1' is more than one person: a/1, b/1"):
        both.select(speakers=["1"])
