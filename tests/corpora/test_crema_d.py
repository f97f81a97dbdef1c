from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.audio.read import duration
from speech_emotion.corpora import crema_d
from speech_emotion.corpora.crema_d import CremaDName, parse, read
from speech_emotion.errors import CorpusError

# From the README beside the recordings, which is the oracle here.
SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
EMOTIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": None}


@given(
    st.integers(1001, 1091),
    st.sampled_from(sorted(SENTENCES)),
    st.sampled_from(sorted(EMOTIONS)),
    st.sampled_from(sorted(LEVELS)),
)
def test_every_name_means_what_the_readme_says(actor: int, sentence: str, emotion: str, level: str) -> None:
    name = f"{actor}_{sentence}_{emotion}_{level}"
    for spelling in (name, f"AudioWAV/{name}.wav", f"AudioMP3\\{name}.mp3"):
        assert parse(spelling) == CremaDName(actor, SENTENCES[sentence], EMOTIONS[emotion], LEVELS[level])
    assert crema_d.owns(f"{name}.wav")


@given(
    st.integers(990, 1100),
    st.sampled_from([*SENTENCES, "ABC"]),
    st.sampled_from([*EMOTIONS, "SUR"]),
    st.sampled_from([*LEVELS, "ZZ"]),
)
def test_a_code_that_does_not_exist_is_refused_by_its_field(
    actor: int, sentence: str, emotion: str, level: str
) -> None:
    wrong = [
        f"{field} {code:04}" if field == "actor" else f"{field} {code}"
        for field, code, valid in (
            ("actor", actor, range(1001, 1092)),
            ("sentence", sentence, SENTENCES),
            ("emotion", emotion, EMOTIONS),
            ("level", level, LEVELS),
        )
        if code not in valid
    ]
    with pytest.raises(CorpusError, match=f"{wrong[0]} does not exist") if wrong else contextlib.nullcontext():
        parse(f"{actor:04}_{sentence}_{emotion}_{level}.wav")


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(CorpusError):
        assert isinstance(parse(text), CremaDName)


@pytest.mark.parametrize(
    "name", ["1001_DFA_ANG", "1001_DFA_ANG_X", "101_DFA_ANG_XX", "1001-DFA-ANG-XX", "1001_dfa_ang_xx"]
)
def test_another_pattern_is_no_name_of_crema_d(name: str) -> None:
    assert not crema_d.owns(name)
    with pytest.raises(CorpusError, match="not a name of CREMA-D"):
        parse(name)


def test_the_one_name_that_was_misspelt_is_understood() -> None:
    assert crema_d.owns("AudioWAV/1040_ITH_SAD_X.wav")
    assert parse("1040_ITH_SAD_X.wav") == parse("1040_ITH_SAD_XX.wav")


def test_actors_have_the_sex_that_the_published_table_gives() -> None:
    # The column Sex of VideoDemographics.csv, actors 1001 to 1091 in tens.
    table = (
        "MFFFMFFFFF MFFMMMMFMF FMMFFMMFFF MMMMMMFMMM MMFMMFFMFM MFFFFFMFMF FMFMMMMMMM MFFFFFMFFM MFMFMMMMFM F"
    ).replace(" ", "")
    assert (len(table), table.count("M"), table.count("F")) == (91, 48, 43)
    for actor, sex in enumerate(table, 1001):
        assert parse(f"{actor}_DFA_ANG_XX").sex == {"M": "male", "F": "female"}[sex]


def test_of_wav_and_mp3_the_wav_is_read(tmp_path: Path) -> None:
    for name in ("AudioMP3/1001_DFA_ANG_XX.mp3", "AudioMP3/1002_DFA_ANG_XX.mp3", "VideoFlash/1001_DFA_ANG_XX.flv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "deep" / "AudioWAV").mkdir(parents=True)
    tone = 0.1 * np.sin(np.arange(16_000) / 20)
    soundfile.write(tmp_path / "deep" / "AudioWAV" / "1001_DFA_ANG_XX.wav", tone, 16_000)
    corpus = read(tmp_path)
    assert [Path(utterance.path).name for utterance in corpus.utterances] == [
        "1001_DFA_ANG_XX.wav",
        "1002_DFA_ANG_XX.mp3",
    ]
    assert duration(corpus.utterances[0].path) == 1.0
    assert corpus.left_out == {"second copy of a clip": 1, "not a recording": 1}


def test_an_utterance_has_all_that_its_name_says(tmp_path: Path) -> None:
    for name in ("1079_IEO_HAP_HI.wav", "1079_IEO_NEU_XX.wav"):
        (tmp_path / name).touch()
    happy, neutral = read(tmp_path).utterances
    assert (happy.emotion, happy.speaker, happy.corpus) == ("happy", "crema_d/1079", "crema_d")
    assert (happy.sentence, happy.intensity, happy.sex, happy.language) == (SENTENCES["IEO"], "high", "female", "en")
    assert neutral.intensity is None


def test_without_a_clip_the_error_says_how_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "1001_XYZ_ANG_XX.wav").touch()
    with pytest.raises(
        CorpusError, match=r"found: 1 × sentence XYZ does not .*\); its clips are named 1001_DFA_ANG_XX"
    ):
        read(tmp_path)
