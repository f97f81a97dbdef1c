"""Things to be sent to another process, their large arrays apart.

Several things that hold one array, such as the folds of one table, then need it sent once.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any

import cloudpickle
import numpy as np


def pack(thing: Any, large: int) -> tuple[bytes, list[Any]]:
    """A thing as bytes.

    Args:
        thing: anything that cloudpickle takes.
        large: bytes; an array of at least so many stays apart.

    Returns:
        The thing without its large arrays, and those, each once.

    Example:
        >>> table = np.zeros(1000)
        >>> parcel, arrays = pack({"train": table, "test": table}, large=100)
        >>> len(arrays), unpack(parcel, arrays)["test"] is table
        (1, True)
    """
    out = io.BytesIO()
    packer = _Packer(out, large)
    packer.dump(thing)
    return out.getvalue(), packer.arrays


def unpack(parcel: bytes, arrays: Sequence[Any]) -> Any:
    """What :func:`pack` packed."""
    return _Unpacker(parcel, arrays).load()


class _Packer(cloudpickle.Pickler):  # type: ignore[misc]
    def __init__(self, out: io.BytesIO, large: int) -> None:
        super().__init__(out, protocol=pickle.HIGHEST_PROTOCOL)
        self.arrays: list[Any] = []
        self._large = large
        self._places: dict[int, int] = {}

    def persistent_id(self, thing: Any) -> int | None:
        """The place of a large array in the list; None for all else, which is pickled where it is."""
        if type(thing) is not np.ndarray or thing.nbytes < self._large or thing.dtype.hasobject:
            return None
        if id(thing) not in self._places:
            self._places[id(thing)] = len(self.arrays)
            self.arrays.append(thing)  # which also keeps its id from being another's
        return self._places[id(thing)]


class _Unpacker(pickle.Unpickler):
    def __init__(self, parcel: bytes, arrays: Sequence[Any]) -> None:
        super().__init__(io.BytesIO(parcel))
        self._arrays = arrays

    def persistent_load(self, place: int) -> Any:
        return self._arrays[place]
