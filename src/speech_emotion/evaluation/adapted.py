"""How right a model is once it has adapted to who it hears, without being told any emotion.

Each tested clip is answered as if other tested clips of the same speaker, or of the whole test, had been heard before;
their emotions are not looked at. That is another task than hearing one clip of a stranger, so the scores stand beside
those without it, never in their place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError, UsageError
from ..models.adaptation import Adaptation
from .fitting import Answer

ALL = "all"
SESSION = "session"

Adapt = int | str | Sequence[int | str]
"""What to adapt to: so many other clips of the speaker, ``all`` others, or the ``session``; or several of these."""


def asked(adapt: Adapt) -> tuple[str, ...]:
    """The adaptations to report, by name, each once.

    Raises:
        UsageError: if one is no whole number above 0, ``all`` or ``session``.

    Example:
        >>> asked([10, "all", "10"])
        ('10', 'all')
    """
    names = [str(each).strip() for each in ([adapt] if isinstance(adapt, (int, str)) else adapt)]
    for name in names:
        if name not in (ALL, SESSION) and not (name.isdecimal() and int(name) > 0):
            raise UsageError(f"a model adapts to a number of clips from 1, to 'all' or to the 'session', not '{name}'")
    return tuple(dict.fromkeys(str(int(name)) if name.isdecimal() else name for name in names))


def in_words(name: str) -> str:
    """An adaptation as people read it.

    Example:
        >>> in_words("10"), in_words("all"), in_words("session")
        ('after 10 other clips of the speaker', 'after all other clips of the speaker', 'after all other clips tested')
    """
    if name == SESSION:
        return "after all other clips tested"
    count = "all other clips" if name == ALL else "1 other clip" if name == "1" else f"{name} other clips"
    return f"after {count} of the speaker"


def adapted(found: Answer, speakers: NDArray[np.str_], rows: NDArray[np.intp], name: str, seed: int) -> Answer:
    """The answers to one fold, adapted.

    Args:
        found: what the model said without.
        speakers: who spoke each tested row, shape (test,).
        rows: the place of each in the table, which seeds what is drawn for it, shape (test,).
        name: from :func:`asked`.
        seed: of the draws.

    Raises:
        TrainingError: if the model does not know what its answers are on average.
    """
    if not found.centre:
        raise TrainingError(
            "a model adapts from what it says on average, which calibration finds: on two speakers or more that "
            "have all emotions, and not with --no-calibrate"
        )
    before = found.probabilities
    after = np.empty_like(before)
    for own in [np.arange(len(rows))] if name == SESSION else [np.flatnonzero(speakers == s) for s in set(speakers)]:
        if name in (ALL, SESSION):
            after[own] = Adaptation(found.centre).adapted_together(before[own])
            continue
        for row in own:
            others = own[own != row]
            draw = np.random.default_rng([seed, int(rows[row])])
            voice = Adaptation(found.centre)
            voice.hear(before[draw.choice(others, min(int(name), len(others)), replace=False)])
            after[row] = voice.adapted(before[row][None])[0]
    return Answer(after, found.sure_above, found.centre)


def too_few(speakers: NDArray[np.str_], name: str) -> str:
    """The line for a report where speakers have fewer other clips than are asked for; empty where none has."""
    if not name.isdecimal():
        return ""
    counts = np.unique(speakers, return_counts=True)[1] - 1
    fewer = int((counts < int(name)).sum())
    return (
        f"{fewer} of {len(counts)} speakers have fewer than {name} other clips: all of theirs were heard"
        if fewer
        else ""
    )
