"""Splits that are given, not drawn: one group out at a time, and RAVDESS's published folds.

In scikit-learn's manner, as in :mod:`speech_emotion.evaluation.protocols`; what ``groups`` holds is what is left
out: speakers, sentences or corpora.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError

EMOBOX_ACTORS = (
    (1, 11, 20, 21),
    (4, 10, 12, 14),
    (8, 9, 19, 23),
    (3, 5, 7, 24),
    (2, 15, 16, 18),
    (6, 13, 17, 22),
)
"""RAVDESS's actors as EmoBox tests them, fold by fold (Ma et al., 2024, Interspeech)."""


@dataclass(frozen=True, slots=True)
class OneOut:
    """Each group is tested by a model that learnt from all others.

    Attributes:
        protocol: its name, for the errors.
        group: what a group is, in the singular: ``speaker``.
        nearest: the protocol that works where this one cannot.

    Example:
        >>> for train, test in OneOut("loso", "speaker").split(None, ["calm", "sad"] * 2, ["ann", "ann", "bob", "bob"]):
        ...     print(train, test)
        [2 3] [0 1]
        [0 1] [2 3]
    """

    protocol: str
    group: str
    nearest: str = "random"

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Index arrays (train, test), a fold for each group, sorted by name; ``y`` are the emotions.

        Raises:
            TrainingError: if there are fewer than two groups, one is unknown (empty), or an emotion is in one
                of them only.
        """
        self.get_n_splits(X, y, groups)
        names = np.asarray(groups)
        for name in np.unique(names):
            yield np.flatnonzero(names != name), np.flatnonzero(names == name)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many folds there will be: one for each group."""
        emotions, names = np.asarray(y), np.asarray(groups)
        there = np.unique(names)
        instead = f"protocol '{self.nearest}' works"
        unknown = int((names == "").sum())
        if unknown:
            raise TrainingError(
                f"protocol '{self.protocol}' needs to know the {self.group} of each clip, and {unknown} of "
                f"{len(names)} have none; {instead}"
            )
        if len(there) < 2:
            only = f"not {there[0]} alone" if len(there) else "not none"
            raise TrainingError(f"protocol '{self.protocol}' needs 2 {_plural(self.group)} or more, {only}; {instead}")
        for emotion in np.unique(emotions):
            those = np.unique(names[emotions == emotion])
            if len(those) < 2:
                raise TrainingError(
                    f"emotion '{emotion}' is in {self.group} '{those[0]}' only, so protocol '{self.protocol}' cannot "
                    f"both learn and test it; leave it out (--emotions), or use protocol '{self.nearest}'"
                )
        return len(there)


@dataclass(frozen=True, slots=True)
class EmoboxSplit:
    """The six folds of new speakers that EmoBox publishes for RAVDESS, so that scores can be set beside its table.

    ``groups`` are the speakers: ``ravdess/01`` to ``ravdess/24``.
    """

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Index arrays (train, test), fold by fold.

        Raises:
            TrainingError: if the speakers are not RAVDESS's twenty-four.
        """
        self.get_n_splits(X, y, groups)
        speakers = np.asarray(groups)
        for actors in EMOBOX_ACTORS:
            tested = np.isin(speakers, [_speaker(actor) for actor in actors])
            yield np.flatnonzero(~tested), np.flatnonzero(tested)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Six."""
        if groups is not None:
            there = set(np.unique(np.asarray(groups)).tolist())
            wanted = {_speaker(actor) for actors in EMOBOX_ACTORS for actor in actors}
            for what, names in (("has no", wanted - there), ("has", there - wanted)):
                if names:
                    listed = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
                    raise TrainingError(
                        f"protocol 'emobox' is for RAVDESS's 24 actors, and the table {what} {listed}; "
                        "protocol 'speaker' works for any speakers"
                    )
        return len(EMOBOX_ACTORS)


def _speaker(actor: int) -> str:
    return f"ravdess/{actor:02d}"


def _plural(group: str) -> str:
    return "corpora" if group == "corpus" else f"{group}s"
