"""Who is tested on what.

Splits in scikit-learn's manner: ``split(X, y, groups)`` yields index arrays (train, test), ``groups`` being
the speakers (for ``sentence`` and ``corpus`` the sentences and the corpora), so they also serve as ``cv=`` in
:mod:`sklearn.model_selection`. Every utterance is tested exactly once.

Where there are fewer speakers, or fewer clips of an emotion, than folds were asked for, there are fewer
folds; ``loso``, ``sentence``, ``emobox`` and ``corpus`` have as many as the table has groups, whatever was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..corpora.listing import UNKNOWN_SPEAKER
from ..errors import TrainingError, UsageError, unknown
from ..features.table import FeatureTable
from .held_out import EmoboxSplit, OneOut

Indices = NDArray[np.intp]


class Splitter(Protocol):
    """What scikit-learn asks of an object given as ``cv=``."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Indices, Indices]]:
        """Index arrays (train, test), fold by fold."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many folds there will be."""


@dataclass(frozen=True, slots=True)
class RandomSplit:
    """Clips shuffled, whoever spoke them; each fold has every emotion in the same proportion.

    The habit of the field, and far too kind: the model has already heard every voice that it is tested on. To
    be shown only beside :class:`SpeakerSplit`.

    Attributes:
        folds: how many, from 2.
        seed: of the shuffle.
    """

    folds: int = 5
    seed: int = 0

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Indices, Indices]]:
        """Index arrays (train, test), fold by fold; ``y`` are the emotions.

        Raises:
            TrainingError: if an emotion has one clip only.
        """
        folds = self.get_n_splits(X, y, groups)
        emotions = np.asarray(y)
        rng = np.random.default_rng(self.seed)
        by_emotion = [rng.permutation(np.flatnonzero(emotions == emotion)) for emotion in np.unique(emotions)]
        where = np.zeros(len(emotions), dtype=np.intp)
        where[np.concatenate(by_emotion)] = np.arange(len(emotions)) % folds
        yield from _pairs(where, folds)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many folds there will be: as asked, or one a clip of the rarest emotion."""
        _check_folds(self.folds)
        if y is None:
            return self.folds
        emotions, counts = np.unique(y, return_counts=True)
        rarest = int(np.argmin(counts))
        if counts[rarest] < 2:
            raise TrainingError(
                f"emotion '{emotions[rarest]}' has one clip only, so it cannot be both learnt and tested; "
                "add clips, or name the emotions to take without it (--emotions)"
            )
        return min(self.folds, int(counts[rarest]))


@dataclass(frozen=True, slots=True)
class SpeakerSplit:
    """New voices: no speaker is on both sides. Folds are alike in size and in emotions.

    Attributes:
        folds: how many, from 2.
        seed: of the shuffle of the speakers.

    Example:
        >>> speakers = ["ann", "ann", "bob", "bob", "eve", "eve"]
        >>> for _, test in SpeakerSplit(folds=3).split(None, ["calm", "sad"] * 3, speakers):
        ...     print({speakers[row] for row in test})
        {'eve'}
        {'ann'}
        {'bob'}
    """

    folds: int = 5
    seed: int = 0

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Indices, Indices]]:
        """Index arrays (train, test), fold by fold; ``y`` are the emotions, ``groups`` the speakers.

        Raises:
            TrainingError: if there are fewer than two speakers, or an emotion is spoken by one of them only.
        """
        folds = self.get_n_splits(X, y, groups)
        yield from _pairs(deal(groups, y, folds, self.seed), folds)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many folds there will be: as asked, or one a speaker."""
        _check_folds(self.folds)
        if groups is None:
            return self.folds
        emotions, voices = np.asarray(y), np.asarray(groups)
        refuse_unknown(voices)
        speakers = np.unique(voices)
        if len(speakers) < 2:
            raise TrainingError(
                f"protocol 'speaker' needs 2 speakers or more, not {', '.join(speakers) or 'none'} alone; "
                "protocol 'random' works, but says nothing of new voices"
            )
        for emotion in np.unique(emotions):
            those = np.unique(voices[emotions == emotion])
            if len(those) < 2:
                raise TrainingError(
                    f"emotion '{emotion}' is spoken by {those[0]} only, so protocol 'speaker' cannot both "
                    "learn and test it; leave it out, or use protocol 'random'"
                )
        return min(self.folds, len(speakers))


