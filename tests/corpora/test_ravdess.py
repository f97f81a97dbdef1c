from __future__ import annotations

import contextlib
import itertools
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.corpora import ravdess
from speech_emotion.corpora.ravdess import RavdessName, parse, read
from speech_emotion.errors import CorpusError

# From the data set's page at Zenodo, which is the oracle here.
PAGE = {
    "modality": {"01": "audio-visual", "02": "video", "03": "audio"},
    "channel": {"01": "speech", "02": "song"},
    "emotion": {
        "01": "neutral",
        "02": "calm",
        "03": "happy",
        "04": "sad",
        "05": "angry",
        "06": "fearful",
        "07": "disgust",
        "08": "surprised",
    },
    "intensity": {"01": "normal", "02": "strong"},
    "statement": {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"},
    "repetition": {"01": 1, "02": 2},
    "actor": {f"{actor:02}": actor for actor in range(1, 25)},
}
ALL_1440 = [
    f"03-01-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}.wav"
    for actor, emotion, intensity, statement, repetition in itertools.product(
        range(1, 25), range(1, 9), (1, 2), (1, 2), (1, 2)
    )
    if not (emotion == 1 and intensity == 2)
]


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@given(st.tuples(*(st.sampled_from(sorted(codes)) for codes in PAGE.values())))
def test_every_name_means_what_the_page_says(codes: tuple[str, ...]) -> None:
    meaning = {field: valid[code] for (field, valid), code in zip(PAGE.items(), codes, strict=True)}
    name = "-".join(codes)
    if meaning["emotion"] == "neutral" and meaning["intensity"] == "strong":
        with pytest.raises(CorpusError, match="neutral with strong intensity does not exist"):
            parse(name)
        return
    for spelling in (name, f"{name}.wav", f"some/where/{name}.flac", f"some\\where\\{name}.WAV"):
        parsed = parse(spelling)
        assert {field: getattr(parsed, field) for field in PAGE} == meaning
    assert parsed.sex == ("male" if int(codes[-1]) in range(1, 25, 2) else "female")


@given(st.tuples(*(st.integers(0, 99).map("{:02}".format) for _ in PAGE)))
def test_a_number_that_the_page_does_not_list_is_refused_by_its_field(codes: tuple[str, ...]) -> None:
    wrong = [field for (field, valid), code in zip(PAGE.items(), codes, strict=True) if code not in valid]
    if wrong:
        field = {"channel": "vocal channel"}.get(wrong[0], wrong[0])
        with pytest.raises(CorpusError, match=f"{field} [0-9]{{2}} does not exist"):
            parse("-".join(codes) + ".wav")


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(CorpusError):
        assert isinstance(parse(text), RavdessName)


def test_all_1440_names_are_read_from_a_folder(tmp_path: Path) -> None:
    corpus = read(touch(tmp_path, *(f"Actor_{name[18:20]}/{name}" for name in ALL_1440)))
    assert len(corpus) == len(ALL_1440) == 1440
    assert [Path(utterance.path).name for utterance in corpus.utterances] == ALL_1440
    assert corpus.left_out == {}
    assert corpus.count("emotion") == {emotion: 96 if emotion == "neutral" else 192 for emotion in ravdess.EMOTIONS}
    assert set(corpus.count("speaker").values()) == {60}
    assert corpus.count("sex") == {"male": 720, "female": 720}


def test_an_utterance_has_all_that_its_name_says(tmp_path: Path) -> None:
    (utterance,) = read(touch(tmp_path, "03-01-06-02-01-02-12.wav")).utterances
    assert (utterance.emotion, utterance.speaker, utterance.corpus) == ("fearful", "ravdess/12", "ravdess")
    assert (
        utterance.sentence,
        utterance.intensity,
        utterance.repetition,
        utterance.sex,
        utterance.language,
    ) == (
        "Kids are talking by the door",
        "strong",
        2,
        "female",
        "en",
    )


def test_the_order_does_not_depend_on_the_folders(tmp_path: Path) -> None:
    names = ALL_1440[::37]
    deep = read(touch(tmp_path / "deep", *(f"a/b/Actor_{name[18:20]}/{name}" for name in names)))
    flat = read(touch(tmp_path / "flat", *names))
    order = [Path(utterance.path).name for utterance in deep.utterances]
    assert order == [Path(utterance.path).name for utterance in flat.utterances] == names


def test_a_clip_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    names = [f"Actor_{name[18:20]}/{name}" for name in ALL_1440[:100]]
    touch(tmp_path, *names, *(f"AAA_audio_speech_actors_01-24/{name}" for name in names))
    corpus = read(tmp_path)
    assert len(corpus) == 100
    assert corpus.left_out == {"second copy of a clip": 100}
    assert not any("AAA" in utterance.path for utterance in corpus.utterances)


def test_what_is_not_a_speech_clip_is_left_out_and_counted(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "03-01-01-01-01-01-01.wav",
        "03-02-01-01-01-01-01.wav",
        "03-02-02-01-01-01-01.wav",
        "01-01-01-01-01-01-01.mp4",
        "02-02-01-01-01-01-01.mp4",
        "03-01-09-01-01-01-01.wav",
        "03-01-02-01-01-01-25.wav",
        "03-01-02-01-01-01-00.wav",
        "03-01-01-02-01-01-01.wav",
        "03-01-02-01-01-01-01.npy",
        "README.md",
        "03-01-02-01-01-01-1.wav",
        "03-01-02-01-01-01-01-01.wav",
    )
    corpus = read(tmp_path)
    assert [Path(utterance.path).name for utterance in corpus.utterances] == ["03-01-01-01-01-01-01.wav"]
    assert corpus.left_out == {
        "song": 2,
        "video": 2,
        "emotion 09 does not exist (valid: 01 to 08)": 1,
        "actor 25 does not exist (valid: 01 to 24)": 1,
        "actor 00 does not exist (valid: 01 to 24)": 1,
        "neutral with strong intensity does not exist": 1,
        "not a recording": 1,
        "not a name of RAVDESS": 3,
    }


def test_without_a_clip_the_error_says_what_there_was(tmp_path: Path) -> None:
    touch(tmp_path, "03-02-01-01-01-01-01.wav", "notes.txt")
    with pytest.raises(CorpusError, match=r"no clip of ravdess in .*\(found: .*1 × song"):
        read(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"\(found: nothing\)"):
        read(tmp_path / "empty")


def test_the_published_archive_is_read_without_unpacking(ravdess_zip: Path) -> None:
    corpus = read(ravdess_zip)
    assert [Path(utterance.path).name for utterance in corpus.utterances] == ALL_1440
    assert all(utterance.path.startswith(f"{ravdess_zip}/Actor_") for utterance in corpus.utterances)
    assert [utterance.path for utterance in corpus.utterances] == sorted(u.path for u in corpus.utterances)


def test_an_unpacked_copy_equals_the_archive(ravdess_zip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(ravdess_zip) as archive:
        for name in archive.namelist():
            if name.startswith(("Actor_03", "Actor_16")):
                archive.extract(name, tmp_path / "one" / "two")
    shutil.copytree(tmp_path / "one" / "two", tmp_path / "one" / "two" / "again")
    unpacked, packed = read(tmp_path), read(ravdess_zip).select(speakers=["03", "16"])
    assert [(u.emotion, u.speaker, u.sentence) for u in unpacked.utterances] == [
        (u.emotion, u.speaker, u.sentence) for u in packed.utterances
    ]
    assert Counter(unpacked.left_out) == {"second copy of a clip": 120}
