from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from speech_emotion.corpora import folder
from speech_emotion.corpora.folder import read
from speech_emotion.errors import CorpusError


def touch(place: Path, *names: str) -> Path:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()
    return place


def labels(place: Path) -> list[tuple[str, str, str]]:
    return [(Path(u.path).name, u.emotion, u.speaker) for u in read(place).utterances]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def test_folders_named_by_emotion_have_one_unknown_speaker(mine: Path) -> None:
    touch(mine, "Happy/1.wav", "anger/2.FLAC", "sarcastic/3.mp3")
    assert labels(mine) == [
        ("1.wav", "happy", "mine/unknown"),
        ("2.FLAC", "angry", "mine/unknown"),
        ("3.mp3", "sarcastic", "mine/unknown"),
    ]


def test_the_corpus_is_named_after_the_folder(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(mine, "happy/1.wav", "b/c.txt")
    assert read(mine).name == "mine"
    assert read(mine).licence == "unknown (your own recordings)"
    monkeypatch.chdir(mine / "b")
    assert read(Path("..")).name == "mine"


def test_speakers_may_be_above_the_emotions(mine: Path) -> None:
    touch(mine, "ann/happy/1.wav", "bob/sad/2.wav", "bob/sad/day 2/3.wav")
    assert labels(mine) == [
        ("1.wav", "happy", "mine/ann"),
        ("2.wav", "sad", "mine/bob"),
        ("3.wav", "sad", "mine/bob"),
    ]


def test_speakers_may_be_below_the_emotions(mine: Path) -> None:
    touch(mine, "happy/ann/1.wav", "sad/bob/2.wav", "sad/3.wav", "sad/bob/day 2/4.wav")
    assert sorted(labels(mine)) == [
        ("1.wav", "happy", "mine/ann"),
        ("2.wav", "sad", "mine/bob"),
        ("3.wav", "sad", "mine/unknown"),
        ("4.wav", "sad", "mine/bob"),
    ]


def test_a_folder_of_training_or_test_files_is_no_speaker(mine: Path) -> None:
    touch(mine, "train/happy/1.wav", "Test/sad/2.wav")
    assert {speaker for _, _, speaker in labels(mine)} == {"mine/unknown"}


def test_a_folder_around_speakers_is_seen_through(mine: Path) -> None:
    touch(mine, "data/wav/ann/happy/1.wav", "data/wav/bob/sad/2.wav")
    assert {speaker for _, _, speaker in labels(mine)} == {"mine/ann", "mine/bob"}


def test_a_stray_recording_beside_or_in_a_wrapping_costs_itself_only(mine: Path) -> None:
    touch(mine, "set/ann/happy/1.wav", "set/bob/sad/2.wav", "3.wav", "set/4.wav")
    assert labels(mine) == [("1.wav", "happy", "mine/ann"), ("2.wav", "sad", "mine/bob")]
    assert folder.read(mine).left_out == {"not in a folder named by an emotion": 2}


def test_a_single_speaker_is_not_taken_for_a_wrapping(mine: Path) -> None:
    touch(mine, "ann/happy/monday/1.wav", "ann/sad/tuesday/2.wav")
    assert {speaker for _, _, speaker in labels(mine)} == {"mine/ann"}


def test_an_archive_of_a_folder_is_read_like_the_folder(tmp_path: Path) -> None:
    place = tmp_path / "mine.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for name in ("mine/happy/ann/1.wav", "mine/sad/bob/2.wav", "__MACOSX/mine/happy/ann/1.wav"):
            archive.writestr(name, "")
    assert labels(place) == [("1.wav", "happy", "mine/ann"), ("2.wav", "sad", "mine/bob")]


def test_what_has_no_emotion_is_left_out_and_counted(mine: Path) -> None:
    touch(mine, "ann/happy/1.wav", "ann/2.wav", "3.wav", "ann/happy/notes.txt")
    corpus = read(mine)
    assert len(corpus) == 1
    assert corpus.left_out == {"not a recording": 1, "not in a folder named by an emotion": 2}


def test_a_slip_of_the_pen_is_no_new_emotion(mine: Path) -> None:
    touch(mine, "happy/1.wav", "surprized/2.wav")
    with pytest.raises(CorpusError, match=r"surprized/2.wav: unknown emotion 'surprized' .*did you mean 'surprised'\?"):
        read(mine)


def test_speakers_alone_are_not_taken_for_emotions(mine: Path) -> None:
    touch(mine, "ann/1.wav", "bob/2.wav")
    with pytest.raises(CorpusError, match=r"is named by an emotion \(it has: ann, bob; known: neutral, calm"):
        read(mine)


def test_a_table_beside_the_recordings_is_pointed_at(mine: Path) -> None:
    touch(mine, "wav/1.wav", "labels.csv")
    with pytest.raises(CorpusError, match=r"did you mean the CSV .*labels.csv\?"):
        read(mine)


def test_emotions_on_both_levels_are_not_guessed(mine: Path) -> None:
    touch(mine, "happy/sad/1.wav", "sad/happy/2.wav")
    with pytest.raises(CorpusError, match="both the upper and the lower folders"):
        read(mine)


def test_an_empty_folder_is_an_error(mine: Path) -> None:
    mine.mkdir()
    with pytest.raises(CorpusError, match="no recording in"):
        read(mine)


def test_a_path_that_is_not_there_is_an_error(mine: Path) -> None:
    with pytest.raises(CorpusError, match="no such file or folder"):
        read(mine)
    with pytest.raises(CorpusError, match="no such file or folder"):
        read(mine / "list.csv")


def test_a_table_is_a_corpus_too(mine: Path) -> None:
    touch(mine, "b.wav", "a.wav")
    (mine / "list.csv").write_text("path,emotion,speaker\nb.wav,joy,ann\na.wav,sad,\n")
    assert labels(mine / "list.csv") == [("a.wav", "sad", "list/unknown"), ("b.wav", "happy", "list/ann")]
    assert folder.read(mine / "list.csv").left_out == {}


def test_a_hundred_recordings_of_a_speaker_hold_the_name_once(tmp_path: Path) -> None:
    for number in range(100):
        place = tmp_path / "mine" / "happy" / "anna" / f"{number}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    utterances = read(tmp_path / "mine").utterances
    for name in ("emotion", "speaker", "corpus"):
        assert len({id(getattr(utterance, name)) for utterance in utterances}) == 1
