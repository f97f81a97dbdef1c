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


def _layers(count: int, states: int, width: int) -> int:
    """An encoder's layers of attention and a feed-forward network, over so many states in three seconds."""
    return count * (states * 12 * width**2 + 2 * states**2 * width)


def _whisper(layers: int, width: int) -> int:
    """Two convolutions over log-mel, and layers."""
    return 2 * 150 * 80 * 3 * width + 150 * 3 * width**2 + _layers(layers, 150, width)


def _moonshine(layers: int, width: int) -> int:
    """Three convolutions over the sound, layers, and the attention of one more."""
    convolutions = 750 * 127 * width + 250 * 7 * 2 * width**2 + 125 * 3 * 2 * width**2
    return convolutions + _layers(layers, 125, width) + 125 * 4 * width**2 + 2 * 125**2 * width


GROUPS = {
    "mel": FRAMES * (SPECTRUM + MEL),
    "chroma": FRAMES * (SPECTRUM + CHROMA),
    "mfcc": FRAMES * (SPECTRUM + MEL + 128 * 40),
    "zcr": FRAMES * 2048,
    "rms": FRAMES * 2048,
    "f0": FRAMES * 4 * SPECTRUM,
    "tone": _moonshine(3, 416),
    "tone-large": _moonshine(3, 416) + _whisper(4, 512),
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
