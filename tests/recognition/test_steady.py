from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.recognition.steady import Settled, Smoothed

SURE, UNSURE = np.array([0.9, 0.1]), np.array([0.2, 0.8])


def test_after_one_time_constant_the_distance_has_fallen_to_a_third() -> None:
    smoothed = Smoothed(seconds=2.0)
    smoothed.hear(SURE, at=1.0)
    found = smoothed.hear(UNSURE, at=3.0)
    before, after, now = (np.log(row[0] / row[1]) for row in (SURE, UNSURE, found))
    assert (now - after) / (before - after) == pytest.approx(np.exp(-1))
    assert found.sum() == pytest.approx(1)


def test_after_a_long_pause_the_past_is_forgotten() -> None:
    smoothed = Smoothed(seconds=1.0)
    smoothed.hear(SURE, at=0.0)
    assert smoothed.hear(UNSURE, at=60.0) == pytest.approx(UNSURE)


def test_a_probability_of_zero_is_not_for_ever() -> None:
    smoothed = Smoothed(seconds=1.0)
    smoothed.hear(np.array([1.0, 0.0]), at=0.0)
    assert np.isfinite(smoothed.hear(UNSURE, at=0.5)).all()


@pytest.mark.parametrize(
    ("answers", "changes"),
    [
        ("a", ""),
        ("aa", "a"),
        ("aabb", "ab"),
        ("aab.b", "a"),
        ("aa..aa", "a"),
        ("ababab", ""),
        ("aabaabaa", "a"),
        ("aabbaa", "aba"),
    ],
)
def test_two_in_a_row_settle_and_a_gap_takes_nothing_back(answers: str, changes: str) -> None:
    settled = Settled()
    found = ""
    for answer in answers:
        if settled.hear(None if answer == "." else answer):
            found += settled.emotion or "?"
    assert found == changes
