"""Which candidate is taken: the best, or a family at its usual settings, where the best is not clearly better.

The highest of many scores is partly luck; settings that were there before the search have none. So they stay unless
the best is ahead of them by more than one standard error of the difference, over speakers: the one-standard-error rule
(Breiman, Friedman, Olshen & Stone, 1984, Classification and Regression Trees, 3.4.3), by pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

ROUNDING = 1 + 1e-9
"""Of a candidate that is ahead for one speaker alone the mean is the standard error: rounding shall not decide."""


def first_choice(scores: Sequence[float], uars: Sequence[ArrayLike], usual: Sequence[bool]) -> int:
    """The place of the candidate to take.

    Args:
        scores: the UAR of each, among all development recordings.
        uars: of each the UAR of each speaker, or group of clips, shape (groups,).
        usual: whether each is a family at its usual settings.

    Example:
        >>> speakers = [[0.5, 0.7, 0.6], [0.6, 0.6, 0.7], [0.1, 0.3, 0.2]]
        >>> first_choice([0.6, 0.63, 0.2], speakers, [True, False, True])
        0
    """
    best = int(np.argmax(scores))
    known = [place for place, each in enumerate(usual) if each]
    if not known:
        return best
    settled = max(known, key=lambda place: scores[place])
    ahead, error = lead(uars[best], uars[settled])
    return settled if ahead <= ROUNDING * error else best


def lead(uars: ArrayLike, others: ArrayLike) -> tuple[float, float]:
    """By how much a candidate is ahead of another, and the standard error of that; 0 where one speaker tells none.

    Args:
        uars: of each speaker, or group of clips, shape (groups,).
        others: the same of the other candidate.

    Example:
        >>> lead([0.5, 0.7], [0.25, 0.7])
        (0.125, 0.125)
    """
    ahead = np.subtract(uars, others)
    error = ahead.std(ddof=1) / np.sqrt(len(ahead)) if len(ahead) > 1 else 0.0
    return float(ahead.mean()), float(error)
