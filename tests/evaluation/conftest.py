"""Scores that are there already, for what shows them."""

from __future__ import annotations

import numpy as np
import pytest

from speech_emotion.evaluation.evaluate import Report, report

EMOTIONS = ("calm", "happy", "sad")


@pytest.fixture
def scored() -> Report:
    """Of three emotions and five speakers, of whom ``s/0`` is the worst understood, with a threshold."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 20)
    who = np.arange(60) % 5
    probabilities = rng.dirichlet(np.ones(3), 60) + (0.6 * (who > 0))[:, None] * np.eye(3)[truth]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return report(
        probabilities,
        truth,
        np.array([f"s/{one}" for one in who]),
        EMOTIONS,
        protocol="speaker",
        folds=5,
        seed=0,
        sure=probabilities.max(axis=1) > 0.5,
        aspects={
            "sex": np.array(["female", "male", "female", "male", ""])[who],
            "corpus": np.full(60, "s"),
            "intensity": np.where(np.arange(60) % 2, "strong", "normal"),
        },
    )
