"""Any file to mono float32 at one rate.

libsndfile decodes; where it cannot, FFmpeg's libraries do (see :mod:`.media`); soxr resamples at its HQ
setting. Channels are mixed by their mean. A sample that is not a number, or infinite, becomes 0; what lies
beyond [-1, 1] is clipped there, before the mix and again after resampling. Floats that are integers, never divided,
are refused: clipped they would be noise; and so is a file of which more than half is no numbers. Nothing else is done
to the sound: a constant offset (DC) stays, and a file that is mono and at the asked rate comes through bit for bit.

A header is not believed: a file is read until no more comes, so one that is cut off gives what it holds, and
one that claims to be endless costs no memory.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO, TextIOBase
from typing import Any, BinaryIO, TypeAlias, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..corpora.paths import open_binary
from ..errors import AudioError, UsageError, reason_of
from . import media
from .mono import HIGHEST_RATE, LOUDEST, LOWEST_RATE, ToMono, check_rate
from .waveform import RATE, Waveform

Source: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO | Waveform"
"""A path, which may lead through a zip archive; a file's bytes; a binary file, read from its beginning; or a sound that
was read already."""


def read(source: Source, rate: int = RATE, start: float | None = None, end: float | None = None) -> Waveform:
    """The sound of a file, or a part of it.

    A part has the same samples as the whole file between ``start`` and ``end``, to float32's accuracy. Memory
    grows with the result only, not with the file's own rate and channels.

    Args:
        source: a path, bytes, or a binary file.
        rate: Hz.
        start: seconds from the beginning of the file; None is its beginning.
        end: seconds from the beginning of the file; None, or beyond its end, is its end.

    Returns:
        Mono, float32, within [-1, 1], at ``rate``.

    Raises:
        AudioError: if it cannot be read, or holds no sound between ``start`` and ``end``.
        MissingExtraError: if only PyAV could read it, and it is not installed.
        UsageError: if ``rate`` is out of range, or ``end`` is not after ``start`` or ``start`` is before 0.
    """
    check_rate(rate)
    first = 0.0 if start is None else start
    if not 0 <= first < (math.inf if end is None else end):
        raise UsageError(f"a part from {first} s to {end} s has no length; valid: 0 <= start < end")
    grown = bytearray()
    with _opened(source) as sound:
        for piece in _resampled(sound, rate, round(first * rate), None if end is None else round(end * rate)):
            grown += piece.data
        if not grown:
            part = "" if start is None and end is None else f" from {first} s on"
            raise AudioError(f"{sound.name}: holds no sound{part}")
    return Waveform(np.frombuffer(grown, dtype=np.float32), rate)


def channels(
    source: Source, start: float | None = None, end: float | None = None, most: int | None = None
) -> tuple[NDArray[np.float32], int]:
    """The sound of a file, or a part of it, as it is stored: not mixed, not resampled, not clipped.

    Args:
        source: a path, bytes, or a binary file.
        start: seconds from the beginning of the file; None is its beginning.
        end: seconds from the beginning of the file; None, or beyond its end, is its end.
        most: samples, those of all channels counted, after which no more is read; what is returned then has a few
            more. None reads all.

    Returns:
        Samples, shape (n, channels), n being 0 where there is no sound; and its rate in Hz.

    Raises:
        AudioError: if it cannot be read.
        MissingExtraError: if only PyAV could read it, and it is not installed.
    """
    with _opened(source) as sound:
        first = round((start or 0.0) * sound.rate)
        pieces, count = [], 0
        for piece in _within_reason(sound, sound.decode(first, None if end is None else round(end * sound.rate))):
            pieces.append(piece)
            count += piece.size
            if most is not None and count > most:
                break
        return np.concatenate(pieces) if pieces else _NOTHING.reshape(0, 1), sound.rate


def blocks(source: Source, rate: int = RATE, seconds: float = 30.0) -> Iterator[NDArray[np.float32]]:
    """The sound of a file of any length, a block at a time, in bounded memory.

    Joined, the blocks are what :func:`read` returns.

    Args:
        source: a path, bytes, or a binary file.
        rate: Hz.
        seconds: length of a block; the last one may be shorter.

    Yields:
        Mono, float32, within [-1, 1], shape (n,).

    Raises:
        AudioError: if it cannot be read, or holds no sound.
        MissingExtraError: if only PyAV could read it, and it is not installed.
        UsageError: if ``rate`` or ``seconds`` is out of range.
    """
    check_rate(rate)
    size = round(seconds * rate)
    if size < 1:
        raise UsageError(f"a block of {seconds} s has no length; valid: one sample or more")
    with _opened(source) as sound:
        held: list[NDArray[np.float32]] = []
        count = 0
        for piece in _resampled(sound, rate, 0, None):
            held.append(piece)
            count += len(piece)
            whole = count // size * size
            if whole:
                joined = np.concatenate(held)
                yield from joined[:whole].reshape(-1, size)
                held = [joined[whole:]]
                count -= whole
        rest = np.concatenate(held) if held else _NOTHING
        if len(rest):
            yield rest
        elif not held:
            raise AudioError(f"{sound.name}: holds no sound")


def duration(source: Source) -> float:
    """How long the sound of a file is, in seconds, found by decoding it; see :func:`duration_and_rate`."""
    return duration_and_rate(source)[0]


def duration_and_rate(source: Source) -> tuple[float, int]:
    """How long the sound of a file is, found by decoding it, and its own sampling rate.

    Args:
        source: a path, bytes, or a binary file.

    Returns:
        Seconds, 0 where it holds no sound, and Hz.

    Raises:
        AudioError: if it cannot be read.
        MissingExtraError: if only PyAV could read it, and it is not installed.
    """
    with _opened(source) as sound:
        return sum(len(piece) for piece in sound.decode(0, None)) / sound.rate, sound.rate


@dataclass(frozen=True, slots=True)
class _Sound:
    """A file that has been opened; ``decode`` gives, once, its frames from one to another: (n, channels)."""

    name: str
    rate: int
    decode: Callable[[int, int | None], Iterator[NDArray[np.float32]]]


_NOTHING: NDArray[np.float32] = np.empty(0, dtype=np.float32)
_PIECE = 2**20  # values decoded at a time, channels counted: 4 MB
_CLICKS = 100
_STRAY = 0.01  # so many samples, and this part of those that are not 0, may be far beyond full scale: damage
_JUDGED_SECONDS = 10  # that must have been read before a sound is refused for samples that are no numbers
_MARGIN_SECONDS = 0.1  # more than half the length of soxr's HQ filter at LOWEST_RATE


def _resampled(sound: _Sound, rate: int, first: int, end: int | None) -> Iterator[NDArray[np.float32]]:
    """Samples ``first`` to ``end`` of the sound at ``rate``.

    Decoding starts a little before, where samples of both rates fall together, so that a part is filtered as
    the whole would have been.
    """
    common = math.gcd(sound.rate, rate)
    here, there = sound.rate // common, rate // common
    margin = math.ceil(_MARGIN_SECONDS * rate)
    skipped = max(0, first - margin) // there
    wanted = None if end is None else math.ceil((end + margin) / there) * here
    pieces = _taken(_within_reason(sound, sound.decode(skipped * here, wanted)), ToMono(sound.rate, rate))
    offset = skipped * there
    yield from _between(pieces, first - offset, None if end is None else end - offset)
    for _ in pieces:  # the margin after a part: all that was decoded is judged
        pass


def _taken(pieces: Iterator[NDArray[np.float32]], mixer: ToMono) -> Iterator[NDArray[np.float32]]:
    yield from map(mixer.take, pieces)
    yield mixer.rest()


def _within_reason(sound: _Sound, pieces: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The pieces, until more of a channel's samples than clicks would be are far beyond full scale.

    So, too, once more than half are no numbers, which is judged from the tenth second on, and at the end.
    """
    far, there = np.zeros((2, 1))
    lost = count = 0
    for piece in pieces:
        count += piece.size
        there = there + np.count_nonzero(piece, axis=0)
        if len(piece) and not max(piece.max(), -piece.min()) <= LOUDEST:  # so written, not-a-number comes here too
            lost += piece.size - np.count_nonzero(np.isfinite(piece))
            size = np.nan_to_num(np.abs(piece), nan=0, posinf=0)
            far = far + np.count_nonzero(size > LOUDEST, axis=0)
            if ((far > _CLICKS) & (far > _STRAY * there)).any():
                raise AudioError(
                    f"{sound.name}: its floats reach {size.max():.6g}, far beyond [-1, 1]; divide them by what is full "
                    "scale to them (integers of 16 bits: 32768)"
                )
            if count >= _JUDGED_SECONDS * sound.rate * piece.shape[1]:
                _refuse_mostly_lost(sound, lost, count)
        yield piece
    _refuse_mostly_lost(sound, lost, count)


