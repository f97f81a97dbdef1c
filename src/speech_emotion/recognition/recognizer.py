"""The emotion of recordings.

A short recording is heard whole. Over a long one, windows of equal length are heard; the answer for all of it is the
mean of their probabilities.
"""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import workers as workers_
from ..audio.read import Source
from ..audio.voiced import Voiced
from ..audio.windows import Window, slide, windows
from ..corpora.paths import AUDIO_SUFFIXES, walk
from ..errors import InstallationError, SpeechEmotionError, UsageError
from ..features.measure import measure
from ..models import bundle
from ..models.model import Model
from ..models.prediction import Prediction
from .groups import PATH, is_table, listed
from .transcript import Segment

WINDOW = 3.0
"""Seconds heard at once where segments are asked for."""

HOP = 1.0
"""Seconds from one segment to the next."""

WORTH_PROCESSES = 64
"""Fewer files than this are done before another process would have started."""

FILES_AT_ONCE = 16
"""Files that a process hears before it answers."""


Heard = Model | str | os.PathLike[str] | None
"""By what a user says what shall hear: a model, its name or path, or nothing."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was made of one file: a prediction, or the reason why there is none.

    Attributes:
        path: the file, as it was named.
        model: the name of the model.
        prediction: for the whole of it; its ``end`` is the duration in seconds.
        segments: a prediction a window, or segments with words, where asked for.
        error: why it could not be used.
        text: what is said in it, where words were asked for.
        language: of the words; None where there are none.
    """

    path: str
    model: str
    prediction: Prediction | None = None
    segments: tuple[Prediction | Segment, ...] | None = None
    error: str | None = None
    text: str | None = None
    language: str | None = None

    @property
    def spoken_parts(self) -> tuple[Prediction | Segment, ...]:
        """The segments, or the whole where there are none, in which somebody speaks."""
        whole = () if self.prediction is None else (self.prediction,)
        return tuple(part for part in (whole if self.segments is None else self.segments) if part.spoken)


def recognize(source: Source, model: Heard = None) -> Prediction:
    """The emotion of a recording.

    Args:
        source: a path, which may lead through a zip archive; the bytes of a file; or a binary file.
        model: or its name or path, which is loaded anew each time; None takes the built-in one.

    Raises:
        AudioError: if the recording cannot be read.
        BundleError: if the model cannot.
        UsageError: if there is no built-in model of that name.
    """
    return opened(model).recognize(source)


def recognize_segments(
    source: Source, model: Heard = None, window: float = WINDOW, hop: float = HOP
) -> Iterator[Prediction]:
    """The emotion of each window of a recording of any length, in bounded memory.

    Args:
        source: a path, the bytes of a file, or a binary file.
        model: or its name or path; None takes the built-in one.
        window: seconds.
        hop: seconds from one window to the next.

    Yields:
        Predictions in the order of time, which together cover the recording; where nobody speaks in a window, no
        emotion is named.

    Raises:
        AudioError: if the recording cannot be read.
        BundleError: if the model cannot.
        UsageError: if ``hop`` is not above 0 and at most ``window``, or there is no built-in model of that name.
    """
    slide((), window, hop)  # refuses windows that are not possible now, and not with the first answer
    return _segments(source, opened(model), window, hop)


def _segments(source: Source, model: Model, window: float, hop: float) -> Iterator[Prediction]:
    voiced = Voiced(window, model.config.rate)
    for part in windows(source, window, hop, model.config.rate):
        voiced.hear(part)
        yield model.prediction(hear(part, model), part.start, part.end, voiced.spoken)


def hear(window: Window, model: Model) -> NDArray[np.float64]:
    """What the model makes of one window, of a file or a stream: probabilities, shape (emotions,)."""
    found: NDArray[np.float64] = model.predict_proba(measure(window.waveform, model.config)[None])[0]
    return found


def recognize_files(
    paths: Iterable[str | os.PathLike[str]],
    model: Heard = None,
    *,
    segments: bool = False,
    window: float = WINDOW,
    hop: float = HOP,
    workers: int | None = None,
) -> Iterator[Recognition]:
    """The emotions of many recordings; one that cannot be used costs its own answer only.

    Args:
        paths: files, which may lead through zip archives.
        model: or its name or path; None takes the built-in one.
        segments: whether to hear each window as well.
        window: seconds, of a segment.
        hop: seconds from one segment to the next.
        workers: processes; None takes all cores for many files and none for few.

    Yields:
        An answer a path, in order, as soon as it is there.

    Raises:
        BundleError: if the model cannot be read.
        UsageError: if what is given are not many paths, or there is no built-in model of that name.
    """
    todo = _paths(paths)
    if workers is None and len(todo) < WORTH_PROCESSES:
        workers = 1
    if segments:
        slide((), window, hop)  # refuses windows that are not possible, before any file is heard
    hear = partial(recognize_file, model=opened(model), segments=segments, window=window, hop=hop)
    size = 1 if workers == 1 else FILES_AT_ONCE  # with each task the model travels to another process
    tasks = [todo[first : first + size] for first in range(0, len(todo), size)]
    return (answer for answers in workers_.run(partial(_each, hear), tasks, workers) for answer in answers)


