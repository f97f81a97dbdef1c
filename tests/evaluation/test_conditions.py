"""One recording under each condition: the same for the same seed and name, and itself when nothing is done."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import RATE, Waveform
from speech_emotion.evaluation.conditions import CONDITIONS, Clip, Stretch, hear
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.measure import measure

CONFIG = FeatureConfig(features=("mfcc", "rms"))


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    paths = [tmp_path / f"{number}.wav" for number in range(4)]
    for number, path in enumerate(paths):
        hum = 0.2 * np.sin(np.arange(RATE) * (0.05 + 0.01 * number)) * np.sin(np.arange(RATE) / 900) ** 2
        soundfile.write(path, hum, RATE, "FLOAT")
    first, *others = (Stretch(str(path)) for path in paths)
    return Clip(first, tuple(others), tuple(CONDITIONS), CONFIG, seed=3)


def test_each_condition_changes_what_is_measured_and_the_first_row_is_the_recording(clip: Clip) -> None:
    heard = hear(clip)
    assert heard.reasons == ("",) * (1 + len(CONDITIONS))
    assert (heard.values[0] == measure(read(clip.place.path), CONFIG)).all()
    changed = {name: (row != heard.values[0]).any() for name, row in zip(CONDITIONS, heard.values[1:], strict=True)}
    assert [name for name, is_so in changed.items() if not is_so] == ["crop_3", "crop_2", "crop_1"]  # it has 1 s


def test_what_is_random_goes_by_name_and_seed_and_not_by_folder_or_company(clip: Clip, tmp_path: Path) -> None:
    whole = hear(clip).values[1:]
    elsewhere = tmp_path / "elsewhere" / "0.wav"
    elsewhere.parent.mkdir()
    shutil.copy(clip.place.path, elsewhere)
    alone = hear(replace(clip, place=Stretch(str(elsewhere)), conditions=("pink_0",))).values[1]
    assert (alone == whole[list(CONDITIONS).index("pink_0")]).all()
    other_seed = hear(replace(clip, seed=4, conditions=("pink_0",))).values[1]
    assert (other_seed != alone).any()
    renamed = shutil.copy(clip.place.path, tmp_path / "another.wav")
    assert (hear(replace(clip, place=Stretch(str(renamed)), conditions=("pink_0",))).values[1] != alone).any()


def test_noise_of_one_kind_is_the_same_at_every_strength(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Waveform] = []
    monkeypatch.setattr(
        "speech_emotion.evaluation.conditions.measure", lambda waveform, config: kept.append(waveform) or np.zeros(41)
    )
    hear(replace(clip, conditions=("white_20", "white_10")))
    clean, twenty, ten = (waveform.samples for waveform in kept)
    assert ten - clean == pytest.approx((twenty - clean) * np.sqrt(10), abs=1e-6)


def test_a_recording_that_cannot_be_read_is_told_and_so_is_a_voice(clip: Clip) -> None:
    lost = hear(replace(clip, place=Stretch("nowhere.wav"), conditions=("gain_up",)))
    assert all("nowhere.wav" in reason for reason in lost.reasons)
    assert np.isnan(lost.values).all()
    mute = hear(replace(clip, voices=(Stretch("nowhere.wav"),), conditions=("babble_0", "gain_up")))
    assert [bool(reason) for reason in mute.reasons] == [False, True, False]
    assert np.isfinite(mute.values[[0, 2]]).all()


def test_a_part_of_a_file_is_read_as_the_part(clip: Clip) -> None:
    part = hear(replace(clip, place=Stretch(clip.place.path, 0.25, 0.75), conditions=()))
    whole = read(clip.place.path).samples
    assert part.values[0] == pytest.approx(measure(Waveform(whole[RATE // 4 : 3 * RATE // 4]), CONFIG), abs=1e-3)
