"""From a corpus to a table: the same with any number of workers, resumable, nothing silently dropped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.corpora import ravdess
from speech_emotion.corpora.utterance import Corpus, Origin, Utterance
from speech_emotion.errors import FeatureError
from speech_emotion.features import batch
from speech_emotion.features import extract as module
from speech_emotion.features.config import FRAMES, FeatureConfig
from speech_emotion.features.defaults import CLASSIC, TEMPI
from speech_emotion.features.extract import extract
from speech_emotion.features.table import PER_UTTERANCE


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    rng = np.random.default_rng(1)
    utterances = []
    for number in range(70):
        path = tmp_path / f"{number:02d}.wav"
        soundfile.write(path, 0.1 * rng.standard_normal(4_000 + 10 * number), 16_000)
        utterances.append(Utterance(str(path), "calm" if number % 2 else "sad", f"me/{number % 5}", "me", sex="male"))
    return Corpus(Origin("me", "own"), tuple(utterances))


def test_a_table_has_a_row_an_utterance_in_order(corpus: Corpus) -> None:
    table = extract(corpus, features=["rms", "mel"], statistics=["mean", "std"], workers=1)
    assert table.values.shape == (70, 2 * 129)
    assert table.values.dtype == np.float32
    assert table.paths.tolist() == [u.path for u in corpus.utterances]
    assert table.emotions.tolist() == [u.emotion for u in corpus.utterances]
    assert table.durations[0] == pytest.approx(0.25)
    assert table.sexes[0] == "male"
    assert table.sentences[0] == ""


@pytest.mark.parametrize("change", [{}, {"fft": 4096}, {"chroma_bins": 36, "mel_bands": 200}], ids=str)
def test_the_bits_are_the_same_with_one_worker_and_two(change: dict, ravdess_zip: Path) -> None:
    clips = ravdess.read(ravdess_zip)
    clips = replace(clips, utterances=clips.utterances[::20])
    config = FeatureConfig(features=FRAMES, statistics=("mean", "std", "slope", "p10"), **change)
    alone, together = (extract(clips, config=config, workers=count) for count in (1, 2))
    assert len(alone) == 72
    for name in ("values", *PER_UTTERANCE):
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))


def test_a_recording_that_cannot_be_used_is_reported_and_the_others_are_there(corpus: Corpus) -> None:
    Path(corpus.utterances[3].path).write_bytes(b"not a recording")
    Path(corpus.utterances[69].path).unlink()
    table = extract(corpus, features=["rms"], workers=2)
    assert len(table) == 68
    assert [failure.path for failure in table.failures] == [corpus.utterances[n].path for n in (3, 69)]
    assert all(failure.reason and failure.path not in failure.reason for failure in table.failures)


def test_a_corpus_without_any_usable_recording_is_refused(corpus: Corpus) -> None:
    for utterance in corpus.utterances:
        Path(utterance.path).write_bytes(b"")
    with pytest.raises(FeatureError, match="none of the 70 recordings of me could be used; the first: "):
        extract(corpus, workers=1)


def test_finished_shards_are_not_measured_again(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = extract(corpus, features=["rms"], workers=1)
    parts = tmp_path / "parts"

    class Killed(BaseException):
        pass

    def kill_after_the_first_shard(done: int, total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        extract(corpus, features=["rms"], workers=1, resume=parts, progress=kill_after_the_first_shard)
    measured = []
    real = batch.measure
    monkeypatch.setattr(batch, "measure", lambda *given: measured.append(1) or real(*given))
    resumed = extract(corpus, features=["rms"], workers=1, resume=parts)
    assert len(measured) == 70 - module.BATCH
    np.testing.assert_array_equal(resumed.values, whole.values)


def test_forgetting_shards_leaves_everything_else_alone(corpus: Corpus, tmp_path: Path) -> None:
    for folder in (tmp_path / "parts", tmp_path / "mine"):
        extract(corpus, features=["rms"], workers=1, resume=folder)
    (tmp_path / "mine" / "diary.txt").touch()
    module.forget(tmp_path / "parts")
    module.forget(tmp_path / "mine")
    assert not (tmp_path / "parts").exists()
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["diary.txt"]


def test_other_parameters_or_a_changed_recording_make_a_shard_stale(corpus: Corpus, tmp_path: Path) -> None:
    def file(**parameters: int) -> Path:
        [found] = module._Work(
            replace(corpus, utterances=corpus.utterances[:2]), FeatureConfig(**parameters), (), 32, tmp_path
        ).files
        return found

    before = file()
    assert file() == before
    assert file(hop=256) != before
    soundfile.write(corpus.utterances[0].path, np.zeros(100), 16_000)
    assert file() != before


def test_a_damaged_shard_is_measured_again(corpus: Corpus, tmp_path: Path) -> None:
    fresh = extract(corpus, features=["rms"], workers=1, resume=tmp_path / "parts")
    shard = min((tmp_path / "parts").iterdir())
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    again = extract(corpus, features=["rms"], workers=1, resume=tmp_path / "parts")
    np.testing.assert_array_equal(again.values, fresh.values)
    assert len(shard.read_bytes()) == len(whole)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_run_resumes_and_ends_with_the_same_table(ravdess_zip: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from dataclasses import replace\n"
        "from speech_emotion.corpora import ravdess; from speech_emotion.features.extract import extract\n"
        "clips = ravdess.read(sys.argv[1]); clips = replace(clips, utterances=clips.utterances[::6])\n"
        "def tell(done, total): print(done, flush=True)\n"
        "extract(clips, ['mel', 'chroma', 'mfcc'], workers=1, resume=sys.argv[2], progress=tell).save(sys.argv[3])\n"
    )
    parts, out = tmp_path / "parts", tmp_path / "table.npz"
    command = [sys.executable, "-c", script, str(ravdess_zip), str(parts), str(out)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert running.stdout.readline() == b"32\n"
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not out.exists()
    kept = {path: path.stat().st_mtime_ns for path in parts.glob("*.npz")}
    assert kept
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    table = module.FeatureTable.load(out)
    clips = ravdess.read(ravdess_zip)
    whole = extract(replace(clips, utterances=clips.utterances[::6]), CLASSIC, workers=2)
    np.testing.assert_array_equal(table.values, whole.values)


def test_part_of_a_file_can_be_an_utterance(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.concatenate([np.zeros(16_000), 0.5 * np.ones(16_000)]), 16_000)
    halves = tuple(Utterance(str(path), "calm", "me/1", "me", start=at, end=at + 1.0) for at in (0.0, 1.0))
    table = extract(Corpus(Origin("me", "own"), halves), features=["rms"], statistics=["p50"], workers=1)
    np.testing.assert_allclose(table.values[:, 0], [0.0, 0.5], atol=1e-6)


def test_where_nothing_is_named_the_encoder_hears_each_clip_at_three_tempi(corpus: Corpus) -> None:
    few = replace(corpus, utterances=corpus.utterances[:3])
    table = extract(few, workers=1)
    assert table.config.features == ("tone",)
    assert tuple(table.copies) == TEMPI
    assert not np.allclose(table.copies["slower"], table.values)
    assert extract(few, copies=[], workers=1).copies == {}


def test_statistics_alone_are_of_the_frames_of_mel_chroma_and_mfcc(corpus: Corpus) -> None:
    table = extract(replace(corpus, utterances=corpus.utterances[:2]), statistics=["mean", "std"], workers=1)
    assert (table.config.features, table.values.shape, table.copies) == (CLASSIC, (2, 360), {})
