"""Tables of several corpora as one, for what they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..emotions import in_order
from ..errors import FeatureError, TrainingError
from ..features.table import PER_UTTERANCE, FeatureTable


def together(tables: Sequence[FeatureTable]) -> tuple[FeatureTable, dict[str, int]]:
    """One table of several, with the emotions that all of them have.

    Args:
        tables: one or more, measured alike.

    Returns:
        The table, and how many utterances were left out by emotion.

    Raises:
        FeatureError: if they were measured otherwise.
        TrainingError: if they share fewer than two emotions.
    """
    first = tables[0]
    if len(tables) == 1:
        return first, {}
    shared = in_order(set.intersection(*(set(table.classes) for table in tables)))
    if len(shared) < 2:
        has = "; ".join(f"{table.name} has {', '.join(table.classes)}" for table in tables)
        raise TrainingError(f"two emotions or more that all have are needed ({has})")
    for table in tables[1:]:
        if table.config != first.config:
            raise FeatureError(f"{table.name} and {first.name} were not measured alike; extract both in the same way")
    kept = [table.rows(np.isin(table.emotions, shared)) for table in tables]
    dropped: dict[str, int] = {}
    for emotion in np.concatenate([table.emotions[~np.isin(table.emotions, shared)] for table in tables]).tolist():
        dropped[emotion] = dropped.get(emotion, 0) + 1
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(table, name) for table in kept]) for name in ("values", *PER_UTTERANCE)
    }
    origins = tuple(dict.fromkeys(origin for table in tables for origin in table.origins))
    failures = tuple(failure for table in tables for failure in table.failures)
    left_out: Counter[str] = Counter()
    for table in tables:
        left_out.update(table.left_out)
    return replace(first, **columns, origins=origins, failures=failures, left_out=dict(left_out)), dropped
