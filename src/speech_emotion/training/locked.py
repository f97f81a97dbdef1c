"""Which recordings no choice may see: whole speakers or, where the voices are to be known, clips."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError, unknown
from ..evaluation.protocols import Indices, RandomSplit, deal
from ..features.table import FeatureTable

PARTS = 4
"""One of so many parts of the speakers, or of the clips, is locked away."""

PROTOCOLS = ("speaker", "random")
"""Ways to part the recordings: by speakers, or clip by clip, whoever speaks."""


def lock_away(
    table: FeatureTable, seed: int, parts: int = PARTS, part: int = 0, protocol: str = "speaker"
) -> tuple[FeatureTable, Indices]:
    """The development rows, and which rows are to test; of those, only labels are looked at.

    Args:
        table: the recordings.
        seed: of the shuffle.
        parts: how many the speakers, or the clips, are dealt into; fewer where there are fewer.
        part: which of them is locked away, from 0.
        protocol: one of :data:`PROTOCOLS`.

    Raises:
        TrainingError: if there are fewer than three speakers, or an emotion would have too few of them, or of clips.
    """
    if protocol == "random":
        return _some_clips(table, seed, parts, part)
    speakers = set(table.speakers.tolist())
    if len(speakers) < 3:
        raise TrainingError(
            f"a search needs 3 speakers or more (2 to choose by, 1 to test on), and there are "
            f"{len(speakers)}; train one model instead, or search for known voices (protocol 'random')"
        )
    kinds = np.char.add(np.char.add(table.emotions, "/"), table.sexes)
    where = deal(table.speakers, kinds, parts_of(table, parts, protocol), seed)
    development = table.rows(np.flatnonzero(where != part))
    for emotion in table.classes:
        if len(set(development.speakers[development.emotions == emotion].tolist())) < 2:
            raise TrainingError(
                f"emotion '{emotion}' is spoken by too few speakers to be learnt by some and tested on "
                "others; leave it out"
            )
    return development, np.flatnonzero(where == part)


def parts_of(table: FeatureTable, parts: int, protocol: str) -> int:
    """How many parts the recordings are dealt into.

    Args:
        table: the recordings.
        parts: how many are asked for; there are no more than speakers, or clips of the rarest emotion.
        protocol: one of :data:`PROTOCOLS`.

    Raises:
        TrainingError: if, clip by clip, an emotion would be left with fewer than two to learn from and to choose by.
    """
    if protocol == "speaker":
        return min(parts, len(set(table.speakers.tolist())))
    names, counts = np.unique(table.emotions, return_counts=True)
    found = min(parts, int(counts.min()))
    if counts.min() - math.ceil(counts.min() / found) < 2:
        raise TrainingError(
            f"emotion '{names[counts.argmin()]}' has {counts.min()} clips, too few to learn from, to choose by and to "
            "test on; leave it out, or add clips"
        )
    return found


def drawn(speakers: NDArray[Any], protocol: str) -> NDArray[Any]:
    """What is drawn together for intervals, shape (n,): speakers or, where their voices are known, single clips."""
    return speakers if protocol == "speaker" else np.arange(len(speakers))


def check_protocol(protocol: str) -> None:
    """Refuse a way to part the recordings that a search does not know.

    Raises:
        UsageError: naming those that it does.
    """
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS, owner="a search")


def _some_clips(table: FeatureTable, seed: int, parts: int, part: int) -> tuple[FeatureTable, Indices]:
    dealt = RandomSplit(parts_of(table, parts, "random"), seed)
    train, test = list(dealt.split(table.values, table.emotions))[part]
    return table.rows(train), test