PROTOCOLS: Mapping[str, Callable[[int, int], Splitter]] = {
    "random": RandomSplit,
    "speaker": SpeakerSplit,
    "loso": lambda folds, seed: OneOut("loso", "speaker", nearest="random"),
    "sentence": lambda folds, seed: OneOut("sentence", "sentence", nearest="speaker"),
    "emobox": lambda folds, seed: EmoboxSplit(),
    "corpus": lambda folds, seed: OneOut("corpus", "corpus", nearest="speaker"),
}
"""Every way to split, by name: made from how many folds and the seed."""

GROUPS: Mapping[str, str] = {"sentence": "sentences", "corpus": "corpora"}
"""The column of a table that a protocol groups by, where it is not ``speakers``."""


def folds_of(protocol: str, table: FeatureTable, folds: int = 5, seed: int = 0) -> list[tuple[Indices, Indices]]:
    """A table's rows, split by a protocol.

    Args:
        protocol: a name from :data:`PROTOCOLS`.
        table: the recordings.
        folds: how many, from 2; only ``random`` and ``speaker`` heed it.
        seed: of the shuffle.

    Returns:
        Index arrays (train, test), fold by fold.

    Raises:
        UsageError: if there is no such protocol, or ``folds`` is less than 2.
        TrainingError: if the table cannot be split so, or a fold would test an emotion that it has not learnt; the
            message names the nearest protocol that works.
    """
    groups = getattr(table, GROUPS.get(protocol, "speakers"))
    pairs = list(splitter(protocol, folds, seed).split(table.values, table.emotions, groups))
    for train, test in pairs:
        unlearnt = sorted(set(table.emotions[test].tolist()) - set(table.emotions[train].tolist()))
        if unlearnt:
            raise TrainingError(
                f"protocol '{protocol}' leaves a fold with no '{unlearnt[0]}' to learn from; leave that emotion out "
                f"(--emotions), ask for more folds, or use protocol '{'loso' if protocol == 'speaker' else 'random'}'"
            )
    return pairs


def splitter(protocol: str, folds: int = 5, seed: int = 0) -> Splitter:
    """The splitter of a protocol.

    Args:
        protocol: a name from :data:`PROTOCOLS`.
        folds: how many, from 2.
        seed: of the shuffle.

    Raises:
        UsageError: if there is no such protocol, or ``folds`` is less than 2.

    Example:
        >>> splitter("speaker", folds=4)
        SpeakerSplit(folds=4, seed=0)
    """
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    _check_folds(folds)
    return PROTOCOLS[protocol](folds, seed)


def refuse_unknown(speakers: ArrayLike) -> None:
    """Raise where some speakers are known and others are not: the unknown ones may be the known ones.

    Raises:
        TrainingError: saying how many utterances have no known speaker.
    """
    voices = np.asarray(speakers)
    unknown_ones = np.char.endswith(voices, f"/{UNKNOWN_SPEAKER}") if len(voices) else np.zeros(0, dtype=bool)
    if unknown_ones.any() and len(np.unique(voices)) > 1:
        raise TrainingError(
            f"nobody knows who speaks {int(unknown_ones.sum())} of the {len(voices)} utterances, so they cannot be "
            "kept apart from the known speakers; name their speakers, or leave them out"
        )


def deal(speakers: ArrayLike, labels: ArrayLike, parts: int, seed: int = 0) -> Indices:
    """Deal whole speakers into parts that are alike in size and in labels.

    The speakers are shuffled, then dealt from the one with the most utterances to the one with the fewest,
    each to the part that shares the least with it: that has the fewest utterances of its labels, rare labels
    counting as much as frequent ones.

    Args:
        speakers: shape (n,).
        labels: what to balance, shape (n,).
        parts: how many, at most as many as there are speakers; none is left empty.
        seed: of the shuffle.

    Returns:
        The part of each utterance, from 0, shape (n,).
    """
    names, who = np.unique(np.asarray(speakers), return_inverse=True)
    kinds, which = np.unique(np.asarray(labels), return_inverse=True)
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, (who, which), 1)
    weighed = counts / counts.sum(axis=0)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    held = np.zeros((parts, len(kinds)))
    part_of = np.zeros(len(names), dtype=np.intp)
    for one in order:
        # Rounded, so that equal parts are equal in whatever order they were added up.
        shared = np.round(held @ weighed[one], 9)
        chosen = np.lexsort((held.sum(axis=1).round(9), shared))[0]
        part_of[one] = chosen
        held[chosen] += weighed[one]
    return part_of[who]


def _pairs(where: Indices, folds: int) -> Iterator[tuple[Indices, Indices]]:
    for fold in range(folds):
        yield np.flatnonzero(where != fold), np.flatnonzero(where == fold)


def _check_folds(folds: int) -> None:
    if folds < 2:
        raise UsageError(f"folds must be 2 or more, not {folds}")
