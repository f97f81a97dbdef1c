"""Groups over a whole utterance: openSMILE's own numbers, under openSMILE's own names, and only when asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.audio.waveform import Waveform
from speech_emotion.corpora.utterance import Corpus, Origin, Utterance
from speech_emotion.errors import FeatureError, MissingExtraError
from speech_emotion.features import opensmile as module
from speech_emotion.features.config import FRAMES, FeatureConfig
from speech_emotion.features.extract import extract
from speech_emotion.features.measure import measure
from speech_emotion.features.table import FeatureTable
from speech_emotion.models import card
from speech_emotion.models.model import Model

SETS = {"egemaps": "eGeMAPSv02", "compare": "ComParE_2016"}


def hum(seconds: float, seed: int = 0) -> Waveform:
    times = np.arange(int(16_000 * seconds)) / 16_000
    noise = np.random.default_rng(seed).standard_normal(len(times))
    return Waveform((0.3 * np.sin(900 * times) + 0.01 * noise).astype(np.float32))


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    utterances = []
    for number in range(34):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, hum(0.2, number).samples, 16_000)
        utterances.append(Utterance(str(path), "calm" if number % 2 else "sad", f"me/{number % 3}", "me"))
    return Corpus(Origin("me", "own"), tuple(utterances))


@pytest.mark.parametrize(("group", "feature_set"), SETS.items())
def test_the_numbers_and_their_names_are_opensmiles(group: str, feature_set: str) -> None:
    opensmile = pytest.importorskip("opensmile")
    sound = hum(1.0)
    theirs = opensmile.Smile(opensmile.FeatureSet[feature_set]).process_signal(sound.samples, 16_000)
    config = FeatureConfig(features=(group,))
    assert config.columns == tuple(f"{group}_{name}" for name in theirs.columns)
    assert config.width(group) == len(config.columns)
    ours = measure(sound, config)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, theirs.to_numpy()[0])


def test_statistics_are_of_frames_only() -> None:
    config = FeatureConfig(features=("rms", "egemaps"), statistics=("mean", "std", "p95"))
    assert config.columns[:4] == ("rms_mean", "rms_std", "rms_p95", "egemaps_F0semitoneFrom27.5Hz_sma3nz_amean")
    assert len(config.columns) == 3 + 88


def test_a_group_is_narrowed_to_and_a_table_comes_back_from_its_file(corpus: Corpus, tmp_path: Path) -> None:
    pytest.importorskip("opensmile")
    table = extract(corpus, ["egemaps", "mfcc"], ["std"], workers=2)
    table.save(tmp_path / "both.npz")
    loaded = FeatureTable.load(tmp_path / "both.npz")
    alone = loaded.narrow(["egemaps"])
    assert alone.columns == FeatureConfig(features=("egemaps",)).columns
    np.testing.assert_array_equal(alone.values, extract(corpus, ["egemaps"], ["std"], workers=1).values)
    assert loaded.narrow(["mfcc"]).values.shape == (34, 40)


def test_a_sound_that_is_too_short_says_so() -> None:
    pytest.importorskip("opensmile")
    with pytest.raises(FeatureError, match=r"0\.02 s of sound are too few for openSMILE"):
        measure(hum(0.02), FeatureConfig(features=("compare",)))


@pytest.mark.parametrize("workers", [1, 2])
def test_without_opensmile_the_work_ends_at_once_naming_the_extra_and_the_licence(
    workers: int, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "missing" / "opensmile").mkdir(parents=True)
    (tmp_path / "missing" / "opensmile" / "__init__.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(tmp_path / "missing")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "missing"), prepend=":")
    monkeypatch.delitem(sys.modules, "opensmile", raising=False)
    module._smile.cache_clear()
    with pytest.raises(MissingExtraError, match=r'research only.*pip install "speech-emotion\[opensmile\]"'):
        extract(corpus, ["egemaps"], workers=workers)


def test_nothing_imports_opensmile_before_it_measures() -> None:
    script = (
        "import json, sys, speech_emotion.recognition.recognizer, speech_emotion.models.bundle\n"
        "from speech_emotion.features.config import FeatureConfig\n"
        "count = len(FeatureConfig(features=('compare',)).columns)\n"
        "print(json.dumps([count, 'opensmile' in sys.modules, 'pandas' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [6373, False, False]


def test_it_is_never_a_default() -> None:
    assert set(FeatureConfig().features) <= set(FRAMES)


def test_a_models_card_counts_no_frames_and_names_the_licence(made_table) -> None:
    from speech_emotion.training.train import train

    table = made_table()
    config = FeatureConfig(features=("egemaps",))
    values = np.random.default_rng(0).normal(size=(len(table), 88)).astype(np.float32)
    model: Model = train(replace(table, config=config, values=values), family="lda", calibrate=False, protocols=[])
    text = card.text(model.manifest())
    assert "- Features: egemaps, 88 numbers, at 16000 Hz." in text
    assert "- egemaps: measured by openSMILE, whose licence is for research only." in text
