"""What one prediction costs, counted and not timed.

Multiplications that hearing three seconds of sound once takes: of the features, and of the classifier. A count is the
same on every machine and in every run, which a time is not, so a search can choose by it and still give the same
result twice. What a model takes in milliseconds is measured once it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

FRAMES = 94
"""Of spectral features in three seconds, a hop of 512 at 16 kHz."""

SPECTRUM = 11 * 2048
"""A fast Fourier transform of 2048 samples."""

MEL = 128 * 1025
CHROMA = 12 * 1025

STATES = 150
"""Of an encoder in three seconds."""


def _encoder(layers: int, width: int) -> int:
    """A Whisper encoder: two convolutions, and layers of attention and a feed-forward network."""
    convolutions = 2 * STATES * 80 * 3 * width + STATES * 3 * width**2
    return convolutions + layers * (STATES * 12 * width**2 + 2 * STATES**2 * width)


GROUPS = {
    "mel": FRAMES * (SPECTRUM + MEL),
    "chroma": FRAMES * (SPECTRUM + CHROMA),
    "mfcc": FRAMES * (SPECTRUM + MEL + 128 * 40),
    "zcr": FRAMES * 2048,
    "rms": FRAMES * 2048,
    "f0": FRAMES * 4 * SPECTRUM,
    "tone": _encoder(4, 384),
    "tone-large": _encoder(6, 512),
    "egemaps": 10 * FRAMES * (SPECTRUM + MEL),
    "compare": 20 * FRAMES * (SPECTRUM + MEL),
}
"""Multiplications that each feature group takes; of openSMILE's, which are not counted, an estimate."""


def features(groups: Sequence[str]) -> int:
    """Multiplications that feature groups take; mel bands that MFCC needs too are counted once.

    Example:
        >>> features(["mel", "mfcc"]) - features(["mfcc"])
        0
    """
    shared = GROUPS["mel"] if "mel" in groups and "mfcc" in groups else 0
    return sum(GROUPS[group] for group in groups) - shared
