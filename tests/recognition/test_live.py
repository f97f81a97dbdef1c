"""The microphone, or a file in its place."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from speech_emotion.errors import AudioError, UsageError
from speech_emotion.models.model import Model
from speech_emotion.recognition.live import listen, replay
from speech_emotion.recognition.recognizer import recognize_segments
from speech_emotion.recognition.stream import Moment


def swell(seconds: float, rate: int = 48_000) -> np.ndarray:
    rng = np.random.default_rng(0)
    count = round(seconds * rate)
    return (0.1 * rng.standard_normal(count) * np.sin(np.linspace(0, 9, count))).astype(np.float32)


def until_stopped(moments: Any) -> list[Moment]:
    found: list[Moment] = []
    with pytest.raises(KeyboardInterrupt):
        found.extend(moments)
    return found


def test_a_replay_has_the_windows_of_the_file(tmp_path: Path, quick: Model) -> None:
    soundfile.write(tmp_path / "a.wav", swell(5.3), 48_000)
    moments = list(replay(tmp_path / "a.wav", quick))
    segments = list(recognize_segments(tmp_path / "a.wav", quick, hop=0.5))
    assert [moment.raw for moment in moments] == segments


def test_in_real_time_a_moment_comes_when_its_sound_is_over(
    tmp_path: Path, quick: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    soundfile.write(tmp_path / "a.wav", swell(4.5, 16_000), 16_000)
    late = [now[0] - 100 - moment.end for moment in replay(tmp_path / "a.wav", quick, real_time=True)]
    assert late == pytest.approx([0, 0, 0, 0], abs=0.101)
    assert min(late) >= -1e-6


def test_the_microphone_is_heard_as_a_file_would_be(microphones: Any, tmp_path: Path, quick: Model) -> None:
    sound = swell(4.2)
    soundfile.write(tmp_path / "a.wav", sound, 48_000, subtype="FLOAT")
    microphones.says = [sound]
    told: list[str] = []
    moments = until_stopped(listen(quick, device="USB mic", tell=told.append))
    segments = list(recognize_segments(tmp_path / "a.wav", quick, hop=0.5))
    assert [(moment.start, moment.end) for moment in moments] == [(part.start, part.end) for part in segments]
    for moment, part in zip(moments, segments, strict=True):
        assert dict(moment.raw.scores) == pytest.approx(dict(part.scores), abs=1e-6)
    assert told == ["listening to USB mic, 48000 Hz", "no sound comes from USB mic any more; waiting for it"]


def test_listening_goes_on_when_the_microphone_is_back(
    microphones: Any, quick: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([100.0, 107.0, 200.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    microphones.says = [swell(3.2), swell(3.0)]
    told: list[str] = []
    moments = until_stopped(listen(quick, tell=told.append))
    assert [moment.start for moment in moments] == pytest.approx([0, 0.2, 10.2])  # 3.2 s, and 7 s of nothing
    assert [text.split()[0] for text in told] == ["listening", "no", "listening", "no"]


def test_what_was_heard_is_recorded_when_asked_and_can_be_replayed(
    microphones: Any, tmp_path: Path, quick: Model
) -> None:
    microphones.says = [swell(4.0)]
    heard = until_stopped(listen(quick, record=tmp_path / "out.wav"))
    again = list(replay(tmp_path / "out.wav", quick))
    assert [moment.end for moment in again] == [moment.end for moment in heard]
    for before, after in zip(heard, again, strict=True):
        assert dict(before.raw.scores) == pytest.approx(dict(after.raw.scores), abs=0.01)


def test_whoever_stops_asking_has_a_whole_recording(microphones: Any, tmp_path: Path, quick: Model) -> None:
    microphones.says = [swell(6.0)]
    moments = listen(quick, record=tmp_path / "out.wav")
    assert len(list(islice(moments, 2))) == 2
    moments.close()
    assert soundfile.info(tmp_path / "out.wav").duration == pytest.approx(3.5, abs=0.1)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"adapt": "sesion"}, "did you mean 'session'"), ({"hop": 9.0}, "hop <= window"), ({"smooth": -1}, "smoothing")],
)
def test_what_cannot_be_is_refused_at_once(options: Any, says: str, quick: Model) -> None:
    for start in (lambda: replay("a.wav", quick, **options), lambda: listen(quick, **options)):
        with pytest.raises(UsageError, match=says):
            start()


def test_a_file_that_is_none_is_told(tmp_path: Path, quick: Model) -> None:
    with pytest.raises(AudioError, match="no such file"):
        next(replay(tmp_path / "absent.wav", quick))
