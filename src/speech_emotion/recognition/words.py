"""The words of recordings beside their tone.

Whisper tells what is said and when; the tone of each segment is taken from the segment's own sound, by the same path
as that of a file. A long recording is transcribed a stretch at a time, cut where it is quiet, in bounded memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..audio.read import Source, blocks
from ..audio.waveform import RATE, Waveform
from ..errors import SpeechEmotionError, UsageError
from ..models.model import Model
from . import whisper
from .recognizer import Recognition, builtin
from .transcript import Segment, Transcript, Word, plain

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

MARGIN = 0.2
"""Seconds heard before and after a segment, as far as nothing else is said there: Whisper's times are about so exact.
On 120 RAVDESS clips, 4 answers differed from those of the whole clips without it, and none with it."""

LEAST = 0.1
"""Seconds heard even of a segment that Whisper gives no length."""

STRETCH = 600.0
"""Seconds transcribed at once: what a recording of any length costs in memory."""

SEARCHED = 30.0
"""Seconds at the end of a stretch, among which it is cut where they are quietest."""


def transcribe(
    source: Source,
    model: Model | None = None,
    *,
    words: str | os.PathLike[str] = whisper.DEFAULT,
    language: str | None = None,
    threads: int | None = None,
) -> Transcript:
    """What is said in a recording, and how.

    Args:
        source: a path, which may lead through a zip archive; the bytes of a file; or a binary file.
        model: of the tone; None takes the built-in one.
        words: a Whisper model: a name, which faster-whisper downloads once, or a folder.
        language: its code, such as ``"de"``; None lets Whisper find it.
        threads: of Whisper; None takes all cores.

    Returns:
        Segments with text, times, words and tone.

    Raises:
        AudioError: if the recording cannot be read.
        MissingExtraError: if faster-whisper is not installed.
        UsageError: if there is no Whisper model of that name, or it does not know the language.
        BundleError: if a folder holds no Whisper model.
        DownloadError: if it cannot be fetched.
    """
    model = model or builtin()
    listener = whisper.opened(whisper.find(words), threads)
    whisper.check_language(listener, language)
    whole = model.recognize(source)
    said: list[Segment] = []
    for start, samples in stretches(blocks(source, RATE, SEARCHED), STRETCH, SEARCHED):
        found, detected = _said(listener, samples, language)
        if found:
            language = language or detected
            said += _toned(found, samples, start, model)
    return Transcript(" ".join(segment.text for segment in said), language, whole, tuple(said))


def transcribe_file(
    path: str,
    model: Model,
    *,
    words: str | os.PathLike[str] = whisper.DEFAULT,
    language: str | None = None,
    threads: int | None = None,
    source: Source | None = None,
) -> Recognition:
    """The words and tone of one recording, or the reason why there are none.

    Args:
        path: the file; what the answer calls it.
        model: of the tone.
        words: a Whisper model: a name or a folder.
        language: its code; None lets Whisper find it.
        threads: of Whisper; None takes all cores.
        source: the recording, where it is not the file at ``path``.
    """
    heard = path if source is None else source
    listener = whisper.opened(whisper.find(words), threads)  # what no recording could make right is no answer
    whisper.check_language(listener, language)
    try:
        found = transcribe(heard, model, words=words, language=language, threads=threads)
    except UsageError:
        raise
    except SpeechEmotionError as error:
        name = path if source is None else getattr(source, "name", path)
        return Recognition(path, model.name, error=str(error).removeprefix(f"{name}: "))
    return Recognition(path, model.name, found.prediction, found.segments, text=found.text, language=found.language)


def stretches(
    pieces: Iterable[NDArray[np.float32]], longest: float, searched: float
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """A sound of any length in parts, cut where it is quiet.

    Args:
        pieces: mono, at 16 kHz, each of any length.
        longest: seconds of a part.
        searched: seconds at the end of a part, among which it is cut.

    Yields:
        Where each part begins, in seconds, and its samples; joined, they are the sound.
    """
    begin, held = 0, np.empty(0, dtype=np.float32)
    size, tail = round(longest * RATE), round(searched * RATE)
    for piece in pieces:
        held = np.concatenate([held, piece])
        while len(held) > size:
            cut = size - tail + _quietest(held[size - tail : size])
            yield begin / RATE, held[:cut]
            begin, held = begin + cut, held[cut:]
    if len(held):
        yield begin / RATE, held


def _quietest(samples: NDArray[np.float32]) -> int:
    """The middle of the quietest third of a second."""
    frame = RATE // 30
    energy = np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)).sum(axis=1, dtype=np.float64)
    width = min(10, len(energy))
    around = np.convolve(energy, np.ones(width), mode="valid")
    return int(np.argmin(around) * frame + width * frame // 2)


def _said(listener: WhisperModel, samples: NDArray[np.float32], language: str | None) -> tuple[list[Any], str]:
    """faster-whisper's segments, silence left out, since Whisper hears words in it; and the language."""
    found, about = listener.transcribe(samples, language=language, word_timestamps=True, vad_filter=True)
    return [segment for segment in found if plain(segment.text)], about.language


def _toned(said: list[Any], samples: NDArray[np.float32], start: float, model: Model) -> Iterator[Segment]:
    length = len(samples) / RATE
    times = [(min(max(float(part.start), 0), length), min(float(part.end), length)) for part in said]
    edges = [0.0, *((end + begin) / 2 for (_, end), (begin, _) in pairwise(times)), length]
    for number, (part, (begin, end)) in enumerate(zip(said, times, strict=True)):
        middle = (begin + end) / 2
        first = min(begin, max(begin - MARGIN, edges[number]), max(middle - LEAST / 2, 0))
        last = max(end, min(end + MARGIN, edges[number + 1]), min(middle + LEAST / 2, length))
        own = samples[int(first * RATE) : round(last * RATE)]
        heard = model.recognize_waveform(Waveform(own, RATE))
        words = tuple(
            Word(plain(word.word), start + float(word.start), start + float(word.end), float(word.probability))
            for word in part.words or ()
        )
        silent = Segment(plain(part.text), start + begin, start + max(begin, end), None, 0.0, (), words)
        yield silent.with_tone(heard)
