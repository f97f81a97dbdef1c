"""The words of recordings beside their tone.

Whisper tells what is said and when; the tone of each segment is taken from the segment's own sound, by the same path
as that of a file. A long recording is transcribed a stretch at a time, cut where it is quiet, in bounded memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..audio.read import Source, blocks
from ..audio.waveform import RATE, Waveform
from ..models.model import LONG_SECONDS, Model
from ..models.prediction import Prediction
from . import whisper
from .recognizer import Heard, Recognition, answered, opened
from .transcript import Segment, Transcript, Word, plain

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

MARGIN = 0.2
"""Seconds heard before and after a segment, as far as nothing else is said there: Whisper's times are about so exact.
On 120 RAVDESS clips, 4 answers differed from those of the whole clips without it, and none with it."""

SENTENCES = 5.0
"""Seconds after which a segment ends with its sentence: Whisper may give half a minute as one segment."""

LONGEST = 15.0
"""Seconds of a segment that ends in the middle of a sentence, if it must."""

PAUSE = 1.0
"""Seconds of silence between two words that end a segment."""

SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")

LEAST = 0.1
"""Seconds heard even of a segment that Whisper gives no length."""

STRETCH = 600.0
"""Seconds transcribed at once: what a recording of any length costs in memory."""

SEARCHED = 30.0
"""Seconds at the end of a stretch, among which it is cut where they are quietest."""


def transcribe(
    source: Source,
    model: Heard = None,
    *,
    words: str | os.PathLike[str] = whisper.DEFAULT,
    language: str | None = None,
    threads: int | None = None,
    through: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> Transcript:
    """What is said in a recording, and how.

    Args:
        source: a path, which may lead through a zip archive; the bytes of a file; or a binary file.
        model: of the tone; None takes the built-in one.
        words: a Whisper model: a name, which faster-whisper downloads once, or a folder.
        language: its code, such as ``"de"``; None lets Whisper find it.
        threads: of Whisper; None takes all cores.
        through: what Whisper finds goes through it, half a minute at a time; it may break the work off by an error.

    Returns:
        Segments with text, times, words and tone. The tone of the whole is that of :func:`~.recognizer.recognize`; of
        a recording longer than 30 s, the mean of its segments, by their lengths.

    Raises:
        AudioError: if the recording cannot be read.
        MissingExtraError: if faster-whisper is not installed.
        UsageError: if there is no model of that name, of either kind, or Whisper's does not know the language.
        BundleError: if a folder holds no Whisper model, or the model of the tone cannot be read.
        DownloadError: if it cannot be fetched.
    """
    model = opened(model)
    listener = whisper.opened(whisper.find(words), threads)
    whisper.check_language(listener, language)
    if not isinstance(source, (str, bytes, os.PathLike, Waveform)) and not source.seekable():
        source = source.read()  # it is heard twice
    said: list[Segment] = []
    duration = 0.0
    for start, samples in stretches(blocks(source, RATE, SEARCHED), STRETCH, SEARCHED):
        duration = start + len(samples) / RATE
        found, detected = _said(listener, samples, start, language, through)
        if found:
            language = language or detected
            said += _toned(found, samples, start, model)
    whole = _mean(said, duration, model) if said and duration > LONG_SECONDS else model.recognize(source)
    if said:  # words outweigh the voice activity, but where it heard nobody, nothing is claimed of the tone
        whole = replace(whole, spoken=True)
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
    listener = whisper.opened(whisper.find(words), threads)  # what no recording could make right is no answer
    whisper.check_language(listener, language)

    def heard(sound: Source) -> Recognition:
        found = transcribe(sound, model, words=words, language=language, threads=threads)
        return Recognition(path, model.name, found.prediction, found.segments, text=found.text, language=found.language)

    return answered(path, model, source, heard)


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


def _said(
    listener: WhisperModel,
    samples: NDArray[np.float32],
    start: float,
    language: str | None,
    through: Callable[[Iterable[Any]], Iterable[Any]],
) -> tuple[list[Segment], str]:
    """Segments without their tone, and the language; silence is left out first, since Whisper hears words in it."""
    found, about = listener.transcribe(samples, language=language, word_timestamps=True, vad_filter=True)
    end = start + len(samples) / RATE
    parts = [part for segment in through(found) for part in _parts(segment, start, end)]
    return [part for part in parts if part.text], about.language


def _parts(segment: Any, start: float, end: float) -> Iterator[Segment]:
    """A segment of faster-whisper, parted where somebody pauses, and where one of its sentences ends late."""

    def time(seconds: float) -> float:
        return min(start + max(float(seconds), 0.0), end)

    heard = list(segment.words or ())
    if not heard:
        yield _silent(segment.text, time(segment.start), time(segment.end), ())
    for first, last in pairwise(_ends(heard)):
        words = tuple(
            Word(plain(word.word), time(word.start), time(word.end), float(word.probability))
            for word in heard[first:last]
        )
        yield _silent("".join(word.word for word in heard[first:last]), words[0].start, words[-1].end, words)


def _ends(heard: list[Any]) -> list[int]:
    """Where parts begin among the words, and where the last one ends."""
    places = [0] if heard else []
    for number in range(1, len(heard)):
        before, begun = heard[number - 1], heard[places[-1]].start
        sentence = before.word.rstrip().endswith(SENTENCE_ENDS) and before.end - begun >= SENTENCES
        if sentence or heard[number].end - begun > LONGEST or heard[number].start - before.end >= PAUSE:
            places.append(number)
    return [*places, len(heard)]


def _silent(text: str, start: float, end: float, words: tuple[Word, ...]) -> Segment:
    return Segment(plain(text), start, max(start, end), None, 0.0, (), words)


def _mean(said: list[Segment], duration: float, model: Model) -> Prediction:
    rows = [[dict(segment.scores)[emotion] for emotion in model.emotions] for segment in said]
    lengths = [max(segment.end - segment.start, LEAST) for segment in said]
    return model.prediction(np.average(np.array(rows), axis=0, weights=lengths), 0.0, duration)


def _toned(said: list[Segment], samples: NDArray[np.float32], start: float, model: Model) -> Iterator[Segment]:
    end = start + len(samples) / RATE
    edges = [start, *((before.end + after.start) / 2 for before, after in pairwise(said)), end]
    for number, segment in enumerate(said):
        middle = (segment.start + segment.end) / 2
        first = min(segment.start, max(segment.start - MARGIN, edges[number]), max(middle - LEAST / 2, start))
        last = max(segment.end, min(segment.end + MARGIN, edges[number + 1]), min(middle + LEAST / 2, end))
        own = samples[int((first - start) * RATE) : round((last - start) * RATE)]
        yield segment.with_tone(model.recognize_waveform(Waveform(own, RATE)))
