"""Statistics over frames against numpy's and scipy's."""

from __future__ import annotations

import numpy as np
from scipy import stats

from speech_emotion.features.statistics import summarise

FRAMES = np.random.default_rng(0).standard_normal((37, 3)).astype(np.float32)


def test_statistics_follow_one_another_each_with_all_bands() -> None:
    found = summarise(FRAMES, ["mean", "std", "p10"], 0.032)
    wanted = np.concatenate([FRAMES.mean(axis=0), FRAMES.std(axis=0), np.percentile(FRAMES, 10, axis=0)])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_slope_is_that_of_a_regression_over_seconds() -> None:
    times = 0.032 * np.arange(37)
    wanted = [stats.linregress(times, FRAMES[:, band]).slope for band in range(3)]
    np.testing.assert_allclose(summarise(FRAMES, ["slope"], 0.032), wanted, rtol=1e-4)


def test_frames_without_a_value_are_passed_over() -> None:
    track = np.array([[np.nan], [100.0], [np.nan], [300.0]], dtype=np.float32)
    assert summarise(track, ["mean", "slope"], 0.5).tolist() == [200.0, 200.0]


def test_a_track_without_any_value_is_zero() -> None:
    assert summarise(np.full((4, 1), np.nan, dtype=np.float32), ["mean", "std"], 0.5).tolist() == [0.0, 0.0]


def test_one_frame_has_no_slope() -> None:
    assert summarise(np.ones((1, 2), dtype=np.float32), ["slope"], 0.5).tolist() == [0.0, 0.0]


def test_delta_is_the_spread_of_what_changes_from_frame_to_frame() -> None:
    wanted = np.std(FRAMES[1:].astype(np.float64) - FRAMES[:-1], axis=0)
    np.testing.assert_allclose(summarise(FRAMES, ["delta"], 0.032), wanted, rtol=1e-4)
    assert summarise(np.ones((1, 2), dtype=np.float32), ["delta"], 0.5).tolist() == [0.0, 0.0]


def test_delta_is_not_of_frames_with_others_between_them() -> None:
    track = np.array([[100.0], [101.0], [np.nan], [300.0], [303.0]], dtype=np.float32)
    assert summarise(track, ["delta"], 0.5).tolist() == [1.0]
    assert summarise(track[1:4], ["delta"], 0.5).tolist() == [0.0]
