"""Which clips are heard under worse conditions, where they are, and who talks beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..corpora.utterance import Corpus
from ..features.config import FeatureConfig
from ..features.extract import extract
from ..features.table import FeatureTable
from .conditions import VOICES, Stretch


def measured(
    recordings: Corpus | FeatureTable, config: FeatureConfig | None, workers: int | str | None
) -> tuple[FeatureTable, list[Stretch]]:
    """The table, and where the recording of each of its rows is."""
    if isinstance(recordings, FeatureTable):
        return recordings, [Stretch(path) for path in recordings.paths.tolist()]
    table = extract(recordings, config=config or FeatureConfig(), workers=workers)
    failed = {failure.path for failure in table.failures}
    places = [Stretch(u.path, u.start, u.end) for u in recordings.utterances if u.path not in failed]
    return table.rows(~np.isin(table.paths, list(failed))), places


def choose(table: FeatureTable, clips: int | None, seed: int = 0) -> NDArray[np.intp]:
    """Some of a table's rows, as even over speakers, and over their emotions, as can be.

    Args:
        table: the recordings.
        clips: how many; None, or more than there are, is all.
        seed: of the choice.

    Returns:
        Positions in the table, rising.
    """
    if clips is None or clips >= len(table):
        return np.arange(len(table))
    rng = np.random.default_rng([seed, 1])
    speakers, who = np.unique(table.speakers, return_inverse=True)
    emotions, which = np.unique(table.emotions, return_inverse=True)
    rank = rng.permutation(len(speakers))[who]
    take = np.zeros(len(table), dtype=np.intp)  # the how-manieth of its speaker and emotion a clip is
    for group in np.unique(who * len(emotions) + which):
        those = np.flatnonzero(who * len(emotions) + which == group)
        take[those] = rng.permutation(len(those))
    # Each round through the speakers takes another emotion of each, and all emotions alike.
    order = np.lexsort((rank, (which - rank) % len(emotions), take))
    return np.sort(order[:clips])


def voices(table: FeatureTable, rows: NDArray[np.intp], seed: int) -> tuple[list[list[int]], bool]:
    """For each row some of other speakers, one of each as far as they go; and whether there are no others."""
    by_name = {name: np.flatnonzero(table.speakers == name) for name in np.unique(table.speakers).tolist()}
    chosen, alone = [], len(by_name) < 2
    for row in rows.tolist():
        own = str(table.speakers[row])
        others = sorted(set(by_name) - {own}) or [own]
        words = Stretch(str(table.paths[row])).name.encode(errors="surrogateescape")
        rng = np.random.default_rng([seed, 2, *words])
        order = rng.permutation(len(others))
        talkers = [others[order[number % len(others)]] for number in range(VOICES)]
        picked = [int(rng.choice(by_name[name])) for name in talkers]
        chosen.append([other for other in picked if other != row])
    return chosen, alone
