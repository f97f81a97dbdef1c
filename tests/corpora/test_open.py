from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from speech_emotion import corpora
from speech_emotion.corpora import ravdess
from speech_emotion.emotions import EMOTIONS
from speech_emotion.errors import CorpusError, UsageError

CLIP = "03-01-06-02-01-02-12.wav"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("SPEECH_EMOTION_DATA", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *args, **kwargs: str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache" / "corpora"


def folder_with(place: Path, *names: str) -> Path:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()
    return place


def archive_with(place: Path, *names: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return place


def test_a_name_and_a_path_are_one_call_or_two(tmp_path: Path) -> None:
    place = folder_with(tmp_path / "clips", CLIP)
    assert corpora.open("ravdess", place) == corpora.open(f"ravdess:{place}")
    assert corpora.open("ravdess", str(place)).name == "ravdess"


def test_a_path_alone_is_recognised_by_its_files(tmp_path: Path) -> None:
    clips = folder_with(tmp_path / "a", f"x/{CLIP}", "x/readme.txt", "x/notes.md")
    assert corpora.open(clips).name == "ravdess"
    assert corpora.open(str(archive_with(tmp_path / "b.zip", f"Actor_12/{CLIP}"))).name == "ravdess"
    assert corpora.open(folder_with(tmp_path / "mine", f"happy/{CLIP}", "sad/1.wav")).name == "mine"
    (tmp_path / "list.csv").write_text("path,emotion,speaker\nmine/sad/1.wav,sad,ann\n")
    assert corpora.open("list.csv").speakers == ("list/ann",)


def test_folder_takes_even_known_names_for_ones_own(tmp_path: Path) -> None:
    folder_with(tmp_path / "mine", f"happy/{CLIP}")
    assert corpora.open("mine").name == "ravdess"
    assert corpora.open("folder:mine").name == "mine"


def test_a_name_comes_before_a_folder_of_that_name(tmp_path: Path) -> None:
    folder_with(tmp_path / "ravdess", CLIP)
    with pytest.raises(CorpusError, match="ravdess is not on this machine"):
        corpora.open("ravdess", fetch=False)
    assert len(corpora.open("./ravdess")) == 1


@pytest.mark.parametrize("drive", ["C:\\clips", "c:/clips"])
def test_the_letter_of_a_drive_is_no_corpus(drive: str) -> None:
    with (
        pytest.raises(CorpusError, match="no such file or folder")
        if "/" in drive
        else pytest.raises(UsageError, match="there is no file or folder")
    ):
        corpora.open(drive)


def test_a_path_of_a_drive_may_follow_a_name() -> None:
    with pytest.raises(CorpusError, match=r"no such file or folder: C:"):
        corpora.open("ravdess:C:/clips")


@pytest.mark.parametrize("name", ["ravdes", "ravdes:clips"])
def test_an_unknown_name_is_answered_with_the_valid_ones(name: str) -> None:
    with pytest.raises(UsageError, match=r"valid: ravdess, emodb, .*, folder\); did you mean 'ravdess'\?"):
        corpora.open(name)
    with pytest.raises(UsageError, match=r"valid: ravdess, emodb, .*, synthetic"):
        corpora.open("ravdes", ".")


def test_ones_own_recordings_need_a_path() -> None:
    with pytest.raises(UsageError, match="folder:PATH"):
        corpora.open("folder")


@pytest.mark.parametrize(
    "place",
    [
        "Audio_Speech_Actors_01-24.zip",
        f"ravdess/Actor_12/{CLIP}",
        f"Audio_Speech_Actors_01-24/Actor_12/{CLIP}",
        f"Actor_12/{CLIP}",
    ],
)
def test_a_corpus_is_found_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    data = tmp_path / "data"
    if place.endswith(".zip"):
        archive_with(data / place, f"Actor_12/{CLIP}")
    else:
        folder_with(data, place, "other/happy.wav")
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(data))
    assert corpora.open("ravdess", fetch=False).speakers == ("ravdess/12",)
    found = corpora.find("ravdess")
    assert found is not None
    assert found.is_relative_to(data)


def test_the_data_folder_comes_before_the_cache(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = archive_with(cache / ravdess.ARCHIVE.name, CLIP)
    assert corpora.find("ravdess") == cached
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(folder_with(tmp_path / "data", "other.txt")))
    assert corpora.find("ravdess") == cached
    mine = archive_with(tmp_path / "data" / ravdess.ARCHIVE.name, CLIP)
    assert corpora.find("ravdess") == mine


def test_a_data_folder_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_EMOTION_DATA", "/no/such/folder")
    with pytest.raises(CorpusError, match="SPEECH_EMOTION_DATA is '/no/such/folder', which is no folder"):
        corpora.open("ravdess")


def test_what_is_not_here_is_fetched_from_its_home(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(archive: corpora.Archive, progress: object = None) -> Path:
        asked.append(archive)
        return archive_with(cache / archive.name, f"Actor_12/{CLIP}")

    monkeypatch.setattr(corpora, "_fetch", fetch)
    assert len(corpora.open("ravdess")) == len(corpora.open("ravdess")) == 1
    assert asked == [ravdess.ARCHIVE]


def test_what_may_not_be_fetched_is_an_error_with_the_ways_to_get_it() -> None:
    with pytest.raises(CorpusError, match=r"give its path .* SPEECH_EMOTION_DATA .* corpus fetch ravdess"):
        corpora.open("ravdess", fetch=False)
    assert corpora.find("ravdess") is None


def test_the_archive_is_the_one_that_zenodo_publishes() -> None:
    assert ravdess.ARCHIVE.url.startswith("https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip")
    assert ravdess.ARCHIVE.md5 == "bc696df654c87fed845eb13823edef8a"
    assert round(ravdess.ARCHIVE.size / 1e6, 1) == 208.5


def test_synthetic_voices_are_made_in_the_cache_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora.synthetic, "SENTENCES", ("sa",))
    made = corpora.open("synthetic", fetch=False)
    assert len(made) == 8 * 4 * 2
    assert corpora.find("synthetic") == cache / "synthetic-v1"
    assert corpora.open("synthetic") == made


def test_synthetic_voices_are_made_at_a_path_and_known_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora.synthetic, "SENTENCES", ("sa",))
    made = corpora.open("synthetic", tmp_path / "voices")
    assert corpora.open("synthetic:voices").count("speaker") == made.count("speaker")
    assert corpora.open("voices").name == "synthetic"
    corpora.synthetic.write("few", speakers=2, takes=1)
    assert len(corpora.open("synthetic:few")) == 8


