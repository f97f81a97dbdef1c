"""The last three seconds of a sound that goes on.

Samples come in chunks of any size and rate; every hop a :class:`Moment` comes out: what the window that ends there
sounds like. The windows are those of a file, cut, measured and scored by the same code (:func:`.recognizer.hear`), so
that ``Moment.raw`` of a stream is what ``predict --segments`` says of the recording.

Four things are added, in this order:

1. Speech: of a window with less than 0.25 s of it, "no speech" is said, whatever the model makes of it.
2. Adaptation, where asked for: windows that do not overlap are heard as one session (:mod:`..models.adaptation`).
3. Smoothing, where asked for (:mod:`.steady`).
4. What it has settled on: an emotion that two windows in a row gave; another one is a change (:mod:`.steady`).

What is kept is one window of sound and a few numbers; it does not grow with time.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audio.mono import Chunk, ToMono, check_encoding, samples
from ..audio.voiced import Voiced
from ..audio.waveform import RATE
from ..audio.windows import Cutter, Window
from ..errors import UsageError
from ..models.adaptation import Adaptation
from ..models.prediction import Prediction, labelled
from .recognizer import WINDOW, Heard, hear, opened
from .steady import Settled, Smoothed

HOP = 0.5
"""Seconds from one answer to the next."""

SILENT = -120.0
"""dB; levels end here."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the last seconds of a stream sound like.

    Attributes:
        prediction: the answer, adapted and smoothed where asked for; its emotion is None where nobody speaks, or the
            model is not sure.
        raw: of this window alone, as a file's segment would be.
        speech: seconds of speech in the window.
        new_speech: of those, the seconds since the moment before; their sum is all the speech of the stream.
        level: of the newest hop, root mean square in dB below full scale, from -120.
        settled: the emotion that the stream has settled on, if on any so far.
        changed: whether it did so, or changed it, with this window.
    """

    prediction: Prediction
    raw: Prediction
    speech: float
    new_speech: float
    level: float
    settled: str | None = None
    changed: bool = False

    @property
    def emotion(self) -> str | None:
        """The likeliest emotion, or None where nobody speaks or the model is not sure."""
        return self.prediction.emotion

    @property
    def scores(self) -> tuple[tuple[str, float], ...]:
        """(emotion, probability) pairs that sum to 1, highest first."""
        return self.prediction.scores

    @property
    def confidence(self) -> float:
        """The highest probability."""
        return self.prediction.confidence

    @property
    def start(self) -> float:
        """Seconds from the beginning of the stream."""
        return self.prediction.start

    @property
    def end(self) -> float:
        """Seconds from the beginning of the stream."""
        return self.prediction.end

    @property
    def label(self) -> str:
        """The emotion, ``"not sure"`` or ``"no speech"``."""
        return self.prediction.label

    @property
    def spoken(self) -> bool:
        """Whether there is enough speech in the window to answer."""
        return self.prediction.spoken

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, as JSON shows it."""
        values = asdict(self) | {name: round(getattr(self, name), 3) for name in ("speech", "new_speech", "level")}
        answer, raw = values.pop("prediction"), values.pop("raw")
        said = {name: answer[name] for name in ("emotion", "confidence")}
        times = {name: round(answer[name], 3) for name in ("start", "end")}
        scores = {"scores": labelled(answer["scores"]), "spoken": self.spoken}
        return {**times, **said, **scores, **values, "raw": labelled(raw["scores"])}


