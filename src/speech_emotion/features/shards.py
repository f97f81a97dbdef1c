"""A table in parts, for more recordings than memory holds.

A folder of shards, each a feature table of some hundred utterances that :meth:`.FeatureTable.load` and ``numpy.load``
open by itself, and ``manifest.json``, which says what they hold. Only that is in memory: the shards come one by one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..corpora.utterance import Origin, joint_name
from ..emotions import choose, in_order
from ..errors import FeatureError
from ..writing import replacing
from .config import FeatureConfig
from .table import PER_UTTERANCE, Failure, FeatureTable

FORMAT = 1
"""Of the manifest; a newer one is refused."""

MANIFEST = "manifest.json"
SUFFIX = ".shard.npz"


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of a sharded table.

    Attributes:
        file: its name; changes with the recordings and with every parameter.
        utterances: rows in it.
        failures: recordings that could not be used.
    """

    file: str
    utterances: int
    failures: int


def _as_it_is(table: FeatureTable) -> FeatureTable:
    return table


def _of_one_make(
    config: FeatureConfig, copies: tuple[str, ...], voices: frozenset[str], table: FeatureTable
) -> FeatureTable:
    strange = set(table.speakers.tolist()) - voices
    if strange:
        raise FeatureError(f"{MANIFEST} does not know the speaker '{min(strange)}' of a shard; extract it again")
    if table.config != config or tuple(table.copies) != copies:
        raise FeatureError(f"{MANIFEST} names other features or copies than a shard has; extract it again")
    return table