def _refuse_mostly_lost(sound: _Sound, lost: int, count: int) -> None:
    if lost > count / 2:
        raise AudioError(f"{sound.name}: more than half of its samples are not-a-number or infinite; make it anew")


def _between(pieces: Iterator[NDArray[np.float32]], first: int, end: int | None) -> Iterator[NDArray[np.float32]]:
    """Rows ``first`` to ``end`` of what the pieces would be in one; takes no more pieces than that needs."""
    position = 0
    for piece in pieces:
        part = piece[max(0, first - position) : None if end is None else max(0, end - position)]
        position += len(piece)
        if len(part):
            yield part
        if end is not None and position >= end:
            return


@contextmanager
def _opened(source: Source) -> Iterator[_Sound]:
    if isinstance(source, Waveform):
        pieces = iter([source.samples[:, None]])
        yield _believed(_Sound("the sound given", source.rate, partial(_between, pieces)))
        return
    with _told(source), _file(source) as (kept, name):
        file = _Noting(kept)
        if not file.read(1) and file.failure is None:
            raise AudioError(f"{name}: holds no sound (the file is empty)")
        file.seek(0)
        try:
            with _decoding(cast("BinaryIO", file), name) as sound:
                yield _believed(sound)
        except AudioError:
            if file.failure is None:
                raise
        if file.failure is not None:
            raise file.failure


