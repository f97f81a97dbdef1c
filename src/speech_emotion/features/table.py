"""A corpus as numbers: one row an utterance, one column a feature.

Saved as ``.npz`` without pickle: ``numpy.load`` opens it anywhere, and nothing in it can run code.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

from ..corpora.utterance import Origin, joint_name
from ..emotions import choose, in_order
from ..errors import FeatureError, reason_of
from ..writing import replacing
from .config import FRAMES, FeatureConfig

FORMAT = 1
"""Of the file; a newer one is refused."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be used, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Features and labels of a corpus. All arrays have one row an utterance, in the corpus's order.

    Attributes:
        values: float32, shape (utterances, features), finite.
        emotions: str, shape (utterances,).
        speakers: str, shape (utterances,), unique across corpora.
        sentences: str, shape (utterances,), empty where unknown.
        intensities: str, shape (utterances,), empty where unknown.
        sexes: str, shape (utterances,), empty where unknown.
        corpora: str, shape (utterances,).
        paths: str, shape (utterances,).
        durations: float32, shape (utterances,), seconds.
        config: what made the values; ``config.columns`` names the features.
        origins: the corpora with their licences.
        failures: recordings that are not in the table, and why.
        left_out: what else is not in it, counted by reason: files that are no part of the corpus.
        copies: the values of the same utterances as they might have sounded, by the name of the change: each
            float32, shape (utterances, features). They are learnt from, never tested.
    """

    values: NDArray[np.float32]
    emotions: NDArray[np.str_]
    speakers: NDArray[np.str_]
    sentences: NDArray[np.str_]
    intensities: NDArray[np.str_]
    sexes: NDArray[np.str_]
    corpora: NDArray[np.str_]
    paths: NDArray[np.str_]
    durations: NDArray[np.float32]
    config: FeatureConfig
    origins: tuple[Origin, ...]
    failures: tuple[Failure, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    copies: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = len(self.values)
        if self.values.shape != (rows, self.config.size):
            raise FeatureError(
                f"values have shape {self.values.shape}, but the configuration names {self.config.size} columns"
            )
        for name, values in self.copies.items():
            if values.shape != self.values.shape:
                raise FeatureError(f"copy '{name}' has shape {values.shape}, but the values have {self.values.shape}")
        for name in PER_UTTERANCE:
            if getattr(self, name).shape != (rows,):
                raise FeatureError(f"{name} has shape {getattr(self, name).shape}, but there are {rows} utterances")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each feature."""
        return self.config.columns

    @property
    def name(self) -> str:
        """The names of the corpora in it."""
        return joint_name(self.origins)

    @property
    def classes(self) -> tuple[str, ...]:
        """The emotions in it, in the order of the vocabulary."""
        return in_order(self.emotions.tolist())

    def rows(self, which: NDArray[Any]) -> FeatureTable:
        """The table of some rows only.

        Args:
            which: indices, or a boolean mask of shape (utterances,).
        """
        columns: dict[str, Any] = {name: getattr(self, name)[which] for name in ("values", *PER_UTTERANCE)}
        return replace(self, **columns, copies={name: values[which] for name, values in self.copies.items()})

    def select(self, emotions: Sequence[str]) -> FeatureTable:
        """The rows with these emotions.

        Raises:
            UsageError: if an emotion is not in the table.
        """
        wanted = choose(emotions, self.classes, self.name)
        return self.rows(np.isin(self.emotions, wanted))

    def with_copies(self, names: Sequence[str]) -> FeatureTable:
        """The table with some of its copies only.

        Raises:
            FeatureError: if it lacks one; it is made while extracting.
        """
        for name in names:
            if name not in self.copies:
                has = ", ".join(self.copies) or "none"
                raise FeatureError(f"the table has no copies '{name}' (it has: {has}); extract it again with --copies")
        return replace(self, copies={name: self.copies[name] for name in names})

    def narrow(self, features: Sequence[str], statistics: Sequence[str] | None = None) -> FeatureTable:
        """The columns of these feature groups and statistics.

        Raises:
            FeatureError: if one is not in the table.
            UsageError: if one is not known at all.
        """
        config = self.config.narrowed(features, statistics or self.config.statistics)
        position = {column: number for number, column in enumerate(self.columns)}
        absent = [column for column in config.columns if column not in position]
        if absent:
            has = ", ".join(self.config.features)
            if any(group in FRAMES for group in self.config.features):
                has += f"; over frames {', '.join(self.config.statistics)}"
            missing = [group for group in config.features if group not in self.config.features]
            lacks = f"features {', '.join(missing)}" if missing else f"column {absent[0]}"
            raise FeatureError(f"the table has no {lacks}; it has {has}")
        chosen = [position[column] for column in config.columns]
        if len(chosen) == len(position):
            return self
        return replace(
            self,
            values=np.ascontiguousarray(self.values[:, chosen]),
            config=config,
            copies={name: np.ascontiguousarray(values[:, chosen]) for name, values in self.copies.items()},
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table as ``.npz``, whole or not at all."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in ("values", *PER_UTTERANCE)}
        about = {
            "format": FORMAT,
            "config": self.config.as_dict(),
            "origins": [asdict(origin) for origin in self.origins],
            "failures": [asdict(failure) for failure in self.failures],
            "left_out": dict(self.left_out),
            "copies": list(self.copies),
        }
        arrays |= {f"copy_{name}": values for name, values in self.copies.items()}
        arrays["columns"] = np.array(self.columns)
        arrays["about"] = np.array(json.dumps(about))
        with replacing(Path(path)) as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FeatureTable:
        """Read a table that :meth:`save` wrote.

        Raises:
            FeatureError: if the file is missing, is not a feature table, or is of a newer format.
        """
        try:
            if os.access(path, os.R_OK) and os.path.isfile(path) and not is_zipfile(path):
                raise FeatureError("is not a feature table that `extract` wrote (no .npz archive)")  # noqa: TRY301
            with np.load(path, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                if about["format"] > FORMAT:
                    raise FeatureError(f"is of format {about['format']}; this version reads up to {FORMAT}")  # noqa: TRY301
                arrays = {name: _checked(name, file[name]) for name in ("values", *PER_UTTERANCE)}
                return cls(
                    **arrays,
                    config=FeatureConfig.from_dict(about["config"]),
                    origins=tuple(map(Origin.from_dict, about["origins"])),
                    failures=tuple(Failure(**failure) for failure in about["failures"]),
                    left_out={str(reason): int(count) for reason, count in about.get("left_out", {}).items()},
                    copies={str(name): _numbers(name, file[f"copy_{name}"]) for name in about.get("copies", [])},
                )
        except FileNotFoundError:
            raise FeatureError(f"no such feature table: {path}") from None
        except OSError as error:
            raise FeatureError(f"{path}: {reason_of(error)}; name a feature table") from error
        except FeatureError as error:
            raise FeatureError(f"{path}: {error}") from None
        except Exception as error:  # a file from anywhere can fail in any way that numpy, zipfile and json know
            reason = " ".join(str(error).split())[:200]
            raise FeatureError(f"{path} is not a feature table that `extract` wrote ({reason})") from error


def _checked(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """An array of a file, of the kind that it must be."""
    if name not in ("values", "durations"):
        if array.dtype.kind != "U":
            raise FeatureError(f"{name} must be text, not {array.dtype}")
        return array
    return _numbers(name, array)


def _numbers(name: str, array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype != np.float32 or not np.isfinite(array).all():
        raise FeatureError(f"{name} must be finite float32, and is {array.dtype} or has a NaN or an infinity")
    return array


OF_THE_TABLE = ("values", "config", "origins", "failures", "left_out", "copies")
PER_UTTERANCE = tuple(column.name for column in fields(FeatureTable) if column.name not in OF_THE_TABLE)