def recognize_file(
    path: str,
    model: Model,
    *,
    segments: bool = False,
    window: float = WINDOW,
    hop: float = HOP,
    source: Source | None = None,
) -> Recognition:
    """The emotion of one recording, or the reason why there is none.

    Args:
        path: the file; what the answer calls it.
        model: which to ask.
        segments: whether to hear each window as well.
        window: seconds, of a segment.
        hop: seconds from one segment to the next.
        source: the recording, where it is not the file at ``path``.
    """

    def heard(sound: Source) -> Recognition:
        parts = partial(recognize_segments, sound, model, window, hop)
        return Recognition(path, model.name, model.recognize(sound), tuple(parts()) if segments else None)

    return answered(path, model, source, heard)


def answered(path: str, model: Model, source: Source | None, hear: Callable[[Source], Recognition]) -> Recognition:
    """What is heard in one recording, or the reason why nothing is.

    Args:
        path: the file; what the answer calls it.
        model: that answers.
        source: the recording, where it is not the file at ``path``.
        hear: is given the recording.

    Raises:
        UsageError: if what is asked for is not possible, whatever the recording.
        InstallationError: if a file of the package's own is missing or damaged.
    """
    try:
        return hear(path if source is None else source)
    except (UsageError, InstallationError):
        raise
    except SpeechEmotionError as error:
        name = path if source is None else getattr(source, "name", path)
        return Recognition(path, model.name, error=str(error).removeprefix(f"{name}: "))


def _paths(given: Iterable[str | os.PathLike[str]]) -> list[str]:
    if isinstance(given, (str, os.PathLike)):
        raise UsageError(f"recognize_files takes many paths, not one: recognize_files(['{given}'])")
    if not isinstance(given, Iterable) or isinstance(given, bytes):
        raise UsageError(f"recognize_files takes many paths, such as ['call.wav'], not {given!r:.60}")
    paths = [os.fspath(path) if isinstance(path, os.PathLike) else path for path in given]
    for place, path in enumerate(paths):
        if not isinstance(path, str):
            raise UsageError(f"recognize_files takes paths, such as 'call.wav'; paths[{place}] is {path!r:.60}")
    return paths


def _each(hear: Callable[[str], Recognition], paths: list[str]) -> list[Recognition]:
    return [hear(path) for path in paths]


def recordings(names: Sequence[str]) -> Iterator[str]:
    """The recordings that names stand for.

    Args:
        names: files, folders, zip archives, patterns such as ``calls/*.wav`` (``**`` for any depth), paths that lead
            through an archive, or CSVs that list paths in a column ``path``.

    Yields:
        Paths, each once, in the order of the names; those of a folder or archive sorted, and only those that end
        like audio. A name that stands for nothing is passed on, and so is a folder inside that may not be read: each
        gets its error.

    Raises:
        CorpusError: if a CSV, an archive or a folder cannot be read.
    """
    found = itertools.chain.from_iterable(map(_recordings, names))
    yield from dict.fromkeys(found)


def _recordings(name: str) -> Iterable[str]:
    if not name:
        raise UsageError("a recording has an empty name; an unset variable?")
    if is_table(name):
        return [row[PATH] for row in listed(name)[1]]
    place = Path(name)
    if os.path.isdir(place) or (os.path.isfile(place) and place.suffix.lower() == ".zip"):
        unread: list[str] = []
        inside = [path for path in walk(place, unread.append) if os.path.splitext(path)[1].lower() in AUDIO_SUFFIXES]
        return [*inside, *unread] or [name]
    if not os.path.exists(place) and glob.has_magic(name):
        matching = sorted(path for path in glob.glob(name, recursive=True) if os.path.isfile(path))
        return matching or [name]
    return [name]


def opened(model: Heard) -> Model:
    """The model that a user means.

    Raises:
        BundleError: if its file is missing or refused.
        UsageError: if there is none of that name, or it is something else.
    """
    if model is None:
        return builtin()
    if isinstance(model, (str, os.PathLike)):
        return bundle.load(model)
    if not isinstance(model, Model):
        raise UsageError(f"a model is what load gives, a name such as 'tone' or a path, not {model!r:.60}")
    return model


@lru_cache(maxsize=1)
def builtin() -> Model:
    """The model that is used where none is given."""
    return bundle.load(bundle.DEFAULT)
