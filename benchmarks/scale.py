"""Whether a hundred times the recordings take a hundred times the time, and no more memory.

``speech-emotion extract`` to a folder of shards, as a user calls it, over 1,000, 10,000 and 100,000 recordings: mel and
MFCC of clips of half a second; and, with ``--tone``, the tone encoder over RAVDESS seven times over (10,000 clips).
Then ridge learns from those shards, one model without calibration and protocols; its time a clip is that of the clips
beyond the first size. Memory is what all processes of the command hold at once, pages that they share
counted once, looked at ten times a second. Time a clip is that of all processors together, so that a busy machine
changes it little, and without what a run of 64 clips takes, which is the start. Each figure is of one run.

    python benchmarks/scale.py [RAVDESS] [--clips 1000 10000 100000] [--tone] [--workers 2] [--json]

A thousand clips are made (noise, each another), or unpacked; the others are links to them, so that no disk is filled:
each is opened, decoded and measured all the same. Linux only, for its memory accounts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import soundfile

from speech_emotion import corpora
from speech_emotion.corpora.paths import open_binary

MADE = 1_000
SECONDS = 0.5
EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
SPEAKERS = 40
FIRST = 64
"""Clips of the run that shows what it takes to start: enough for two processes to have something to do."""

LOOK_SECONDS = 0.1
GOAL = "within 20 % of the first"

LEARN = (
    "import sys; from speech_emotion.features.shards import ShardedTable\n"
    "from speech_emotion.training.train_shards import train_shards\n"
    "train_shards(ShardedTable.load(sys.argv[1]), 'ridge', protocols=(), calibrate=False, workers=1)\n"
)


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="speech-emotion-scale-") as place:
        for row in rows(given, Path(place)):
            print(json.dumps(row) if given.json else "  ".join(row.values()), flush=True)


def rows(given: argparse.Namespace, place: Path) -> Iterator[dict[str, str]]:
    """A row a size and kind of work."""
    clips = made(place / "made")
    yield from sized("mel + mfcc, clips of 0.5 s", clips, given.clips, ["mel", "mfcc"], place / "short", given.workers)
    if given.tone:
        real = unpacked(given.ravdess, place / "unpacked")
        sizes = [size for size in given.clips if size <= 10_000]
        yield from sized("tone, RAVDESS clips", real, sizes, ["tone"], place / "real", given.workers)


def sized(
    figure: str, clips: list[Path], sizes: list[int], features: list[str], place: Path, workers: int
) -> Iterator[dict[str, str]]:
    """The same work at several sizes."""
    start = extracted(linked(clips, FIRST, place / "start"), features, place / "start.shards", workers)[1]
    first: tuple[float, float] | None = None
    learning: list[tuple[int, float, float, float]] = []
    for size in sizes:
        corpus = linked(clips, size, place / str(size))
        seconds, busy, memory = extracted(corpus, features, place / f"{size}.shards", workers)
        each = 1000 * (busy - start) / (size - FIRST)
        first = first or (each, memory)
        yield row(f"{figure}: extract", size, seconds, each, memory, first)
        learning.append((size, *learnt(place / f"{size}.shards")))
    begin, _, started, held_first = learning[0]
    for size, seconds, busy, memory in learning:
        each = 1000 * (busy - started) / (size - begin) if size > begin else None
        yield row(f"{figure}: ridge learns", size, seconds, each, memory, (0.0, held_first))


def row(
    figure: str, size: int, seconds: float, each: float | None, memory: float, first: tuple[float, float]
) -> dict[str, str]:
    """A line of the table."""
    return {
        "figure": figure,
        "clips": f"{size:,}",
        "seconds": f"{seconds:.1f}",
        "processor ms a clip": "–" if each is None else f"{each:.2f}",
        "of the first": f"{each / first[0]:.2f}" if each and first[0] else "–",
        "peak memory, MB": f"{memory:.0f}",
        "of the first's": f"{memory / first[1]:.2f}",
        "goal": GOAL if "extract" in figure else "–",
    }


def extracted(corpus: Path, features: list[str], out: Path, workers: int) -> tuple[float, float, float]:
    """What ``speech-emotion extract`` takes."""
    script = "from speech_emotion.cli.main import main; main()"
    options = ["--features", ",".join(features), "--workers", str(workers)]
    return watched([sys.executable, "-c", script, "extract", str(corpus), f"{out}/", *options])


def learnt(folder: Path) -> tuple[float, float, float]:
    """What learning from a folder of shards takes."""
    return watched([sys.executable, "-c", LEARN, str(folder)])


def watched(command: list[str]) -> tuple[float, float, float]:
    """What a command and all that it starts take: seconds, seconds of processors, and at most so many megabytes."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    running = subprocess.Popen(command, stderr=subprocess.PIPE)
    peak = 0
    while running.poll() is None:
        peak = max(peak, held(running.pid))
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - begin
    if running.returncode:
        sys.exit((running.stderr.read() if running.stderr else b"").decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, busy, peak / 1e6


def held(pid: int) -> int:
    """Bytes of a process and all that it started; of a page that several share, each has its part."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            total += process.memory_full_info().pss
    except psutil.Error:  # one has just ended
        pass
    return total


def made(folder: Path) -> list[Path]:
    """A thousand clips of coloured noise."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    found = []
    for number in range(MADE):
        noise = np.cumsum(rng.standard_normal(round(16_000 * SECONDS)))
        found.append(folder / f"{number:04d}.wav")
        soundfile.write(found[-1], 0.5 * noise / np.abs(noise).max(), 16_000)
    return found


def unpacked(archive: Path, folder: Path) -> list[Path]:
    """RAVDESS's clips as files."""
    folder.mkdir()
    found = []
    for utterance in corpora.open(f"ravdess:{archive}").utterances:
        found.append(folder / Path(utterance.path).name)
        with open_binary(utterance.path) as file:
            found[-1].write_bytes(file.read())
    return found


def linked(clips: list[Path], size: int, folder: Path) -> Path:
    """A corpus of so many recordings: EMOTION/SPEAKER/file, links to the clips."""
    for number in range(size):
        emotion, speaker = EMOTIONS[number % len(EMOTIONS)], number // len(EMOTIONS) % SPEAKERS
        place = folder / emotion / f"{speaker:02d}" / f"{number:06d}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(clips[number % len(clips)], place)
    return folder


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ravdess", type=Path, nargs="?", default=corpora.find("ravdess"))
    parser.add_argument("--clips", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--tone", action="store_true", help="also the tone encoder, over RAVDESS many times over")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object a row")
    given = parser.parse_args()
    if min(given.clips) <= FIRST:
        parser.error(f"--clips must be more than {FIRST}")
    if not sys.platform.startswith("linux"):
        parser.error("memory is measured by Linux's accounts only")
    if given.tone and given.ravdess is None:
        parser.error("--tone needs RAVDESS: name its archive, or fetch it: speech-emotion corpus fetch ravdess")
    return given


if __name__ == "__main__":
    main()
