"""From RAVDESS's archive to a feature table: `speech-emotion extract` against ffmpeg and librosa.

Ours is the command as a user types it, start-up included, on all cores. Theirs is the prototype's road: unpack the
archive, one ffmpeg process a file to 16 kHz, librosa for the features; once one file after the other, as the prototype
did, and once with as many processes as there are cores; each is so slow that it runs once. The archive is not in the
system's cache when any of them starts.

    python benchmarks/pipeline.py [ARCHIVE] [--clips N] [--repeats 3] [--json]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

import measuring
from features import by_librosa
from speech_emotion.workers import cores


def main() -> None:
    given = measuring.arguments(__doc__)
    measuring.require_ffmpeg()
    with tempfile.TemporaryDirectory() as scratch:
        archive = _part(given.archive, given.clips, Path(scratch))
        count = len(_clips(archive))
        own = [
            measuring.seconds(partial(by_us, archive, Path(scratch, f"{repeat}.npz")))
            for repeat in range(given.repeats)
        ]
        other = {
            processes: measuring.seconds(partial(by_them, archive, Path(scratch, str(processes)), processes))
            for processes in (1, cores())
        }
    for processes, seconds in other.items():
        how = "one file after the other" if processes == 1 else f"{processes} processes"
        measuring.tell(
            "pipeline",
            f"archive → feature table, {count} clips, {cores()} cores, against ffmpeg + librosa, {how}",
            [(mine, seconds) for mine in own],
            "s",
            "10 s or less; 15 times as fast" if processes == 1 else "–",
            given.json,
        )


def by_us(archive: Path, out: Path) -> None:
    measuring.cold(archive)
    command = [sys.executable, "-m", "speech_emotion", "extract", f"ravdess:{archive}", str(out)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def by_them(archive: Path, folder: Path, processes: int) -> None:
    measuring.cold(archive)
    with zipfile.ZipFile(archive) as members:
        members.extractall(folder)
    files = sorted(folder.rglob("*.wav"))
    if processes == 1:
        rows = [one_file(file) for file in files]
    else:
        with ProcessPoolExecutor(processes) as pool:
            rows = list(pool.map(one_file, files, chunksize=8))
    np.savez(folder / "table.npz", values=np.array(rows))
    shutil.rmtree(folder)


def one_file(file: Path) -> np.ndarray:
    import librosa

    copy = file.with_suffix(".16k.wav")
    measuring.ffmpeg_to_16k(file, copy)
    return by_librosa(librosa.load(copy, sr=None)[0])


def _clips(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as members:
        return sorted(name for name in members.namelist() if name.endswith(".wav"))


def _part(archive: Path, clips: int | None, folder: Path) -> Path:
    if clips is None:
        return archive
    part = folder / archive.name
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as target:
        for name in measuring.spread(_clips(archive), clips):
            target.writestr(name, source.read(name))
    os.sync()
    return part


if __name__ == "__main__":
    main()