class Stream:
    """Listens to one sound that goes on.

    Args:
        model: or its name or path; None takes the built-in one.
        rate: of the samples, in Hz.
        channels: how many there are; they are mixed.
        encoding: of samples that come as bytes: ``"int16"`` or ``"float32"``.
        window: seconds heard at once.
        hop: seconds from one answer to the next.
        smooth: time constant of the smoothing, in seconds of speech; 0 is none.
        adaptation: the session to hear and to adapt to, from :meth:`.Model.adaptation`; None is none.

    Raises:
        BundleError: if the model cannot be read.
        UsageError: if a value is out of range, or there is no built-in model of that name.

    Example:
        >>> stream = Stream(rate=48_000, channels=2)
        >>> [moment.label for _ in range(9) for moment in stream.feed(np.zeros((24_000, 2), dtype=np.int16))]
        ['no speech', 'no speech', 'no speech']
    """

    def __init__(
        self,
        model: Heard = None,
        rate: int = RATE,
        *,
        channels: int = 1,
        encoding: str = "int16",
        window: float = WINDOW,
        hop: float = HOP,
        smooth: float = 0.0,
        adaptation: Adaptation | None = None,
    ) -> None:
        self.model = opened(model)
        check_encoding(encoding, channels)
        self._from = rate, channels, encoding
        self._window, self._hop = window, hop
        self._session = None if adaptation is None else _Session(adaptation)
        self._smoothed = Smoothed(smooth)
        self._settled = Settled()
        self._offset = 0.0
        self._ended = False
        self._begin()

    @property
    def seconds(self) -> float:
        """Of sound heard so far, pauses included."""
        return self._offset + self._count / self.model.config.rate

    def feed(self, chunk: Chunk) -> list[Moment]:
        """Hear a chunk of any length.

        Args:
            chunk: an array of int16, float32 or float64, of shape (n,) or (n, channels); or bytes.

        Returns:
            A moment for each window that is complete with it.

        Raises:
            UsageError: if the chunk is of another kind or shape, or the stream has ended.
            AudioError: if it holds values that are no sound. Of a chunk that is refused, nothing is heard.
        """
        if self._ended:
            raise UsageError("this stream has ended; make another one")
        _, channels, encoding = self._from
        return self._hear(self._mixer.take(samples(chunk, channels, encoding)))

    def end(self) -> list[Moment]:
        """The sound is over: the moments that its last samples still give, as those of a file do."""
        if self._ended:
            return []
        found = self._hear(self._mixer.rest())
        self._ended = True
        return [*found, *map(self._moment, self._cutter.rest())]

    def interrupt(self, pause: float = 0.0) -> list[Moment]:
        """The sound stopped, and will go on: no window spans the gap, but time and session go on.

        Args:
            pause: seconds for which there was no sound.

        Returns:
            The moments that the samples before the gap still give.

        Raises:
            UsageError: if the pause is not 0 or more.
        """
        if not 0 <= pause < math.inf:
            raise UsageError(f"a pause of {pause} s is not possible; valid: 0 or more")
        found = self.end()
        self._offset = self.seconds + pause
        self._begin()
        return found

    def _begin(self) -> None:
        rate, _, _ = self._from
        heard = self.model.config.rate
        self._mixer = ToMono(rate, heard)
        self._cutter = Cutter(self._window, self._hop, heard)
        self._voiced = Voiced(self._window, heard)
        self._count = 0  # samples heard, at the model's rate
        self._ended = False

    def _hear(self, sound: NDArray[np.float32]) -> list[Moment]:
        self._count += len(sound)
        return [self._moment(window) for window in self._cutter.cut(sound)]

    def _moment(self, window: Window) -> Moment:
        level = _level(self._voiced.hear(window))
        heard = self._voiced.speech, self._voiced.new_speech, level
        probabilities = hear(window, self.model)
        start, end = self._offset + window.start, self._offset + window.end
        raw = self.model.prediction(probabilities, start, end, self._voiced.spoken)
        if not raw.spoken:
            return Moment(raw, raw, *heard, self._settled.emotion, self._settled.hear(None))
        if self._session is not None:
            probabilities = self._session.adapted(probabilities, start, end)
        probabilities = self._smoothed.hear(probabilities, end)
        answer = self.model.prediction(probabilities, start, end)
        changed = self._settled.hear(answer.emotion)
        return Moment(answer, raw, *heard, self._settled.emotion, changed)


def _level(new: NDArray[np.float32]) -> float:
    """The root mean square in dB below full scale."""
    power = float(np.mean(np.square(new, dtype=np.float64)))
    return max(SILENT, 10 * float(np.log10(power))) if power > 0 else SILENT


class _Session:
    """What a stream has heard, window by window, of which no two overlap: their answers would be one answer twice."""

    def __init__(self, adaptation: Adaptation) -> None:
        self._adaptation = adaptation
        self._waiting: tuple[NDArray[np.float64], float] | None = None  # heard once no window overlaps it any more

    def adapted(self, probabilities: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
        if self._waiting is not None and self._waiting[1] <= start:
            self._adaptation.hear(self._waiting[0][None])
            self._waiting = None
        if self._waiting is None:
            self._waiting = probabilities, end
        found: NDArray[np.float64] = self._adaptation.adapted(probabilities[None])[0]
        return found