NAMED = {
    "ravdess": (CLIP, "03-01-01-01-01-02-11.wav"),
    "emodb": ("wav/03a01Fa.wav", "wav/16b10Wb.wav"),
    "crema_d": ("AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1040_ITH_SAD_X.wav"),
    "savee": ("AudioData/DC/a01.wav", "AudioData/KL/su15.wav"),
    "tess": ("OAF_angry/OAF_back_angry.wav", "OAF_neutral/OA_bite_neutral.wav"),
    "urdu": ("Angry/SM1_F10_A010.wav", "Sad/SF11_F4_S06.wav"),
}


@pytest.mark.parametrize("name", NAMED)
def test_each_corpus_is_recognised_by_its_files(tmp_path: Path, name: str) -> None:
    for place in (folder_with(tmp_path / "a", *NAMED[name]), archive_with(tmp_path / "b.zip", *NAMED[name])):
        corpus = corpora.open(place)
        assert (corpus.name, len(corpus)) == (name, 2)
        assert corpus == corpora.open(name, place)
        assert {utterance.language for utterance in corpus.utterances} == {corpora.known(name).LANGUAGE}
        assert all(utterance.speaker.startswith(f"{name}/") and utterance.sex for utterance in corpus.utterances)


def test_no_corpus_owns_another_s_files() -> None:
    for name, files in NAMED.items():
        for file in files:
            assert [other for other in NAMED if corpora.known(other).owns(file)] == [name]


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("packed", [False, True])
def test_each_corpus_is_found_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, packed: bool
) -> None:
    data = tmp_path / "data"
    for other, files in NAMED.items():
        archive_with(data / f"{other}.zip", *files) if packed else folder_with(data / other, *files)
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(data))
    assert corpora.find(name) == data / (f"{name}.zip" if packed else name)
    assert len(corpora.open(name, fetch=False)) == 2


@pytest.mark.parametrize("name", NAMED)
def test_each_corpus_is_found_where_all_lie_in_one_heap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    heap = folder_with(tmp_path / "heap", *(file for files in NAMED.values() for file in files))
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(heap))
    corpus = corpora.open(name, fetch=False)
    assert len(corpus) == 2
    assert sum(corpus.left_out.values()) == 10


@pytest.mark.parametrize("name", NAMED)
def test_each_corpus_says_whence_it_comes_and_what_its_emotions_mean(name: str) -> None:
    corpus = corpora.known(name)
    assert corpus.ORIGIN.name == name
    assert corpus.ORIGIN.licence
    assert corpus.ORIGIN.homepage.startswith("http")
    assert corpus.ORIGIN.citation
    assert (corpus.ARCHIVE is None) == (corpus.BY_HAND is not None)
    if name != "ravdess":
        assert {ours for _, ours in corpus.EMOTIONS.values()} <= set(EMOTIONS)


@pytest.mark.parametrize("name", ["crema_d", "savee", "tess", "urdu"])
def test_what_no_program_can_fetch_is_told_where_to_put(name: str, cache: Path) -> None:
    with pytest.raises(
        CorpusError, match=rf"{name} is not on this machine.* http.* put it, as {name}\.zip or unpacked"
    ) as error:
        corpora.open(name)
    assert str(cache) in str(error.value)
    archive_with(cache / f"{name}.zip", *NAMED[name])
    assert len(corpora.open(name)) == 2


def test_what_can_be_fetched_needs_no_hand() -> None:
    assert corpora.by_hand("ravdess") is None
    assert corpora.by_hand("emodb") is None
    with pytest.raises(UsageError, match="unknown corpus 'emo'"):
        corpora.by_hand("emo")


def test_emodb_is_opened_from_its_real_archive(emodb_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert corpora.open(emodb_zip).name == "emodb"
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(emodb_zip.parent))
    assert corpora.find("emodb") == emodb_zip
    assert len(corpora.open("emodb", fetch=False)) == 339
