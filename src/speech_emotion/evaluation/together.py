"""Tables of several corpora as one, for what they have in common: to measured corpora what ``corpora.combine`` is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..corpora.combine import checked, common
from ..errors import FeatureError, TrainingError
from ..features.table import PER_UTTERANCE, FeatureTable


def together(
    tables: Sequence[FeatureTable], fold: Mapping[str, str] | None = None
) -> tuple[FeatureTable, dict[str, int]]:
    """One table of several, with the emotions that all of them have.

    Args:
        tables: one or more, measured alike.
        fold: emotions to be taken for others before that: ``{"calm": "neutral"}``.

    Returns:
        The table, whose ``left_out`` counts them too, and how many utterances were left out by emotion.

    Raises:
        FeatureError: if they were measured otherwise.
        TrainingError: if they share fewer than two emotions.
        UsageError: if ``fold`` names an emotion that none of them has, or folds one into something that is none.
    """
    fold = checked(fold or {}, [table.classes for table in tables])
    folded = [
        replace(table, emotions=np.array([fold.get(emotion, emotion) for emotion in table.emotions.tolist()]))
        for table in tables
    ]
    first = folded[0]
    if len(folded) == 1:
        return first, {}
    shared = common(table.classes for table in folded)
    if len(shared) < 2:
        has = "; ".join(f"{table.name} has {', '.join(table.classes)}" for table in folded)
        raise TrainingError(f"two emotions or more that all have are needed ({has})")
    for table in folded[1:]:
        if table.config != first.config:
            raise FeatureError(f"{table.name} and {first.name} were not measured alike; extract both in the same way")
        if list(table.copies) != list(first.copies):
            raise FeatureError(f"{table.name} and {first.name} have not the same copies; extract both in the same way")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(table, name) for table in folded]) for name in ("values", *PER_UTTERANCE)
    }
    left_out: Counter[str] = Counter()
    for table in tables:
        prefix = "" if len(table.origins) > 1 else f"{table.name}: "
        left_out.update({f"{prefix}{reason}": count for reason, count in table.left_out.items()})
    whole = replace(
        first,
        **columns,
        origins=tuple(dict.fromkeys(origin for table in tables for origin in table.origins)),
        failures=tuple(failure for table in tables for failure in table.failures),
        copies={name: np.concatenate([table.copies[name] for table in folded]) for name in first.copies},
    )
    kept = np.isin(whole.emotions, shared)
    left_out.update(
        f"{corpus}: {emotion}, not in every corpus"
        for corpus, emotion in zip(whole.corpora[~kept].tolist(), whole.emotions[~kept].tolist(), strict=True)
    )
    return replace(whole.rows(kept), left_out=dict(left_out)), dict(Counter(whole.emotions[~kept].tolist()))
