"""Learning from shards on disk: what is learnt in memory, but for rounding."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speech_emotion.cli.main import run
from speech_emotion.errors import UsageError
from speech_emotion.evaluation.fitting import examples, fit
from speech_emotion.features.rows import Rows
from speech_emotion.features.shards import Shard, ShardedTable
from speech_emotion.features.table import FeatureTable
from speech_emotion.models.bundle import load
from speech_emotion.training.blocks import by_blocks
from speech_emotion.training.families import family
from speech_emotion.training.train import train
from speech_emotion.training.train_shards import train_shards

TOLERANCE = 1e-5
"""Of a probability: what single precision in memory, and another order of additions, may change."""


def in_shards(table: FeatureTable, folder: Path, size: int = 17) -> ShardedTable:
    folder.mkdir()
    voices: defaultdict[str, Counter[str]] = defaultdict(Counter)
    shards = []
    for first in range(0, len(table), size):
        part = table.rows(np.arange(first, min(first + size, len(table))))
        part.save(folder / f"{first:04d}.shard.npz")
        shards.append(Shard(f"{first:04d}.shard.npz", len(part), 0))
        for speaker, emotion in zip(part.speakers.tolist(), part.emotions.tolist(), strict=True):
            voices[speaker][emotion] += 1
    made = ShardedTable(folder, table.config, table.origins, tuple(table.copies), voices, tuple(shards), {})
    made.save("0" * 64)
    return ShardedTable.load(folder)


def with_copies(table: FeatureTable) -> FeatureTable:
    rng = np.random.default_rng(5)
    changed = (table.values + rng.normal(size=table.values.shape)).astype(np.float32)
    return replace(table, copies={"faster": changed, "noise": changed[::-1].copy()})


@pytest.mark.parametrize("emotions", [("calm", "happy", "sad"), ("calm", "sad")])
@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [
        ("ridge", {}),
        ("ridge", {"penalty": 0.1, "centred": 0.0}),
        ("lda", {}),
        ("lda", {"shrinkage": 0.3}),
        ("lda", {"shrinkage": None}),
    ],
    ids=str,
)
def test_a_family_learns_from_blocks_what_it_learns_in_memory(
    name: str, hyperparameters: dict[str, Any], emotions: tuple[str, ...], made_table: Any, tmp_path: Path
) -> None:
    table = made_table(speakers=7, clips=9, emotions=emotions, strength=0.7)
    values, labels = examples(table)
    memory = fit(family(name).build(**hyperparameters), values, labels, table.speakers)
    rows = Rows(in_shards(table, tmp_path / "t"))
    blocks = fit(by_blocks(name, **hyperparameters), rows, labels, table.speakers)
    np.testing.assert_allclose(blocks.predict_proba(rows), memory.predict_proba(values), atol=TOLERANCE)
    np.testing.assert_allclose(blocks.pipeline_.predict_proba(values), memory.predict_proba(values), atol=TOLERANCE)


def test_more_columns_than_rows_are_learnt_alike(made_table: Any, tmp_path: Path) -> None:
    table = made_table(speakers=2, clips=1)
    assert len(table.columns) > len(table)
    values, labels = examples(table)
    memory = fit(family("ridge").build(), values, labels, table.speakers)
    blocks = fit(by_blocks("ridge"), Rows(in_shards(table, tmp_path / "t", 4)), labels, table.speakers)
    np.testing.assert_allclose(blocks.pipeline_.predict_proba(values), memory.predict_proba(values), atol=TOLERANCE)


def test_rows_are_found_in_whatever_order_they_are_asked_for(made_table: Any, tmp_path: Path) -> None:
    table = with_copies(made_table(speakers=3))
    rows = Rows(in_shards(table, tmp_path / "t", 7))
    which = np.random.default_rng(0).permutation(len(table))[:20]
    found = np.zeros((40, len(table.columns)))
    for where, values in rows[which][::-1].with_copies()[np.arange(60) % 3 > 0].blocks():
        found[where] = values
    turned = which[::-1]
    wanted = np.concatenate([table.values[turned], table.copies["faster"][turned], table.copies["noise"][turned]])
    np.testing.assert_array_equal(found, wanted[np.arange(60) % 3 > 0])


@pytest.mark.parametrize("name", ["ridge", "lda"])
def test_a_model_from_shards_is_that_of_the_whole_table(name: str, made_table: Any, tmp_path: Path) -> None:
    table = with_copies(made_table(speakers=5, clips=3, strength=0.6))
    memory = train(table, name, seed=3, folds=2, sure_at=0.6, workers=1)
    shards = train_shards(in_shards(table, tmp_path / "t"), name, seed=3, folds=2, sure_at=0.6, workers=1)
    np.testing.assert_allclose(shards.predict_proba(table), memory.predict_proba(table), atol=TOLERANCE)
    assert shards.temperature == pytest.approx(memory.temperature, abs=1e-4)
    assert shards.sure_above == pytest.approx(memory.sure_above, abs=1e-4)
    mine, theirs = shards.provenance, memory.provenance
    assert (mine.utterances_sha256, mine.speakers, mine.utterances) == (
        theirs.utterances_sha256,
        theirs.speakers,
        theirs.utterances,
    )
    for protocol, scores in theirs.scores.items():
        for score, found in scores.items():
            assert mine.scores[protocol][score] == pytest.approx(found, abs=1e-3), score
    for model, file in ((shards, "shards"), (memory, "memory")):
        model.save(tmp_path / f"{file}.semodel")
    again = load(tmp_path / "shards.semodel")
    np.testing.assert_allclose(again.predict_proba(table), memory.predict_proba(table), atol=1e-4)


def test_the_number_of_workers_and_a_cluster_change_nothing(made_table: Any, tmp_path: Path, dask_cluster: Any) -> None:
    shards = in_shards(made_table(speakers=5), tmp_path / "t")
    alone, two, there = (
        train_shards(shards, "ridge", protocols=["speaker"], folds=2, calibrate=False, workers=who)
        for who in (1, 2, dask_cluster.address)
    )
    whole = shards.whole()
    for other in (two, there):
        np.testing.assert_array_equal(alone.predict_proba(whole), other.predict_proba(whole))
        assert alone.provenance.scores == other.provenance.scores


def test_a_family_that_needs_all_rows_says_which_do_not(
    made_table: Any, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    shards = in_shards(made_table(), tmp_path / "t")
    with pytest.raises(UsageError, match=r"mlp needs all rows in memory.*\(these can: lda, ridge\)"):
        train_shards(shards, "mlp")
    assert run(["train", str(shards.folder), "-o", str(tmp_path / "m.semodel"), "--family", "svm"]) == 2
    assert "svm needs all rows in memory" in capsys.readouterr().err


def test_the_command_trains_from_a_folder_of_shards(
    made_table: Any, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    table = made_table(speakers=5)
    shards = in_shards(table, tmp_path / "t")
    table.save(tmp_path / "t.npz")
    options = ["--family", "lda", "--emotions", "calm,sad", "--features", "mfcc", "--workers", "1"]
    told = []
    for corpus in (str(shards.folder), str(tmp_path / "t.npz")):
        assert run(["train", corpus, "-o", str(tmp_path / "m.semodel"), *options]) == 0
        told.append(capsys.readouterr())
    assert told[0] == told[1]
    assert "40 utterances of 5 speakers" in told[0].err
    whole = [str(shards.folder), "-o", str(tmp_path / "m.semodel"), "--robustness"]
    assert run(["train", *whole, "--family", "lda"]) == 2
    assert "--robustness needs the table in memory" in capsys.readouterr().err
