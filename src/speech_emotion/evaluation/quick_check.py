"""The part of a check that needs no recordings: what a feature table alone gives away.

``speech-emotion corpus check`` looks at the recordings themselves, and sees more.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath

import numpy as np

from ..corpora.listing import UNKNOWN_SPEAKER
from ..corpora.utterance import Utterance
from ..features.table import FeatureTable
from .labels import contradiction
from .nuisance import score


def quick_warnings(table: FeatureTable, *, seed: int = 0, workers: int | None = 1) -> tuple[str, ...]:
    """What a reader of scores on a table should know.

    Args:
        table: the recordings' features.
        seed: of the small model that knows only how long each recording is.
        workers: processes for it; the warnings are the same with any number.

    Returns:
        Warnings, a line each: recordings with equal features, which are there more than once, and whether under two
        labels or speakers; file names that say another emotion; speakers unknown; lengths that tell the emotion.
    """
    return tuple(
        line
        for line in (_twice(table), _named(table), _unknown(table), length_warning(table, seed=seed, workers=workers))
        if line
    )


def _twice(table: FeatureTable) -> str:
    groups: dict[bytes, list[int]] = defaultdict(list)
    for row, values in enumerate(np.ascontiguousarray(table.values)):
        if values.any():  # silent recordings are all alike
            groups[values.tobytes()].append(row)
    repeated = [group for group in groups.values() if len(group) > 1]
    if not repeated:
        return ""
    extra = sum(len(group) - 1 for group in repeated)
    text = f"{extra} of {len(table)} recordings {'is' if extra == 1 else 'are'} there more than once, by their features"
    for column, what in (("emotions", "labels"), ("speakers", "speakers"), ("corpora", "corpora")):
        differ = sum(len(set(getattr(table, column)[group].tolist())) > 1 for group in repeated)
        text += f", {differ} of them under different {what}" if differ else ""
    first, second = (_name(table.paths[row]) for row in repeated[0][:2])
    return f"{text}; the first: {first} and {second}"


def _named(table: FeatureTable) -> str:
    rows = zip(
        *(column.tolist() for column in (table.paths, table.emotions, table.speakers, table.corpora)), strict=True
    )
    found = [(row[0], against) for row in rows if (against := contradiction(Utterance(*row))) and against.unsafe]
    if not found:
        return ""
    path, first = found[0]
    wrong = f"{len(found)} of {len(table)} recordings are named as another emotion than labelled"
    return f"{wrong}; the first: {_name(path)}, {first.text}"


def _name(path: str) -> str:
    """The file's own: warnings stand on pages that are sent around, where folders are nobody's business."""
    return PurePath(path.replace("\\", "/")).name


def _unknown(table: FeatureTable) -> str:
    count = int(np.char.endswith(table.speakers, f"/{UNKNOWN_SPEAKER}").sum()) if len(table) else 0
    if not count:
        return ""
    return f"nobody knows who speaks {count} of {len(table)} recordings, so the same voice may be on both sides"


def length_warning(table: FeatureTable, *, seed: int = 0, workers: int | None = 1) -> str:
    """That the lengths of the recordings tell their emotions; empty where they do not."""
    found = score(
        {"seconds": table.durations.astype(np.float64)}, table.emotions, table.speakers, seed=seed, workers=workers
    )
    if found is None or not found.telling:
        return ""
    return (
        f"the length of a recording alone tells of the emotion: UAR {found.scores['seconds']}, "
        f"chance {100 * found.chance:.1f} %"
    )
