"""Which speakers no choice may see."""

from __future__ import annotations

import numpy as np

from ..errors import TrainingError
from ..evaluation.protocols import Indices, deal
from ..features.table import FeatureTable

PARTS = 4
"""One of so many parts of the speakers is locked away."""


def lock_away(table: FeatureTable, seed: int, parts: int = PARTS, part: int = 0) -> tuple[FeatureTable, Indices]:
    """The development rows, and which rows are the test speakers'; of those, only labels are looked at.

    Args:
        table: the recordings.
        seed: of the shuffle of the speakers.
        parts: how many the speakers are dealt into; fewer where there are fewer speakers.
        part: which of them is locked away, from 0.

    Raises:
        TrainingError: if there are fewer than three speakers, or an emotion would have too few.
    """
    speakers = set(table.speakers.tolist())
    if len(speakers) < 3:
        raise TrainingError(
            f"a search needs 3 speakers or more (2 to choose by, 1 to test on), and there are "
            f"{len(speakers)}; train one model instead"
        )
    kinds = np.char.add(np.char.add(table.emotions, "/"), table.sexes)
    where = deal(table.speakers, kinds, min(parts, len(speakers)), seed)
    development = table.rows(np.flatnonzero(where != part))
    for emotion in table.classes:
        if len(set(development.speakers[development.emotions == emotion].tolist())) < 2:
            raise TrainingError(
                f"emotion '{emotion}' is spoken by too few speakers to be learnt by some and tested on "
                "others; leave it out"
            )
    return development, np.flatnonzero(where == part)
