"""What is heard, to a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.audio.record import recording
from speech_emotion.errors import UsageError

SOUND = np.linspace(-0.5, 0.5, 4_000, dtype=np.float32)


@pytest.mark.parametrize("name", ["out.wav", "out.flac", "deep/er/OUT.WAV"])
def test_what_was_heard_is_in_the_file(name: str, tmp_path: Path) -> None:
    with recording(tmp_path / name) as keep:
        keep(SOUND)
        keep(SOUND)
    samples, rate = soundfile.read(tmp_path / name)
    assert rate == 16_000
    np.testing.assert_allclose(samples, np.tile(SOUND, 2), atol=1 / 32768)
    assert len(list((tmp_path / name).parent.iterdir())) == 1


@pytest.mark.parametrize("stop", [KeyboardInterrupt, GeneratorExit, RuntimeError])
def test_however_it_ends_the_file_is_whole(stop: type[BaseException], tmp_path: Path) -> None:
    def listen() -> None:
        with recording(tmp_path / "out.wav") as keep:
            keep(SOUND)
            raise stop

    with pytest.raises(stop):
        listen()
    assert soundfile.info(tmp_path / "out.wav").frames == 4_000


@pytest.mark.parametrize(
    ("name", "says"), [("there.wav", "already there"), ("out.mp3", r"\.wav"), ("there.wav/x.wav", "cannot write in")]
)
def test_a_place_that_cannot_be_is_refused(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "there.wav").write_text("mine")
    with pytest.raises(UsageError, match=says), recording(tmp_path / name):
        pass
    assert (tmp_path / "there.wav").read_text() == "mine"
