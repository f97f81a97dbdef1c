"""Sound that arrives in pieces, to mono at one rate.

Files, microphones and sockets all come through here, so that a stream holds the same samples as the file. Channels
are mixed by their mean; soxr resamples at its HQ setting, and where pieces end makes no difference. What lies beyond
[-1, 1] is clipped there, before the mix and again after resampling.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from ..errors import AudioError, UsageError, unknown
from .waveform import RATE

Chunk: TypeAlias = "NDArray[np.int16] | NDArray[np.float32] | NDArray[np.float64] | bytes"
"""Samples as an array of shape (n,) or (n, channels), or as bytes, little-endian, channels interleaved."""

ENCODINGS = {"int16": "<i2", "float32": "<f4"}
"""Of samples in bytes, and numpy's name for each."""

LOWEST_RATE = 1_000
HIGHEST_RATE = 768_000
"""Hz; beyond these a header is taken to be wrong: 1 Hz would turn a small file into days of sound."""

LOUDEST = 16.0
"""Times full scale; floats beyond it are integers that someone has converted without dividing them."""

_NOTHING: NDArray[np.float32] = np.empty(0, dtype=np.float32)


class ToMono:
    """Mixes and resamples one sound, a piece at a time.

    Args:
        rate: of the pieces, in Hz.
        target: of what comes out, in Hz.

    Raises:
        UsageError: if a rate is out of range.

    Example:
        >>> mixer = ToMono(48_000)
        >>> sum(len(mixer.take(np.zeros((480, 2), dtype=np.float32))) for _ in range(100)) + len(mixer.rest())
        16000
    """

    def __init__(self, rate: int, target: int = RATE) -> None:
        check_rate(rate)
        check_rate(target)
        same = rate == target
        self._stream = None if same else soxr.ResampleStream(rate, target, 1, dtype="float32", quality="HQ")

    def take(self, piece: NDArray[np.float32]) -> NDArray[np.float32]:
        """What there is so far after this piece.

        Args:
            piece: shape (n, channels); a sample that is not a number, or infinite, becomes 0.

        Returns:
            Mono, float32, within [-1, 1]; it comes as soon as the filter lets it.
        """
        mixed = _mono(piece)
        return mixed if self._stream is None else _within_range(self._stream.resample_chunk(mixed))

    def rest(self) -> NDArray[np.float32]:
        """What the filter still holds at the end of the sound."""
        return _NOTHING if self._stream is None else _within_range(self._stream.resample_chunk(_NOTHING, last=True))


def samples(chunk: Chunk, channels: int = 1, encoding: str = "int16") -> NDArray[np.float32]:
    """A chunk as float32; always a copy, so that the caller may use its buffer again.

    Args:
        chunk: an array of int16, float32 or float64, of shape (n,) or (n, channels); or bytes.
        channels: how many there are.
        encoding: of bytes: ``"int16"`` or ``"float32"``, little-endian, channels interleaved.

    Returns:
        float32, shape (n, channels); of integers, full scale is 1.

    Raises:
        UsageError: if it has another type or shape, or bytes that are no whole number of samples.
        AudioError: if a value is not a number, infinite, or far beyond full scale.

    Example:
        >>> samples(np.array([[0, -32768]], dtype=np.int16), channels=2)
        array([[ 0., -1.]], dtype=float32)
    """
    array = _decoded(chunk, channels, encoding) if isinstance(chunk, (bytes, bytearray, memoryview)) else chunk
    if not isinstance(array, np.ndarray) or array.dtype.kind + str(array.dtype.itemsize) not in ("i2", "f4", "f8"):
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise UsageError(f"a chunk of {kind} is not sound; valid: an array of int16, float32 or float64, or bytes")
    shaped = array[:, None] if array.ndim == 1 and channels == 1 else array
    if shaped.ndim != 2 or shaped.shape[1] != channels:
        raise UsageError(f"a chunk has the shape {array.shape}; valid for {_count(channels)}: (n, {channels})")
    if array.dtype.kind == "i":
        integers: NDArray[np.float32] = shaped.astype(np.float32) * np.float32(2**-15)
        return integers
    if shaped.size and not max(shaped.max(), -shaped.min()) <= LOUDEST:  # so written, not-a-number is caught too
        if np.isfinite(shaped).all():
            raise AudioError("a chunk of floats is far beyond [-1, 1]; give integers as int16, or divide them by 32768")
        raise AudioError("a chunk holds a value that is not a number, or infinite")
    floats: NDArray[np.float32] = shaped.astype(np.float32)
    return floats


def check_rate(rate: int) -> None:
    """Refuse a rate that sound cannot be resampled to.

    Raises:
        UsageError: if ``rate`` is not from :data:`LOWEST_RATE` to :data:`HIGHEST_RATE`.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UsageError(f"a rate of {rate} Hz is out of range; valid: {LOWEST_RATE} to {HIGHEST_RATE} Hz")


def check_encoding(encoding: str, channels: int) -> None:
    """Refuse samples that are not understood.

    Raises:
        UsageError: if there is no such encoding, or no channel.
    """
    if encoding not in ENCODINGS:
        raise unknown("encoding", encoding, ENCODINGS)
    if channels < 1:
        raise UsageError(f"a stream of {channels} channels holds no sound; valid: 1 or more")


def _decoded(chunk: bytes | bytearray | memoryview, channels: int, encoding: str) -> NDArray[np.float32]:
    check_encoding(encoding, channels)
    kind = np.dtype(ENCODINGS[encoding])
    size = len(memoryview(chunk).cast("B"))
    if size % (kind.itemsize * channels):
        of = f"{encoding}, {_count(channels)}"
        raise UsageError(
            f"{size} bytes are no whole number of samples; valid for {of}: multiples of {kind.itemsize * channels}"
        )
    return np.frombuffer(chunk, dtype=kind).reshape(-1, channels)


def _count(channels: int) -> str:
    return f"{channels} channel{'' if channels == 1 else 's'}"


def _mono(piece: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(piece) and not max(piece.max(), -piece.min()) <= 1:  # so written, not-a-number is caught too
        piece = _within_range(np.nan_to_num(piece, nan=0, posinf=0, neginf=0))
    return piece[:, 0] if piece.shape[1] == 1 else piece.mean(axis=1)


def _within_range(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(sound, -1, 1, out=sound)
