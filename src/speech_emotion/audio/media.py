"""Formats that libsndfile cannot read, by FFmpeg's libraries: m4a, webm, mp4, wma, amr.

PyAV, the extra ``media``, carries those libraries with it; no ``ffmpeg`` command is needed. Containers that
name other files or addresses (playlists) are refused: what is read is the file that was given, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError, MissingExtraError, reason_of

CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,rm,"
    "tak,tta,voc,w64,wav,wv"
)
"""FFmpeg's names of the containers that may be read."""


@contextmanager
def decoded(file: BinaryIO, name: str) -> Iterator[tuple[int, Iterator[NDArray[np.float32]]]]:
    """Open a recording, or the sound of a film, by FFmpeg's libraries.

    Args:
        file: seekable, at its beginning.
        name: what to call it in an error.

    Yields:
        Its rate in Hz, and its sound in pieces: float32, shape (n, channels). A damaged packet is left out,
        and the sound ends where the file is cut off.

    Raises:
        MissingExtraError: if PyAV is not installed.
        AudioError: if FFmpeg cannot read it either, or there is no sound in it.
    """
    try:
        import av
    except ImportError:
        raise MissingExtraError(
            f"{name}: is no recording that libsndfile reads; if it is one of another format, reading it", "media"
        ) from None
    try:
        container = _container(av, file)
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(
            f"{name}: neither libsndfile nor FFmpeg can read it ({reason_of(error)}); is it a recording, and whole?"
        ) from error
    with container:
        if not container.streams.audio:
            raise AudioError(f"{name}: holds no sound (it has no audio track)")
        decoder = container.streams.audio[0].codec_context
        if decoder is None:
            raise AudioError(f"{name}: FFmpeg has no decoder for its sound")
        yield decoder.sample_rate, _pieces(container, decoder.sample_rate, name)


def _container(av: Any, file: BinaryIO) -> Any:
    options = {"format_whitelist": CONTAINERS}
    try:
        return av.open(file, mode="r", options=options, metadata_errors="replace")
    except TypeError:  # PyAV 19 has no such argument: text that is not UTF-8 does not fail there
        return av.open(file, mode="r", options=options)


def _pieces(container: Any, rate: int, name: str) -> Iterator[NDArray[np.float32]]:
    for frame in _frames(container):
        if frame.sample_rate != rate:
            raise AudioError(f"{name}: changes its rate on the way, from {rate} Hz to {frame.sample_rate} Hz")
        try:
            yield _floats(frame)
        except ValueError as error:  # 64 bit integers
            raise AudioError(f"{name}: its samples cannot be used ({error})") from error


def _frames(container: Any) -> Iterator[Any]:
    import av

    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue


def _floats(frame: Any) -> NDArray[np.float32]:
    array: NDArray[Any] = frame.to_ndarray()
    samples = array.T if frame.format.is_planar else array.reshape(-1, len(frame.layout.channels))
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    middle = half if samples.dtype.kind == "u" else 0.0
    scaled: NDArray[np.float64] = (samples.astype(np.float64) - middle) / half
    return scaled.astype(np.float32)
