"""Resampling to 16 kHz mono, on one core: this package against one ffmpeg process a file.

Both read the same 48 kHz WAV files from disk and write 16 bit WAV files; both are held to the same core. The clips are
dealt into as many groups as there are repeats; each group is timed one way, then the other; medians are over groups.

    python benchmarks/resample.py [ARCHIVE] [--clips 1440] [--repeats 3] [--json]
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

import measuring
from speech_emotion.audio.resample import resample_tree


def main() -> None:
    given = measuring.arguments(__doc__)
    measuring.require_ffmpeg()
    measuring.one_core()
    with tempfile.TemporaryDirectory() as scratch:
        originals, ours, theirs = (Path(scratch) / name for name in ("originals", "ours", "theirs"))
        names = _unpack(given.archive, originals, given.clips, given.repeats)
        pairs = []
        for group in sorted(originals.iterdir()):
            count = len(list(group.rglob("*.wav"))) / 1000
            own = measuring.seconds(partial(by_us, group, ours / group.name)) / count
            other = measuring.seconds(partial(by_ffmpeg, group, theirs / group.name)) / count
            pairs.append((own, other))
        alike = min(_correlation(ours / name, theirs / name) for name in names)
    if alike < 0.99:
        sys.exit(f"the two do not do the same: correlation {alike:.4f}")
    figure = f"a clip to 16 kHz (of {len(names)}), one core, against one ffmpeg process a file"
    note = f"the two correlate by {alike:.4f} or more on every clip"
    measuring.tell("resample", figure, pairs, "ms", "20 times as fast", given.json, note)


def by_us(originals: Path, target: Path) -> None:
    result = resample_tree(originals, target, workers=1)
    if result.failed:
        sys.exit(f"failed: {result.failed[0]}")


def by_ffmpeg(originals: Path, target: Path) -> None:
    for path in sorted(originals.rglob("*.wav")):
        copy = target / path.relative_to(originals)
        copy.parent.mkdir(parents=True, exist_ok=True)
        measuring.ffmpeg_to_16k(path, copy)


def _correlation(one: Path, other: Path) -> float:
    first, second = (soundfile.read(path)[0] for path in (one, other))
    length = min(len(first), len(second))
    return float(np.corrcoef(first[:length], second[:length])[0, 1])


def _unpack(archive: Path, folder: Path, clips: int | None, groups: int) -> list[str]:
    """Clips in numbered folders, every so-manieth in each; their paths below ``folder``."""
    with zipfile.ZipFile(archive) as members:
        names = measuring.spread(sorted(name for name in members.namelist() if name.endswith(".wav")), clips)
        for number, name in enumerate(names):
            members.extract(name, folder / str(number % groups))
    return [f"{number % groups}/{name}" for number, name in enumerate(names)]


if __name__ == "__main__":
    main()