@dataclass(frozen=True, slots=True, eq=False)
class ShardedTable:
    """Features and labels of a corpus on disk. Iterated, it gives one :class:`.FeatureTable` a shard, in order.

    Attributes:
        folder: where the shards are.
        config: what made the values.
        origins: the corpora with their licences.
        copies: the names of the copies that each shard has.
        voices: how many utterances of each emotion each speaker has.
        shards: the files, in the corpus's order.
        left_out: what else is not in it, counted by reason.
        view: what is done to each shard as it is read: see :meth:`select`.
    """

    folder: Path
    config: FeatureConfig
    origins: tuple[Origin, ...]
    copies: tuple[str, ...]
    voices: Mapping[str, Mapping[str, int]]
    shards: tuple[Shard, ...]
    left_out: Mapping[str, int]
    view: Callable[[FeatureTable], FeatureTable] = _as_it_is

    def __len__(self) -> int:
        return sum(sum(spoken.values()) for spoken in self.voices.values())

    def __iter__(self) -> Iterator[FeatureTable]:
        for shard in self.shards:
            if shard.utterances:
                yield self.view(self._read(shard))

    @property
    def classes(self) -> tuple[str, ...]:
        """The emotions in it, in the order of the vocabulary."""
        return in_order(emotion for spoken in self.voices.values() for emotion in spoken)

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each feature."""
        return self.config.columns

    @property
    def name(self) -> str:
        """The names of the corpora in it."""
        return joint_name(self.origins)

    @property
    def failures(self) -> int:
        """How many recordings could not be used."""
        return sum(shard.failures for shard in self.shards)

    def failed(self) -> Iterator[Failure]:
        """Each of those, and why."""
        for shard in self.shards:
            if shard.failures:
                yield from self._read(shard).failures

    def whole(self) -> FeatureTable:
        """All of it in memory: 4 bytes a value."""
        tables = [self.view(self._read(shard)) for shard in self.shards]
        return replace(joined(tables), left_out=dict(self.left_out))

    def labels(self) -> FeatureTable:
        """The table without its values, which are zeros that take no memory; copies are left out."""
        columns: dict[str, list[Any]] = {name: [] for name in PER_UTTERANCE}
        for table in self:
            for name, found in columns.items():
                found.append(getattr(table, name))
        joined_columns: dict[str, Any] = {name: np.concatenate(found) for name, found in columns.items()}
        nothing = np.broadcast_to(np.float32(0), (len(self), self.config.size))
        return FeatureTable(values=nothing, **joined_columns, config=self.config, origins=self.origins)

    def select(self, emotions: Sequence[str]) -> ShardedTable:
        """The rows with these emotions.

        Raises:
            UsageError: if an emotion is not in the table.
        """
        wanted = choose(emotions, self.classes, self.name)
        left = {
            speaker: {emotion: count for emotion, count in spoken.items() if emotion in wanted}
            for speaker, spoken in self.voices.items()
        }
        voices = {speaker: spoken for speaker, spoken in left.items() if spoken}
        return self._through(lambda table: table.rows(np.isin(table.emotions, wanted)), voices=voices)

    def narrow(self, features: Sequence[str], statistics: Sequence[str] | None = None) -> ShardedTable:
        """The columns of these feature groups and statistics; errors as of :meth:`.FeatureTable.narrow`."""
        config = self._empty().narrow(features, statistics).config
        return self._through(lambda table: table.narrow(features, statistics), config=config)

    def with_copies(self, names: Sequence[str]) -> ShardedTable:
        """The table with some of its copies only; errors as of :meth:`.FeatureTable.with_copies`."""
        copies = tuple(self._empty().with_copies(names).copies)
        return self._through(lambda table: table.with_copies(names), copies=copies)

    def save(self, utterances_sha256: str) -> None:
        """Write the manifest, whole or not at all, and remove shards of earlier tables from the folder.

        Args:
            utterances_sha256: of the recordings and all parameters.
        """
        about = {
            "format": FORMAT,
            "made_by": f"speech-emotion {version('speech-emotion')}",
            "sha256": utterances_sha256,
            "utterances": len(self),
            "failures": self.failures,
            "config": self.config.as_dict(),
            "copies": list(self.copies),
            "origins": [asdict(origin) for origin in self.origins],
            "left_out": dict(self.left_out),
            "voices": self.voices,
            "shards": [asdict(shard) for shard in self.shards],
        }
        with replacing(self.folder / MANIFEST) as part:
            part.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        mine = {shard.file for shard in self.shards}
        for file in self.folder.glob(f"*{SUFFIX}"):
            if file.name not in mine:
                file.unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> ShardedTable:
        """The table in a folder that ``extract`` wrote.

        Raises:
            FeatureError: if there is no finished table, or it is of a newer format.
        """
        place = Path(folder)
        try:
            about = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
            if about["format"] != FORMAT:
                raise FeatureError(f"is of format {about['format']}; this version reads {FORMAT}")  # noqa: TRY301
            found = cls(
                folder=place,
                config=FeatureConfig.from_dict(about["config"]),
                origins=tuple(map(Origin.from_dict, about["origins"])),
                copies=tuple(map(str, about["copies"])),
                voices={str(who): {str(e): int(n) for e, n in said.items()} for who, said in about["voices"].items()},
                shards=tuple(Shard(str(s["file"]), int(s["utterances"]), int(s["failures"])) for s in about["shards"]),
                left_out={str(reason): int(count) for reason, count in about["left_out"].items()},
            )
        except FileNotFoundError:
            raise FeatureError(
                f"{place} holds no finished table (no {MANIFEST}); extract it again: what is there is not lost"
            ) from None
        except FeatureError as error:
            raise FeatureError(f"{place / MANIFEST}: {error}") from None
        except Exception as error:  # a file from anywhere can be anything
            reason = " ".join(str(error).split())[:200]
            raise FeatureError(f"{place / MANIFEST} is not what `extract` wrote ({reason})") from error
        if sum(shard.utterances for shard in found.shards) != len(found) or not found.shards:
            raise FeatureError(f"{place / MANIFEST} names other shards than it counts recordings of; extract it again")
        if any(Path(shard.file).name != shard.file for shard in found.shards):
            raise FeatureError(f"{place / MANIFEST} names a file in another folder")
        return found._through(partial(_of_one_make, found.config, found.copies, frozenset(found.voices)))

    def _through(self, view: Callable[[FeatureTable], FeatureTable], **changes: Any) -> ShardedTable:
        before = self.view
        return replace(self, view=lambda table: view(before(table)), **changes)

    def _empty(self) -> FeatureTable:
        """A table without rows, which refuses what cannot be asked of the shards."""
        nothing = np.empty((0, self.config.size), dtype=np.float32)
        labels: dict[str, Any] = dict.fromkeys(PER_UTTERANCE, np.empty(0, dtype=np.str_))
        return FeatureTable(
            values=nothing,
            **labels,
            config=self.config,
            origins=self.origins,
            copies=dict.fromkeys(self.copies, nothing),
        )

    def _read(self, shard: Shard) -> FeatureTable:
        table = FeatureTable.load(self.folder / shard.file)
        if (len(table), len(table.failures)) != (shard.utterances, shard.failures):
            raise FeatureError(f"{self.folder / shard.file} is not the shard that {MANIFEST} names; extract it again")
        return table


def is_sharded(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder of shards, finished or not, rather than one of recordings."""
    place = Path(path)
    return place.is_dir() and ((place / MANIFEST).is_file() or any(place.glob(f"*{SUFFIX}")))


def joined(tables: Sequence[FeatureTable]) -> FeatureTable:
    """One table of the shards of another, in their order."""
    first = tables[0]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(table, name) for table in tables]) for name in ("values", *PER_UTTERANCE)
    }
    return replace(
        first,
        **columns,
        failures=tuple(failure for table in tables for failure in table.failures),
        copies={name: np.concatenate([table.copies[name] for table in tables]) for name in first.copies},
    )


def hashed(parts: Sequence[object]) -> str:
    """A name for what a shard was, or is to be, made from: hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
