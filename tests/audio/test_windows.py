from __future__ import annotations

import io
import itertools
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speech_emotion.audio.read import read
from speech_emotion.audio.windows import slide, windows
from speech_emotion.errors import AudioError, UsageError


def recording(seconds: float, rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    samples = np.random.default_rng(0).uniform(-1, 1, round(seconds * rate))
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.02, [(0, 0.02)]),
        (2.9, [(0, 2.9)]),
        (3.0, [(0, 3)]),
        (3.5, [(0, 3), (0.5, 3.5)]),
        (5.0, [(0, 3), (1, 4), (2, 5)]),
        (5.25, [(0, 3), (1, 4), (2, 5), (2.25, 5.25)]),
    ],
)
def test_windows_begin_every_second_and_the_last_ends_with_the_file(
    seconds: float, expected: list[tuple[float, float]]
) -> None:
    assert [(window.start, window.end) for window in windows(recording(seconds))] == expected


def test_a_window_holds_what_the_file_has_there() -> None:
    content = recording(10.3, rate=44_100)
    whole = read(content).samples
    for window in windows(content, window=2.0, hop=0.7):
        first, last = round(window.start * 16_000), round(window.end * 16_000)
        np.testing.assert_array_equal(window.waveform.samples, whole[first:last])
        assert window.waveform.duration == pytest.approx(window.end - window.start)


@given(
    lengths=st.lists(st.integers(0, 40), max_size=12),
    width=st.integers(1, 30),
    step=st.integers(1, 30),
)
def test_windows_cover_the_sound_however_it_arrives(lengths: list[int], width: int, step: int) -> None:
    step = min(step, width)
    sound = np.arange(sum(lengths), dtype=np.float32)
    pieces = np.split(sound, np.cumsum(lengths)[:-1]) if lengths else []
    found = list(slide(pieces, width, step, rate=1))
    at_once = list(slide([sound], width, step, rate=1))
    assert [(w.start, w.end) for w in found] == [(w.start, w.end) for w in at_once]
    for window in found:
        np.testing.assert_array_equal(window.waveform.samples, sound[int(window.start) : int(window.end)])
    assert set(np.concatenate([w.waveform.samples for w in found]) if found else ()) == set(sound)
    assert all(w.end - w.start == min(width, len(sound)) for w in found)
    starts = [w.start for w in found]
    assert starts[:-1] == [i * step for i in range(len(starts) - 1)]
    assert all(0 < after - before <= step for before, after in itertools.pairwise(starts))


def test_a_window_is_given_as_soon_as_it_is_complete() -> None:
    taken = []

    def pieces():  # type: ignore[no-untyped-def]
        for second in range(100):
            taken.append(second)
            yield np.zeros(1, np.float32)

    next(slide(pieces(), window=3, hop=1, rate=1))
    assert taken == [0, 1, 2]


def test_an_hour_is_windowed_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "hour.flac"
    soundfile.write(path, np.zeros(3600 * 16_000, np.int16), 16_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in windows(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 3598
    assert peak < 40e6


@pytest.mark.parametrize(("window", "hop"), [(3.0, 0.0), (3.0, -1.0), (1.0, 2.0), (0.0, 0.0)])
def test_windows_that_would_leave_gaps_or_never_end_are_refused(window: float, hop: float) -> None:
    with pytest.raises(UsageError, match="hop <= window"):
        windows(recording(1.0), window, hop)


def test_a_file_without_sound_is_refused() -> None:
    with pytest.raises(AudioError, match="holds no sound"):
        next(windows(recording(0)))


@pytest.mark.parametrize("window", [float("nan"), float("inf"), 1e308, -1.0, 0.0])
def test_a_window_that_is_no_length_is_refused(window: float) -> None:
    for bad in ({"window": window, "hop": 0.5}, {"window": 3.0, "hop": window}):
        with pytest.raises(UsageError, match="not possible"):
            slide([], **bad)
