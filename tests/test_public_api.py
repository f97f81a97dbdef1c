"""What ``import speech_emotion as se`` promises."""

from __future__ import annotations

import subprocess
import sys

import pytest

import speech_emotion as se


@pytest.mark.parametrize("name", se.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(se, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'recognise'"):
        _ = se.recognise


@pytest.mark.parametrize("name", ["train", "search", "evaluate"])
def test_without_the_extra_training_says_what_to_install(name: str) -> None:
    script = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import numpy as np, speech_emotion as se\n"
        "columns = {n: np.array(['a'] * 4) for n in ('sentences', 'intensities', 'sexes', 'corpora', 'paths')}\n"
        "config = se.FeatureConfig(features=('rms',))\n"
        "table = se.FeatureTable(np.zeros((4, 1), 'f4'), np.array(['calm', 'sad'] * 2), np.array(list('aabb')), "
        "**columns, durations=np.ones(4, 'f4'), config=config, origins=())\n"
        "try:\n"
        f"    se.{name}(*([None] if {name!r} == 'evaluate' else []), table)\n"
        "except se.SpeechEmotionError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert 'pip install "speech-emotion[train]"' in done.stdout, done.stderr
