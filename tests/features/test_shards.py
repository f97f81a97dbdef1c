"""A table on disk in shards: the same numbers, whole or not there, and never all in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from speech_emotion.corpora.locks import alone_in
from speech_emotion.corpora.utterance import Corpus, Origin, Utterance
from speech_emotion.errors import FeatureError, UsageError
from speech_emotion.features import batch
from speech_emotion.features.extract import extract, extract_shards
from speech_emotion.features.shards import MANIFEST, ShardedTable, is_sharded
from speech_emotion.features.table import PER_UTTERANCE, FeatureTable

GROUPS = ("zcr", "rms")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    rng = np.random.default_rng(1)
    utterances = []
    for number in range(50):
        path = tmp_path / "mine" / f"{number:02d}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, 0.1 * rng.standard_normal(1_000 + 10 * number), 16_000)
        utterances.append(Utterance(str(path), "calm" if number % 3 else "sad", f"me/{number % 5}", "me", sex="male"))
    for number in (7, *range(20, 30)):  # a whole shard of ten among them
        Path(utterances[number].path).write_bytes(b"not a recording")
    return Corpus(Origin("me", "own"), tuple(utterances), {"song": 3})


def same(first: FeatureTable, second: FeatureTable) -> None:
    for name in ("values", *PER_UTTERANCE):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.failures == second.failures
    assert first.left_out == second.left_out
    assert (first.config, first.origins) == (second.config, second.origins)
    assert list(first.copies) == list(second.copies)
    for name, values in first.copies.items():
        np.testing.assert_array_equal(values, second.copies[name])


@pytest.mark.parametrize("workers", [1, 2])
def test_the_shards_together_are_the_table_in_memory(corpus: Corpus, tmp_path: Path, workers: int) -> None:
    options: dict[str, Any] = {"features": GROUPS, "statistics": ["mean", "p10"], "copies": ["faster", "noise"]}
    made = extract_shards(corpus, tmp_path / "t", **options, shard=10, workers=workers)
    memory = extract(corpus, **options, workers=1)
    loaded = ShardedTable.load(tmp_path / "t")
    for table in (made, loaded):
        same(table.whole(), memory)
        assert (len(table), table.failures, table.classes) == (39, 11, ("calm", "sad"))
    assert [len(shard) for shard in loaded] == [9, 10, 10, 10]
    assert [failure.path for failure in loaded.failed()] == [failure.path for failure in memory.failures]


def test_the_manifest_says_what_is_there_without_opening_a_shard(corpus: Corpus, tmp_path: Path) -> None:
    extract_shards(corpus, tmp_path / "t", GROUPS, shard=20, workers=1)
    about = json.loads((tmp_path / "t" / MANIFEST).read_text(encoding="utf-8"))
    assert [(shard["utterances"], shard["failures"]) for shard in about["shards"]] == [(19, 1), (10, 10), (10, 0)]
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == sorted(
        [MANIFEST, *(shard["file"] for shard in about["shards"])]
    )
    assert sum(about["voices"]["me/0"].values()) == 8
    assert about["config"]["features"] == list(GROUPS)
    assert len(about["sha256"]) == 64
    with np.load(tmp_path / "t" / about["shards"][0]["file"], allow_pickle=False) as shard:
        assert shard["values"].shape == (19, 2)


def test_a_run_that_was_stopped_goes_on_and_measures_nothing_twice(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(done: int, total: int) -> None:
        if done == 40:
            raise Killed

    with pytest.raises(Killed):
        extract_shards(corpus, tmp_path / "t", GROUPS, shard=20, workers=1, progress=kill)
    assert is_sharded(tmp_path / "t")
    with pytest.raises(FeatureError, match=rf"no finished table \(no {MANIFEST}\); extract it again"):
        ShardedTable.load(tmp_path / "t")
    measured = []
    real = batch.measure
    monkeypatch.setattr(batch, "measure", lambda *given: measured.append(1) or real(*given))
    made = extract_shards(corpus, tmp_path / "t", GROUPS, shard=20, workers=1)
    assert len(measured) == 10
    same(made.whole(), extract(corpus, GROUPS, workers=1))


def test_what_a_kill_left_of_the_manifest_is_in_nobodys_way(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / f"{MANIFEST}.123.part").write_text("{")
    made = extract_shards(corpus, tmp_path / "t", GROUPS, shard=20, workers=1)
    assert is_sharded(tmp_path / "t")
    same(made.whole(), extract(corpus, GROUPS, workers=1))


def test_a_shard_that_vanishes_while_it_is_needed_is_said_and_leaves_no_wrong_one(
    corpus: Corpus, tmp_path: Path
) -> None:
    made = extract_shards(corpus, tmp_path / "t", GROUPS, shard=20, workers=1)
    first, second = (made.folder / shard.file for shard in made.shards[:2])
    first.unlink()  # is measured again, and the second is needed after it

    def remove(done: int, total: int) -> None:
        if done == 20:
            second.unlink()

    with pytest.raises(FeatureError, match=f"{second.name} was removed while it was needed"):
        extract_shards(corpus, tmp_path / "t", GROUPS, shard=20, workers=1, progress=remove)
    assert not second.exists()
    same(extract_shards(corpus, tmp_path / "t", GROUPS, shard=20, workers=1).whole(), made.whole())


def test_another_table_takes_the_place_of_one_that_is_there(corpus: Corpus, tmp_path: Path) -> None:
    extract_shards(corpus, tmp_path / "t", GROUPS, shard=10, workers=1)
    smaller = replace(corpus, utterances=corpus.utterances[:20])
    extract_shards(smaller, tmp_path / "t", ["rms"], shard=10, workers=1)
    assert len(list((tmp_path / "t").iterdir())) == 3
    same(ShardedTable.load(tmp_path / "t").whole(), extract(smaller, ["rms"], workers=1))


def test_a_folder_of_other_things_is_left_alone(corpus: Corpus) -> None:
    place = Path(corpus.utterances[0].path).parent
    with pytest.raises(UsageError, match="holds other files; name a folder of its own"):
        extract_shards(corpus, place, GROUPS, workers=1)
    assert len(list(place.iterdir())) == 50


def test_a_corpus_without_any_usable_recording_leaves_no_table(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="none of the 10 recordings of me could be used; the first: "):
        extract_shards(replace(corpus, utterances=corpus.utterances[20:30]), tmp_path / "t", GROUPS, workers=1)
    assert not (tmp_path / "t" / MANIFEST).exists()


def test_rows_columns_and_copies_are_chosen_as_in_memory(corpus: Corpus, tmp_path: Path) -> None:
    options: dict[str, Any] = {"features": GROUPS, "copies": ["faster", "noise"], "workers": 1}
    table = extract_shards(corpus, tmp_path / "t", **options, shard=10)
    memory = extract(corpus, **options)
    some = table.select(["sad"]).narrow(["zcr"]).with_copies(["noise"])
    same(some.whole(), memory.select(["sad"]).narrow(["zcr"]).with_copies(["noise"]))
    assert (len(some), some.classes, some.columns) == (14, ("sad",), ("zcr_mean",))
    for wrong in ({"emotions": ["happy"]}, {"features": ["mel"]}, {"names": ["room"]}):
        method = {"emotions": "select", "features": "narrow", "names": "with_copies"}[next(iter(wrong))]
        with pytest.raises((UsageError, FeatureError)) as of_memory:
            getattr(memory, method)(**wrong)
        with pytest.raises(type(of_memory.value)) as of_shards:
            getattr(table, method)(**wrong)
        assert str(of_shards.value) == str(of_memory.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda about: about.update(format=2),
        lambda about: about.pop("voices"),
        lambda about: about.pop("format"),
        lambda about: about["origins"][0].update(licence=None),
        lambda about: about.update(shards=[]),
        lambda about: about.update(shards=[], voices={}),
        lambda about: about["shards"][0].update(file="../t.npz"),
        lambda about: about["config"].update(rate="fast"),
    ],
)
def test_a_manifest_that_is_damaged_or_newer_is_refused_in_one_line(
    damage: Any, corpus: Corpus, tmp_path: Path
) -> None:
    extract_shards(corpus, tmp_path / "t", GROUPS, workers=1)
    manifest = tmp_path / "t" / MANIFEST
    about = json.loads(manifest.read_text(encoding="utf-8"))
    damage(about)
    manifest.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(FeatureError, match=MANIFEST) as caught:
        ShardedTable.load(tmp_path / "t")
    assert "\n" not in str(caught.value)


def test_a_shard_that_is_another_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    table = extract_shards(corpus, tmp_path / "t", GROUPS, shard=10, workers=1)
    (table.folder / table.shards[0].file).write_bytes((table.folder / table.shards[1].file).read_bytes())
    with pytest.raises(FeatureError, match=f"is not the shard that {MANIFEST} names; extract it again"):
        list(table)


def test_two_do_not_write_one_table_at_once(corpus: Corpus, tmp_path: Path) -> None:
    with alone_in(tmp_path / "t", "extract", f"{MANIFEST}.lock"), pytest.raises(UsageError, match="another extract"):
        extract_shards(corpus, tmp_path / "t", GROUPS, workers=1)
    extract_shards(corpus, tmp_path / "t", GROUPS, workers=1)
    assert not list((tmp_path / "t").glob("*.lock"))


def test_shards_that_have_other_features_than_the_manifest_says_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    extract_shards(corpus, tmp_path / "t", ("mfcc",), workers=1)
    manifest = tmp_path / "t" / MANIFEST
    about = json.loads(manifest.read_text(encoding="utf-8"))
    about["config"]["features"] = ["chroma"]
    manifest.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(FeatureError, match="names other features or copies than a shard has"):
        ShardedTable.load(tmp_path / "t").whole()


def test_a_speaker_that_the_manifest_does_not_know_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    extract_shards(corpus, tmp_path / "t", ("mfcc",), workers=1)
    manifest = tmp_path / "t" / MANIFEST
    about = json.loads(manifest.read_text(encoding="utf-8"))
    voices = about["voices"]
    voices["ghost"] = voices.pop(next(iter(voices)))
    manifest.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(FeatureError, match="does not know the speaker"):
        ShardedTable.load(tmp_path / "t").whole()
