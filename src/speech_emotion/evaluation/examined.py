"""Recordings opened once each: what is known of them without the voice, and their fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import workers as pool
from ..audio.fingerprint import NO_FINGERPRINT, Fingerprint, fingerprint
from ..audio.read import channels
from ..audio.soundness import Soundness, examine, mixed
from ..audio.waveform import Waveform
from ..corpora.paths import open_binary
from ..corpora.utterance import Utterance
from ..errors import SpeechEmotionError

Part = tuple[str, float | None, float | None]
"""A path, and the seconds between which a recording lies in the file."""

LONGEST_SECONDS = 20 * 60
LARGEST = 2**26
"""Samples, those of all channels counted: 23 minutes of one channel at 48 kHz. A recording is held in memory whole, so
that an archive of a few kilobytes could ask for more than there is."""

TOO_LONG = (
    "more than 20 minutes, or 67 million samples; cut it into utterances, or name them in a CSV with start and end"
)

SHARD = 16
"""Recordings a task."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A recording that was opened.

    Attributes:
        sound: what is known of it; None where it cannot be read.
        print: its fingerprint, empty where there is nothing to know it by.
        reason: why it cannot be read.
        long: whether that is because it is too long.
    """

    sound: Soundness | None
    print: Fingerprint = NO_FINGERPRINT
    reason: str = ""
    long: bool = False


def part_of(utterance: Utterance) -> Part:
    """Where a recording lies."""
    return utterance.path, utterance.start, utterance.end


def examine_all(
    parts: Sequence[Part], workers: int | None = None, progress: pool.Progress | None = None
) -> dict[Part, Examined]:
    """Open recordings, each once however often it is named.

    Args:
        parts: where they lie.
        workers: how many processes; None takes all cores.
        progress: called with recordings examined and all recordings.

    Returns:
        Each by where it lies.
    """
    once = list(dict.fromkeys(parts))
    shards = [once[first : first + SHARD] for first in range(0, len(once), SHARD)]
    examined: dict[Part, Examined] = {}
    for shard, results in zip(shards, pool.run(_examine_shard, shards, workers), strict=True):
        examined.update(zip(shard, results, strict=True))
        if progress is not None:
            progress(len(examined), len(once))
    return examined


def _examine_shard(shard: list[Part]) -> list[Examined]:
    return [_examine(*part) for part in shard]


def _examine(path: str, start: float | None, end: float | None) -> Examined:
    try:
        with open_binary(path) as file:
            if not file.read(1):
                return Examined(examine(np.zeros((0, 1), dtype=np.float32), rate=1))
        samples, rate = channels(path, start, end, most=LARGEST)
        if len(samples) > LONGEST_SECONDS * rate or samples.size > LARGEST:
            return Examined(None, reason=TOO_LONG, long=True)
    except SpeechEmotionError as error:
        return Examined(None, reason=str(error).removeprefix(f"{path}: "))
    return Examined(examine(samples, rate), fingerprint(Waveform(mixed(samples), rate)))
