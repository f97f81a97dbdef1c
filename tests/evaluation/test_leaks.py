"""Leaks that are planted are found, and nothing else."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from speech_emotion import corpora
from speech_emotion.audio.fingerprint import matches
from speech_emotion.audio.read import channels
from speech_emotion.corpora import folder, ravdess, synthetic
from speech_emotion.corpora.synthetic import SENTENCES, TONES
from speech_emotion.corpora.utterance import Corpus, Origin, Utterance
from speech_emotion.corpora.voice import RATE, invent, say
from speech_emotion.evaluation import examined
from speech_emotion.evaluation.examined import examine_all, part_of
from speech_emotion.evaluation.findings import Check
from speech_emotion.evaluation.leaks import check


def spoken(place: Path, seed: int) -> Path:
    """A made voice in a file; every seed is another voice, another sentence or another take."""
    rng = np.random.default_rng(seed)
    samples = say(SENTENCES[seed % 3], invent("male", rng), TONES["calm"], rng)
    place.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(place, samples, RATE)
    return place


def own(root: Path, name: str = "mine", files: Iterable[str] = ()) -> Corpus:
    """Recordings at EMOTION/SPEAKER/file, those that are not there yet made."""
    for number, file in enumerate(files):
        if not (root / name / file).exists():
            spoken(root / name / file, number + 100 * len(name))
    return folder.read(root / name)


def kinds(found: Check, *, unsafe: bool | None = None) -> list[str]:
    return [each.kind for each in found.findings if unsafe is None or each.unsafe is unsafe]


def told(found: Check, kind: str) -> list[tuple[list[str], str, bool]]:
    """Names of files, text and whether it is unsafe, of each finding of a kind."""
    return [
        ([Path(path).name for path in each.paths], each.text, each.unsafe)
        for each in found.findings
        if each.kind == kind
    ]


FILES = ("angry/ann/1.wav", "angry/bob/2.wav", "happy/ann/3.wav", "happy/bob/4.wav")


def test_sound_recordings_have_nothing_to_be_found(tmp_path: Path) -> None:
    found = check([own(tmp_path, files=FILES)], workers=1)
    assert found.findings == ()
    assert not found.unsafe
    assert found.sets == (("mine", 4),)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    place = tmp_path / "mine" / "angry" / "ann"
    place.mkdir(parents=True)
    (place / "broken.wav").write_bytes(b"no sound at all")
    (place / "blank.wav").touch()
    soundfile.write(place / "header.wav", np.zeros(0), RATE)
    soundfile.write(place / "zeros.wav", np.zeros(RATE), RATE)
    soundfile.write(place / "zeros2.flac", np.zeros(RATE), RATE)
    soundfile.write(place / "loud.wav", np.clip(3 * np.sin(np.arange(RATE) / 20), -1, 1), RATE)
    found = check([own(tmp_path, files=FILES)], workers=1)
    (unreadable,) = told(found, "unreadable")
    assert unreadable[0] == ["broken.wav"]
    assert unreadable[2]
    assert [(names, unsafe) for names, _, unsafe in told(found, "empty")] == [
        (["blank.wav"], True),
        (["header.wav"], True),
    ]
    assert [names for names, _, _ in told(found, "silent")] == [["zeros.wav"], ["zeros2.flac"]]
    assert [(names, unsafe) for names, _, unsafe in told(found, "clipped")] == [(["loud.wav"], False)]
    assert "exact" not in kinds(found), "that two files are silent is said once"


def test_equal_samples_are_found_in_any_format(tmp_path: Path) -> None:
    corpus = own(tmp_path, files=FILES)
    samples, rate = soundfile.read(tmp_path / "mine" / FILES[0], dtype="int16")
    soundfile.write(tmp_path / "mine" / "angry" / "ann" / "1again.flac", samples, rate)
    ((names, text, unsafe),) = told(check([own(tmp_path)], workers=1), "exact")
    assert names == ["1.wav", "1again.flac"]
    assert text == "one label, one speaker: misleads the random split only"
    assert not unsafe
    soundfile.write(tmp_path / "mine" / "happy" / "bob" / "1thrice.wav", samples, rate, subtype="PCM_24")
    ((names, text, unsafe),) = told(check([own(tmp_path)], workers=1), "exact")
    assert names == ["1.wav", "1again.flac", "1thrice.wav"]
    assert text == "labelled angry and happy, as if mine/ann and mine/bob spoke"
    assert unsafe
    assert len(corpus) == 4


def test_a_changed_copy_is_found_in_the_other_set(tmp_path: Path) -> None:
    train = own(tmp_path, "train", FILES)
    test = own(tmp_path, "test", ("angry/eve/1.wav", "happy/eve/2.wav"))
    assert not check([train, test], workers=1).unsafe
    samples, rate = soundfile.read(tmp_path / "train" / FILES[2], dtype="float32")
    soundfile.write(tmp_path / "test" / "happy" / "eve" / "3.wav", 0.3 * soxr.resample(samples, rate, 11_025), 11_025)
    found = check([train, own(tmp_path, "test")], workers=1)
    assert kinds(found, unsafe=True) == ["near"]
    ((names, text, _),) = told(found, "near")
    assert names == ["3.wav", "3.wav"]
    assert "in train and test" in text


def test_one_file_in_two_sets_is_found(tmp_path: Path) -> None:
    corpus = own(tmp_path, files=FILES)
    found = check([corpus, replace(corpus, utterances=corpus.utterances[:1])], workers=1)
    assert found.sets == (("mine (1)", 4), ("mine (2)", 1))
    assert [text for _, text, _ in told(found, "exact")] == ["in mine (1) and mine (2)"]
    assert [text for _, text, _ in told(found, "speaker")] == ["ann, by name: 2 recordings in mine (1), 1 in mine (2)"]


def test_two_sets_of_one_corpus_are_called_by_their_places(tmp_path: Path) -> None:
    for name in ("train/03a01Wa.wav", "train/03a01Fa.wav", "test/08a01Wa.wav", "test/08a01Fa.wav"):
        spoken(tmp_path / name, sum(name.encode()))
    places = [tmp_path / "train", tmp_path / "test"]
    found = check([corpora.open(f"emodb:{place}") for place in places], places, workers=1)
    assert found.sets == (("train", 2), ("test", 2))


def test_speakers_in_two_sets_are_found(tmp_path: Path) -> None:
    train = own(tmp_path, "train", FILES)
    test = own(tmp_path, "test", ("angry/bob/1.wav", "happy/eve/2.wav"))
    found = check([train, test], workers=1)
    assert told(found, "speaker") == [([], "bob, by name: 2 recordings in train, 1 in test", True)]
    assert found.unsafe


def test_file_names_tell_a_speaker_whom_the_folders_hide(tmp_path: Path) -> None:
    train = own(tmp_path, "train", ("happy/03-01-03-01-01-01-12.wav", "angry/03-01-05-01-01-01-11.wav", "sad/x.wav"))
    test = own(tmp_path, "test", ("happy/03-01-03-01-02-01-12.wav", "sad/y.wav"))
    found = check([train, test], workers=1)
    assert [text for _, text, _ in told(found, "speaker")] == ["ravdess/12: 1 recordings in train, 1 in test"]
    assert [unsafe for _, _, unsafe in told(found, "unknown")] == [False, False]


def test_equal_names_in_published_corpora_are_other_people(tmp_path: Path) -> None:
    for name in ("r/03-01-05-01-01-01-03.wav", "r/03-01-03-01-01-01-03.wav", "e/03a01Wa.wav", "e/03a01Fa.wav"):
        spoken(tmp_path / name, sum(name.encode()))
    sets = [corpora.open(f"ravdess:{tmp_path / 'r'}"), corpora.open(f"emodb:{tmp_path / 'e'}")]
    assert "speaker" not in kinds(check(sets, workers=1))


def test_labels_are_held_against_file_names(tmp_path: Path) -> None:
    corpus = own(
        tmp_path,
        files=(
            "angry/ann/03a01Wa.wav",
            "happy/ann/03a02Wa.wav",
            "neutral/ann/03-01-02-01-01-01-12.wav",
            "sad/ann/DC_a01.wav",
        ),
    )
    found = check([corpus], workers=1)
    assert sorted(told(found, "mislabelled")) == [
        (["03-01-02-01-01-01-12.wav"], "labelled neutral; as a name of ravdess it says calm", False),
        (["03a02Wa.wav"], "labelled happy; as a name of emodb it says angry", True),
        (["DC_a01.wav"], "labelled sad; as a name of savee it says angry", True),
    ]


def test_a_csv_is_held_against_file_names(tmp_path: Path) -> None:
    spoken(tmp_path / "OAF_back_angry.wav", 1)
    spoken(tmp_path / "OAF_back_ps.wav", 2)
    with (tmp_path / "list.csv").open("w", newline="") as file:
        rows = [
            ("path", "emotion", "speaker"),
            ("OAF_back_angry.wav", "sad", "o"),
            ("OAF_back_ps.wav", "surprised", "o"),
        ]
        csv.writer(file).writerows(rows)
    found = check([folder.read(tmp_path / "list.csv")], [tmp_path / "list.csv"], workers=1)
    assert [names for names, _, _ in told(found, "mislabelled")] == [["OAF_back_angry.wav"]]


def test_folders_are_held_against_the_names_of_a_known_corpus(tmp_path: Path) -> None:
    for number, name in enumerate(
        ("Angry/03a01Wa.wav", "OAF_Fear/03a01Fa.wav", "Joyful/Wut/03a02Fa.wav", "wav/03a02Wa.wav")
    ):
        spoken(tmp_path / name, number)
    found = check([corpora.open(f"emodb:{tmp_path}")], [tmp_path], workers=1)
    assert [(names, text) for names, text, _ in told(found, "mislabelled")] == [
        (["03a01Fa.wav"], "named as happy, in the folder OAF_Fear")
    ]


def test_second_copies_that_differ_are_found(tmp_path: Path) -> None:
    spoken(tmp_path / "a" / "03a01Wa.wav", 1)
    spoken(tmp_path / "a" / "08a01Fa.wav", 2)
    for name in ("03a01Wa.wav", "08a01Fa.wav"):
        (tmp_path / "copy" / "again").mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "a" / name, tmp_path / "copy" / "again" / name)
    assert "copies" not in kinds(check([corpora.open(f"emodb:{tmp_path}")], [tmp_path], workers=1))
    samples, rate = soundfile.read(tmp_path / "a" / "03a01Wa.wav")
    soundfile.write(tmp_path / "copy" / "again" / "03a01Wa.wav", 0.5 * samples, rate)
    assert "copies" not in kinds(check([corpora.open(f"emodb:{tmp_path}")], [tmp_path], workers=1)), (
        "softer, but the same"
    )
    spoken(tmp_path / "copy" / "again" / "03a01Wa.wav", 3)
    found = check([corpora.open(f"emodb:{tmp_path}")], [tmp_path], workers=1)
    assert [(names, unsafe) for names, _, unsafe in told(found, "copies")] == [(["03a01Wa.wav", "03a01Wa.wav"], True)]


def test_a_corpus_that_its_silence_solves_is_seen_to_be(tmp_path: Path) -> None:
    voices = synthetic.write(tmp_path / "voices", speakers=6, takes=1)
    utterances = []
    for utterance in voices.utterances:
        samples, rate = soundfile.read(utterance.path)
        pause = np.zeros(rate // 4 * (1 + voices.emotions.index(utterance.emotion)))
        path = tmp_path / "paused" / Path(utterance.path).name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, np.concatenate([pause, samples]), rate)
        utterances.append(replace(utterance, path=str(path)))
    found = check([Corpus(Origin("paused", "own"), tuple(utterances))], workers=1)
    first = next(each for each in found.findings if each.kind == "nuisance")
    assert first.unsafe
    assert first.text.startswith("solved by silence before")
    scored = found.nuisances[0]
    assert scored is not None
    assert scored.telling[0] == "leading"
    assert scored.scores["leading"].value > 0.95


def test_parts_of_one_file_that_overlap_are_found(tmp_path: Path) -> None:
    long = np.concatenate([soundfile.read(spoken(tmp_path / f"{n}.wav", n))[0] for n in range(3)])
    soundfile.write(tmp_path / "long.wav", long, RATE)
    whole = Utterance(str(tmp_path / "long.wav"), "calm", "me/1", "me", start=0.0, end=len(long) / RATE)
    part = replace(whole, emotion="sad", start=0.5, end=len(long) / RATE - 0.5)
    found = check([Corpus(Origin("me", "own"), (whole, part))], workers=1)
    assert [(each.kind, each.unsafe) for each in found.findings] == [("near", True)]


def test_what_is_found_does_not_depend_on_the_workers(tmp_path: Path) -> None:
    corpus = synthetic.write(tmp_path / "voices", speakers=3, takes=1)
    assert check([corpus], workers=1) == check([corpus], workers=2)


def change(kind: int, clip: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
    """A clip at another rate, softer, trimmed, or in a little noise; or as it is, for a codec to change."""
    if kind == 0:
        return soxr.resample(clip, rate, 11_025), 11_025
    if kind == 1:
        return clip * 10 ** (-15 / 20), rate
    if kind == 2:
        return clip[int(0.8 * rate) : -int(0.7 * rate)], rate
    if kind == 3:
        noise = np.random.default_rng(0).standard_normal(len(clip))
        return clip + noise * np.sqrt((clip**2).mean()) * 10 ** (-20 / 20), rate
    return clip, rate


def test_twenty_near_duplicates_planted_among_ravdess_are_found(ravdess_zip: Path, tmp_path: Path) -> None:
    """Four of each of five kinds; among the 1440 real clips nothing is found but the one that is there twice."""
    corpus = ravdess.read(ravdess_zip)
    rng = np.random.default_rng(4)
    chosen = rng.choice(len(corpus), 20, replace=False)
    planted = []
    for number, row in enumerate(chosen):
        path = tmp_path / f"{number}.{'ogg' if number == 17 else 'mp3' if number >= 16 else 'wav'}"
        samples, rate = channels(corpus.utterances[row].path)
        clip = samples.mean(axis=1)
        changed, at = change(number // 4, clip, rate)
        soundfile.write(path, changed, at)
        planted.append((str(path), None, None))
    parts = [*(part_of(utterance) for utterance in corpus.utterances), *planted]
    examined = examine_all(parts, workers=2)
    found = {(match.first, match.second) for match in matches([examined[part].print for part in parts])}
    names = [Path(utterance.path).stem for utterance in corpus.utterances]
    real = {(names[first], names[second]) for first, second in found if second < len(corpus)}
    assert real == {("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")}
    assert {pair for pair in found if pair[1] >= len(corpus)} == {
        (row, len(corpus) + number) for number, row in enumerate(chosen)
    }


def test_samples_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    corpus = own(tmp_path, files=FILES)
    samples, rate = soundfile.read(tmp_path / "mine" / FILES[0], dtype="float32")
    samples[::3] = np.nan
    soundfile.write(tmp_path / "mine" / FILES[0], samples, rate, subtype="FLOAT")
    count = len(samples[::3])
    text = f"{count} samples are not finite or out of all range; they are taken for silence"
    assert told(check([corpus], workers=1), "invalid") == [(["1.wav"], text, False)]


@pytest.mark.parametrize("limit", ["LARGEST", "LONGEST_SECONDS"])
def test_what_is_too_long_is_told_and_not_held_in_memory(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = own(tmp_path, files=FILES)
    monkeypatch.setattr(examined, limit, 30 * RATE if limit == "LARGEST" else 30)
    soundfile.write(tmp_path / "mine" / FILES[0], np.zeros(31 * RATE, dtype=np.int16), RATE)
    assert [(names, unsafe) for names, _, unsafe in told(check([corpus], workers=1), "long")] == [(["1.wav"], True)]


def test_reading_stops_where_there_is_too_much(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.zeros((3 * 2**20, 2), dtype=np.int16), RATE)
    samples, _ = channels(tmp_path / "long.wav", most=2**20)
    assert 2**20 < samples.size <= 2**21
