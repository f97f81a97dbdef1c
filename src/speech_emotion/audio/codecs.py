"""What a codec does to a recording: encoded, decoded and laid over the original.

MP3 and Opus are FFmpeg's, by PyAV (the extra ``media``); GSM's full rate (GSM 06.10), the speech codec of the first
digital telephones, comes with libsndfile. All is done in memory. A codec's delay and padding are taken off again:
the result has the length of the original, and begins where it does.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from ..errors import AudioError, MissingExtraError, unknown
from .read import read
from .waveform import Waveform

LONGEST_DELAY = 0.15
"""Seconds by which a decoded recording may be late or early: MP3's encoder and decoder together need 0.1 at 16 kHz."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to make a recording small.

    Attributes:
        title: for people.
        rate: at which it is encoded, in Hz; what lies above half of that is lost.
        bit_rate: bits a second.
        container: FFmpeg's name of the file format; empty where libsndfile encodes.
        encoder: FFmpeg's name of the encoder, or libsndfile's of the kind of WAV file.
    """

    title: str
    rate: int
    bit_rate: int
    container: str
    encoder: str


CODECS = {
    "mp3": Codec("MP3, 32 kbit/s", 16_000, 32_000, "mp3", "libmp3lame"),
    "opus": Codec("Opus, 12 kbit/s", 16_000, 12_000, "ogg", "libopus"),
    "gsm": Codec("GSM full rate, 13 kbit/s", 8_000, 13_200, "", "GSM610"),
}
"""By name. The rates are low ones of daily use: a voice message, a call over the internet, a mobile telephone."""


def coded(waveform: Waveform, codec: str) -> Waveform:
    """A recording as a codec leaves it.

    Args:
        waveform: mono.
        codec: a name from :data:`CODECS`.

    Returns:
        As long as the waveform, and at its rate.

    Raises:
        UsageError: if there is no such codec.
        MissingExtraError: if it needs PyAV, which is not installed.
        AudioError: if this machine's PyAV or libsndfile has no such encoder.

    Example:
        >>> hum = Waveform(0.5 * np.sin(np.arange(16_000) / 10, dtype=np.float32))
        >>> round(float(np.corrcoef(coded(hum, "gsm").samples, hum.samples)[0, 1]), 1)
        1.0
    """
    if codec not in CODECS:
        raise unknown("codec", codec, CODECS)
    how = CODECS[codec]
    samples = waveform.samples
    if waveform.rate != how.rate:
        samples = np.clip(soxr.resample(samples, waveform.rate, how.rate), -1, 1)
    if not len(samples):
        return waveform
    decoded = read(_by_ffmpeg(samples, how) if how.container else _by_sndfile(samples, how), waveform.rate)
    return Waveform(aligned(decoded.samples, waveform.samples, round(LONGEST_DELAY * waveform.rate)), waveform.rate)


def aligned(late: NDArray[np.float32], original: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """A sound shifted to where it correlates best with another, and cut, or filled with silence, to its length.

    Args:
        late: shape (m,).
        original: shape (n,).
        most: samples by which it may be shifted, either way.

    Returns:
        Shape (n,).

    Example:
        >>> aligned(np.float32([0, 0, 1, 2, 3]), np.float32([1, 2, 3, 0]), most=2)
        array([1., 2., 3., 0.], dtype=float32)
    """
    size = 1 << (len(late) + len(original) + 2 * most).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(late, size) * np.conj(np.fft.rfft(original, size)), size)
    near = np.arange(-most, most + 1)
    delay = int(near[likeness[near].argmax()]) if likeness[near].max() > 0 else 0
    shifted = np.zeros(len(original), dtype=np.float32)
    part = late[max(0, delay) :][: len(original) - max(0, -delay)]
    shifted[max(0, -delay) :][: len(part)] = part
    return shifted


def _by_sndfile(samples: NDArray[np.float32], codec: Codec) -> bytes:
    file = io.BytesIO()
    try:
        soundfile.write(file, samples, codec.rate, format="WAV", subtype=codec.encoder)
    except (soundfile.SoundFileError, ValueError) as error:
        raise AudioError(f"this libsndfile cannot encode {codec.title}") from error
    return file.getvalue()


def _by_ffmpeg(samples: NDArray[np.float32], codec: Codec) -> bytes:
    try:
        import av
    except ImportError:
        raise MissingExtraError(codec.title, "media") from None
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=codec.container) as output:
            stream = output.add_stream(codec.encoder, rate=codec.rate, layout="mono")
            stream.bit_rate = codec.bit_rate
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
            frame.sample_rate = codec.rate
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    except (av.FFmpegError, ValueError) as error:  # the latter where there is no such encoder
        raise AudioError(f"this PyAV cannot encode {codec.title} ({error})") from error
    return file.getvalue()
