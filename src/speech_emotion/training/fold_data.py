"""The development recordings as trials read them: shared between processes, fold by fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluation.fitting import examples
from ..evaluation.protocols import Indices, splitter
from ..features.config import FeatureConfig
from ..features.table import FeatureTable
from .shared_arrays import SharedArrays, shared

FOLDS = 5
"""Of the cross-validation on development recordings; fewer where there are fewer speakers, or clips."""

MOST_GROUPS = 4
"""Of a fold's tested clips, where they are parted clip by clip: each has one or more of every emotion."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Some columns of a table.

    Attributes:
        features: their groups.
        statistics: of the frames.
        where: their positions, shape (columns,).
    """

    features: tuple[str, ...]
    statistics: tuple[str, ...]
    where: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where candidates are judged: the development recordings, in folds.

    Attributes:
        shared: ``values``, float32, shape (1 + copies, n, columns); and of each row ``labels``, ``who`` (its speaker),
            ``fold`` (that tests it) and ``group`` (of those that are scored together: its speaker or, clip by clip,
            some of the fold's), integers from 0, shape (n,).
        config: how they were measured.
        classes: how many emotions there are.
        groups: how many there are.
        folds: how many there are.
        times: rows learnt of each clip: 1 and its copies.
        seed: of the models and the intervals.
        protocol: by which the folds are made.
    """

    shared: SharedArrays
    config: FeatureConfig
    classes: int
    groups: int
    folds: int
    times: int
    seed: int
    protocol: str

    @property
    def unseen(self) -> str:
        """What a model calls its scores on the recordings that no choice saw; of known voices by their protocol."""
        return "outer" if self.protocol == "speaker" else self.protocol

    def columns(self, features: Sequence[str], statistics: Sequence[str] = ()) -> Columns:
        """The columns of some groups and statistics; without statistics all that there are."""
        return _columns(self.config, tuple(features), tuple(statistics or self.config.statistics))

    def rows(self, fold: int) -> tuple[Indices, Indices]:
        """The rows that a fold learns, and those that it tests."""
        where = self.shared["fold"]
        return np.flatnonzero(where != fold), np.flatnonzero(where == fold)

    def values(
        self, columns: Columns, fold: int, *, copies: bool = True
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The learnt rows, the copies, if they are wanted, after the clips, and the tested rows, with some columns."""
        values = self.shared["values"] if copies else self.shared["values"][:1]
        train, test = self.rows(fold)
        every = len(columns.where) == values.shape[2]
        learnt = [part[train] if every else part[np.ix_(train, columns.where)] for part in values]
        asked = values[0][test] if every else values[0][np.ix_(test, columns.where)]
        return np.concatenate(learnt), np.ascontiguousarray(asked)

    def learnt(self, name: str, fold: int) -> NDArray[Any]:
        """Labels, or who speaks, of the learnt rows: ``labels`` or ``who``."""
        return np.tile(self.shared[name][self.rows(fold)[0]], self.times)


@contextmanager
def bench_of(development: FeatureTable, folder: Path, seed: int, protocol: str = "speaker") -> Iterator[Bench]:
    """The bench of a table; its files are removed at the end.

    Args:
        development: the recordings that the choice is made on.
        folder: for the shared arrays.
        seed: of the models, the splits and the intervals.
        protocol: a name from :data:`.locked.PROTOCOLS`.

    Raises:
        TrainingError: if there is nothing to tell apart, or a value is no number below
            :data:`speech_emotion.evaluation.fitting.LARGEST`.
    """
    values, labels = examples(development)
    who = np.unique(development.speakers, return_inverse=True)[1]
    fold = np.zeros(len(values), dtype=np.intp)
    pairs = list(splitter(protocol, FOLDS, seed).split(values, development.emotions, development.speakers))
    for number, (_, test) in enumerate(pairs):
        fold[test] = number
    group = who if protocol == "speaker" else _groups(labels, fold)
    arrays = {"values": np.stack([values, *development.copies.values()])}
    arrays |= {"labels": labels, "who": who, "fold": fold, "group": group}
    with shared(folder, arrays) as files:
        yield Bench(
            shared=files,
            config=development.config,
            classes=len(development.classes),
            groups=int(group.max()) + 1,
            folds=len(pairs),
            times=1 + len(development.copies),
            seed=seed,
            protocol=protocol,
        )


def _groups(labels: NDArray[np.int64], fold: NDArray[np.intp]) -> NDArray[np.intp]:
    """Clips dealt into groups within their folds, each with every emotion that its fold has; shape (n,)."""
    group, begun = np.zeros(len(labels), dtype=np.intp), 0
    for number in range(fold.max() + 1):
        own = [np.flatnonzero((fold == number) & (labels == label)) for label in np.unique(labels[fold == number])]
        parts = min(MOST_GROUPS, *map(len, own))
        for clips in own:
            group[clips] = begun + np.arange(len(clips)) % parts
        begun += parts
    return group


@lru_cache(maxsize=512)
def _columns(config: FeatureConfig, features: tuple[str, ...], statistics: tuple[str, ...]) -> Columns:
    position = _positions(config)
    narrowed = config.narrowed(features, statistics)
    return Columns(narrowed.features, narrowed.statistics, np.array([position[name] for name in narrowed.columns]))


@lru_cache(maxsize=4)
def _positions(config: FeatureConfig) -> dict[str, int]:
    return {name: number for number, name in enumerate(config.columns)}