@contextmanager
def _decoding(file: BinaryIO, name: str) -> Iterator[_Sound]:
    """By libsndfile or, where it cannot, by FFmpeg's libraries."""
    try:
        opened = soundfile.SoundFile(file)
    except (soundfile.SoundFileError, TypeError):  # the latter for a file named .raw
        file.seek(0)
        with media.decoded(file, name) as (rate, pieces):
            yield _Sound(name, rate, partial(_between, pieces))
        return
    with opened:
        yield _Sound(name, opened.samplerate, partial(_sndfile, opened))


class _Noting:
    """A binary file that ends where it cannot be read, and keeps why: what calls it from C would only print that."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: OSError | None = None
        if hasattr(file, "readinto"):
            self.readinto = partial(self._noted, file.readinto, 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        found: bytes = self._noted(self._file.read, b"", size)
        return found

    def _noted(self, work: Callable[..., Any], nothing: Any, *asked: Any) -> Any:
        try:
            return work(*asked)
        except OSError as error:
            self.failure = error
            return nothing


@contextmanager
def _told(source: Source) -> Iterator[None]:
    """What the disk or the network cannot give costs this recording only."""
    try:
        yield
    except OSError as error:
        name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", "the recording given")
        raise AudioError(f"{name}: cannot be read: {reason_of(error)}") from error


def _believed(sound: _Sound) -> _Sound:
    if not LOWEST_RATE <= sound.rate <= HIGHEST_RATE:
        raise AudioError(
            f"{sound.name}: says that its rate is {sound.rate} Hz; valid: {LOWEST_RATE} to {HIGHEST_RATE} Hz"
        )
    return sound


@contextmanager
def _file(source: str | os.PathLike[str] | bytes | BinaryIO) -> Iterator[tuple[BinaryIO, str]]:
    """A seekable file at its beginning, and its name; a pipe is copied to disk first."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield BytesIO(source), "the recording given"
        return
    if isinstance(source, (str, os.PathLike)):
        with open_binary(source) as file, _file(file) as (seekable, _):
            yield seekable, str(source)
        return
    name = str(getattr(source, "name", "the recording given"))
    if not hasattr(source, "read") or isinstance(source, TextIOBase) or getattr(source, "closed", False):
        what = "is closed" if getattr(source, "closed", False) else f"is no recording but a {type(source).__name__}"
        raise UsageError(f"{name} {what}; valid: a path, bytes, an open binary file or a Waveform")
    if getattr(source, "seekable", bool)():
        source.seek(0)
        yield source, name
        return
    with tempfile.TemporaryFile() as spool:
        shutil.copyfileobj(source, spool)
        spool.seek(0)
        yield spool, name


def _sndfile(opened: soundfile.SoundFile, first: int, end: int | None) -> Iterator[NDArray[np.float32]]:
    """The frames that libsndfile decodes; where it fails on the way, those that came before."""
    # Elsewhere seeking is not exact (Vorbis), or fails where a header lies (FLAC).
    plain = opened.format != "FLAC" and opened.subtype.startswith(("PCM_", "FLOAT", "DOUBLE"))
    if not plain:
        yield from _between(_decoded(opened, "float32"), first, end)
    elif first < opened.frames:
        with suppress(soundfile.SoundFileError):
            opened.seek(first)
            length = None if end is None else end - first
            dtype = "int16" if opened.subtype == "PCM_16" else "float32"
            yield from _between(_decoded(opened, dtype, length), 0, length)


def _decoded(opened: soundfile.SoundFile, dtype: str, wanted: int | None = None) -> Iterator[NDArray[np.float32]]:
    size = max(1, min(_PIECE // opened.channels, wanted or _PIECE))
    while True:
        piece = np.empty((min(size, opened.frames), opened.channels), dtype=dtype)
        if dtype == "float32":
            piece.fill(np.nan)
        try:
            piece = opened.read(out=piece)
        except soundfile.SoundFileError:
            # How much came before the failure is not told; what did not come is still not a number.
            came = np.flatnonzero(~np.isnan(piece[:, 0]))
            yield piece[: came[-1] + 1 if len(came) else 0]
            return
        if not len(piece):
            return
        yield piece if dtype == "float32" else piece * np.float32(2**-15)
