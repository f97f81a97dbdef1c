"""Sound in pieces, to mono at one rate."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_emotion.audio.mono import ToMono, samples
from speech_emotion.errors import UsageError


@settings(max_examples=30)
@given(
    rate=st.sampled_from([8_000, 11_025, 16_000, 44_100, 48_000, 96_000]),
    count=st.integers(0, 30_000),
    data=st.data(),
)
def test_where_pieces_end_makes_no_difference_to_soxr_at_once(rate: int, count: int, data: st.DataObject) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (count, 2)).astype(np.float32)
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=40)))
    mixer = ToMono(rate)
    found = np.concatenate([*[mixer.take(piece) for piece in np.split(sound, cuts)], mixer.rest()])
    at_once = soxr.resample(sound.mean(axis=1), rate, 16_000, quality="HQ") if count else np.empty(0)
    assert len(found) == len(at_once)
    np.testing.assert_allclose(found, at_once, atol=1e-6)


@pytest.mark.parametrize("rate", [999, 768_001, -1])
def test_a_rate_that_no_sound_has_is_refused(rate: int) -> None:
    with pytest.raises(UsageError, match="out of range; valid: 1000 to 768000 Hz"):
        ToMono(rate)


def test_integers_and_floats_are_the_same_sound() -> None:
    integers = np.array([[0, 16384], [-32768, 32767]], dtype=np.int16)
    floats = integers / 32768
    expected = floats.astype(np.float32)
    for chunk in (integers, floats, expected, integers.tobytes(), bytearray(integers.tobytes())):
        np.testing.assert_array_equal(samples(chunk, channels=2), expected)
    np.testing.assert_array_equal(samples(expected.tobytes(), 2, "float32"), expected)
    np.testing.assert_array_equal(samples(integers[:, 0]), expected[:, :1])
