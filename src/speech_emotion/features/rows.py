"""The values of a sharded table as a matrix that is read as it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .shards import ShardedTable


class Rows:
    """Rows of a sharded table, of which one shard at a time is in memory.

    The first ``len(table)`` rows are the utterances, in the corpus's order; after them come those of the first copy,
    and so on.

    Args:
        table: where they are.
        which: which rows these are, in any order; None is the utterances.
    """

    def __init__(self, table: ShardedTable, which: NDArray[np.intp] | None = None) -> None:
        self.table = table
        self.which = np.arange(len(table)) if which is None else which

    def __len__(self) -> int:
        return len(self.which)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.which), self.table.config.size

    def __getitem__(self, rows: Any) -> Rows:
        """Some of these rows: indices, or a boolean mask."""
        return Rows(self.table, self.which[rows])

    def with_copies(self) -> Rows:
        """These rows, which must be utterances, and after them those of each copy."""
        size = len(self.table)
        return Rows(
            self.table, np.concatenate([self.which + size * copy for copy in range(1 + len(self.table.copies))])
        )

    def blocks(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
        """All of it, piece by piece.

        Yields:
            Positions, from 0, among these rows, shape (m,), and their values, shape (m, columns).
        """
        order = np.argsort(self.which, kind="stable")
        ordered, size = self.which[order], len(self.table)
        begin = 0
        for shard in self.table:
            for copy, values in enumerate((shard.values, *(shard.copies[name] for name in self.table.copies))):
                first = size * copy + begin
                low, high = np.searchsorted(ordered, (first, first + len(shard)))
                if low < high:
                    yield order[low:high], values[ordered[low:high] - first]
            begin += len(shard)
