"""Whole trees of recordings to mono copies at one rate.

A copy lies where its original lies in the tree, under the same name with the ending of its format: 16 bit
PCM, in WAV or FLAC, each value rounded to the nearest. Originals that would share a copy (``a.wav`` and
``a.mp3``) keep their endings in its name: ``a.wav.wav``, ``a.mp3.wav``. A copy that is as new as its original
(as the archive, where it comes from one), mono and at the rate asked is left alone. A copy appears whole or
not at all.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..corpora.paths import AUDIO_SUFFIXES, split, walk
from ..errors import AudioError, SpeechEmotionError, UsageError, reason_of, unknown
from ..workers import Progress, run
from .mono import check_rate
from .read import blocks
from .waveform import RATE

SUFFIXES = (".wav", ".flac")
"""The formats that copies may have."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """What became of each recording of a tree.

    Attributes:
        written: the copies made.
        skipped: the copies that were there already.
        failed: the recordings that could not be copied, each with a line that names it and the reason.
    """

    written: tuple[Path, ...]
    skipped: tuple[Path, ...]
    failed: tuple[tuple[str, str], ...]


def resample_tree(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    rate: int = RATE,
    *,
    suffix: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Resampled:
    """Copy every recording of a tree, mono and at one rate.

    Args:
        source: a folder, a zip archive, or one recording. A ``target`` inside it is not part of it.
        target: the folder for the copies; for one recording, it may be the name of the copy.
        rate: of the copies, in Hz.
        suffix: ``".wav"`` or ``".flac"``; None takes the ending of ``target``, if one of them, else WAV.
        workers: processes; None takes all cores.
        progress: told after each recording.

    Returns:
        The copies written, those there already, and what failed. One bad recording stops no other.

    Raises:
        AudioError: if there is no recording in ``source``.
        CorpusError: if there is no ``source``.
        UsageError: if ``rate``, ``suffix`` or ``workers`` is out of range, or ``target`` is ``source``.
    """
    check_rate(rate)
    source, target = Path(source), Path(target)
    if suffix is None:
        suffix = target.suffix.lower() if target.suffix.lower() in SUFFIXES else SUFFIXES[0]
    if suffix not in SUFFIXES:
        raise unknown("format", suffix, SUFFIXES)
    if os.path.realpath(source) == os.path.realpath(target):
        raise UsageError(f"{target} is the source itself; name another place for the copies")

    jobs, failed = _plan(source, target, rate, suffix)
    total = len(jobs) + len(failed)
    skipped: list[_Job] = []
    waiting: list[_Job] = []
    for job in jobs:
        (skipped if job.is_done() else waiting).append(job)
    before = total - len(waiting)
    written = []
    done = 0
    reasons = run(_copy, waiting, workers)
    try:
        for job, reason in zip(waiting, reasons, strict=True):
            if reason is None:
                written.append(job.copy)
            else:
                failed.append((job.path, reason))
            done += 1
            if progress:
                progress(before + done, total)
    finally:
        reasons.close()
        for job in waiting[done:]:  # what workers that were stopped have left
            with suppress(OSError):
                job.part.unlink(missing_ok=True)
    return Resampled(tuple(written), tuple(job.copy for job in skipped), tuple(failed))


@dataclass(frozen=True, slots=True)
class _Job:
    path: str
    copy: Path
    rate: int
    modified: int  # when the original was, in ns
    process: int  # the one that asked: two may be at work in one place

    @property
    def part(self) -> Path:
        """Where the copy grows; hidden, so that it is never taken for a recording."""
        name = hashlib.sha256(self.copy.name.encode(errors="surrogateescape")).hexdigest()[:16]
        return self.copy.with_name(f".{name}.{self.process}.part")

    def is_done(self) -> bool:
        try:
            if self.copy.stat().st_mtime_ns < self.modified:
                return False
            header = soundfile.info(str(self.copy))
        except (OSError, soundfile.SoundFileError):
            return False
        return bool(header.samplerate == self.rate and header.channels == 1)


def _copy(job: _Job) -> str | None:
    """Make one copy; the reason, where that failed."""
    try:
        job.copy.parent.mkdir(parents=True, exist_ok=True)
        with _Part(job.part, "wb") as file:
            kind = job.copy.suffix[1:].upper()
            with soundfile.SoundFile(file, "w", job.rate, 1, "PCM_16", format=kind) as sound:
                for block in blocks(job.path, job.rate):
                    sound.write(_in_16_bits(block))
            if file.failure:
                raise file.failure
        os.replace(job.part, job.copy)
    except SpeechEmotionError as error:
        return str(error)
    except (OSError, ValueError, soundfile.SoundFileError) as error:
        return f"{job.path}: its copy cannot be written: {reason_of(error)}"
    finally:
        with suppress(OSError):  # a name that is too long cannot even be looked for
            job.part.unlink(missing_ok=True)
    return None


class _Part(io.FileIO):
    """A file that libsndfile writes through Python: by itself it would wait for the disk at the end of each.

    An error must not be raised into its C code, which would print it; it is kept instead.
    """

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        rest = memoryview(data)
        try:
            while rest and not self.failure:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.failure = error
        return len(data)


def _in_16_bits(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.rint(np.clip(samples * 32768, -32768, 32767)).astype(np.int16)


def _plan(source: Path, target: Path, rate: int, suffix: str) -> tuple[list[_Job], list[tuple[str, str]]]:
    """What to copy where; and what cannot be copied, with the reason."""
    home, root = Path(os.path.realpath(source)), Path(os.path.realpath(target))
    originals = _originals(source, home, root)
    if not originals:
        raise AudioError(f"{source}: holds no recordings (known by their endings: .wav, .flac, .mp3, .m4a, …)")
    names = _names([original.name for original in originals], suffix)
    if _is_one(source) and target.suffix.lower() == suffix and not target.is_dir():
        names, target, root = [target.name], target.parent, root.parent
    jobs: list[_Job] = []
    failed: list[tuple[str, str]] = []
    taken: dict[str, str] = {}
    for original, name in zip(originals, names, strict=True):
        place = Path(os.path.normpath(root / name))
        first = taken.setdefault(os.path.normcase(place), original.path)
        if not place.is_relative_to(root):
            failed.append((original.path, f"{original.path}: its name leads out of {target}"))
        elif place.is_relative_to(home) and not root.is_relative_to(home):
            failed.append((original.path, f"{original.path}: its copy would lie among the originals"))
        elif first != original.path:
            failed.append((original.path, f"{original.path}: its copy would overwrite that of {first}"))
        else:
            jobs.append(_Job(original.path, target / name, rate, original.modified, os.getpid()))
    return jobs, failed


class _Original(NamedTuple):
    path: str
    name: str  # from the root of the tree
    modified: int


def _originals(source: Path, home: Path, root: Path) -> list[_Original]:
    """The recordings of the source, but for those that lie in the target."""
    if _is_one(source):
        archive, _ = split(source) or (source, "")
        return [_Original(str(source), source.name, _modified(archive))]
    folder = source.is_dir()
    holds_copies = folder and root.is_relative_to(home)
    found = []
    for path in dict.fromkeys(walk(source)):
        name = os.path.relpath(path, source) if folder else path[len(f"{source}/") :]
        if holds_copies and (home / name).is_relative_to(root):
            continue
        if os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES:
            found.append(_Original(path, name, _modified(path if folder else source)))
    return found


def _is_one(source: Path) -> bool:
    return split(source) is not None or (source.is_file() and not zipfile.is_zipfile(source))


def _modified(path: str | Path) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:  # a link that leads nowhere: reading it will tell
        return sys.maxsize


def _names(names: list[str], suffix: str) -> list[str]:
    short = [os.path.splitext(name)[0] + suffix for name in names]
    count = Counter(map(os.path.normcase, short))
    return [
        brief if count[os.path.normcase(brief)] == 1 else name + suffix
        for name, brief in zip(names, short, strict=True)
    ]
