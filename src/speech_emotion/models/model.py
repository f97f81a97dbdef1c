"""A model: a classifier, and how sound becomes the numbers that it reads.

The classifier is scikit-learn's while training and ONNX Runtime's afterwards; the probabilities are the
same to 1e-4.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import BundleError, FeatureError, UsageError
from ..features.config import FeatureConfig
from ..features.table import FeatureTable
from .adaptation import Adaptation
from .calibration import tempered
from .manifest import Manifest, Provenance
from .prediction import Prediction

if TYPE_CHECKING:
    from ..audio.read import Source
    from ..audio.waveform import Waveform
    from ..audio.windows import Window

LONG_SECONDS = 30.0
"""A recording longer than this is heard window by window; a shorter one at once, as the training clips
were."""

PAUSED_WINDOWS = 2
"""A recording shorter than so many windows is heard at once, whatever its pauses."""

BATCH = 256
"""Windows measured before the classifier is asked: what a long recording costs in memory."""


class Classifier(Protocol):
    """What a model needs: probabilities, and a way to be stored."""

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Probabilities, shape (n, classes), of features of shape (n, columns)."""
        ...

    def onnx(self) -> bytes:
        """The classifier as an ONNX file: ``values`` in, ``probabilities`` out."""
        ...


@dataclass(frozen=True, eq=False)
class Model:
    """Hears emotions in speech.

    Attributes:
        classifier: what computes the probabilities.
        emotions: their names, in the order of the classifier's columns.
        config: how a recording is measured.
        provenance: how the model came to be.
        name: for people.
        temperature: divides the logarithms of the probabilities; 1 leaves them as they are, more is less
            sure.
        sure_above: the confidence under which the answer is "not sure".
        centre: what the logarithms of the probabilities are on average, which adaptation starts from; empty where
            that is not known.
        window: seconds of a long recording heard at once.
        hop: seconds from one window to the next.

    Raises:
        BundleError: if a model cannot have this name, these emotions or these numbers.
    """

    classifier: Classifier
    emotions: tuple[str, ...]
    config: FeatureConfig
    provenance: Provenance
    name: str = "model"
    temperature: float = 1.0
    sure_above: float = 0.0
    centre: tuple[float, ...] = ()
    window: float = 3.0
    hop: float = 1.0

    def __post_init__(self) -> None:
        self.manifest().check()

    def manifest(self) -> Manifest:
        """All that there is to say of the model."""
        return Manifest(
            name=self.name,
            emotions=self.emotions,
            config=self.config,
            provenance=self.provenance,
            temperature=self.temperature,
            sure_above=self.sure_above,
            centre=self.centre,
            window=self.window,
            hop=self.hop,
        )

    def predict_proba(self, values: NDArray[Any] | FeatureTable) -> NDArray[np.float64]:
        """The probability of each emotion.

        Args:
            values: features, shape (n, columns), as ``config`` names them; or a table of them.

        Returns:
            float64, shape (n, emotions); rows sum to 1.

        Raises:
            FeatureError: if the features are not those that the model was trained on.
            BundleError: if the classifier fails.
        """
        checked = self._checked(values)
        found: NDArray[np.float64] = self.classifier.predict_proba(checked).astype(np.float64)
        if found.shape != (len(checked), len(self.emotions)) or not _are_probabilities(found):
            raise BundleError(f"the classifier of '{self.name}' gives no {len(self.emotions)} probabilities")
        return tempered(found, self.temperature)

    def predict(self, values: NDArray[Any] | FeatureTable) -> NDArray[np.str_]:
        """The likeliest emotion of each row, shape (n,)."""
        labels: NDArray[np.str_] = np.array(self.emotions)[self.predict_proba(values).argmax(axis=1)]
        return labels

    def prediction(
        self, probabilities: NDArray[np.float64], start: float, end: float, spoken: bool = True
    ) -> Prediction:
        """What to say of a stretch of sound.

        Args:
            probabilities: of each emotion, shape (emotions,).
            start: seconds from the beginning of the recording.
            end: seconds from the beginning of the recording.
            spoken: whether somebody speaks; if not, no emotion is named.
        """
        order = np.argsort(-probabilities, kind="stable")
        scores = tuple((self.emotions[number], float(probabilities[number])) for number in order)
        label, confidence = scores[0]
        named = label if spoken and confidence >= self.sure_above else None
        return Prediction(named, scores, confidence, start, end, spoken)

    def recognize(self, source: Source) -> Prediction:
        """The emotion of a recording.

        One of up to 30 s is heard at once. Of a longer one, and of one with a pause as long as a window in its midst,
        windows are heard, and the probabilities of those in which somebody speaks averaged. Where nobody does, no
        emotion is named.

        Args:
            source: a path, which may lead through a zip archive; the bytes of a file; or a binary file.

        Raises:
            AudioError: if it cannot be read.
        """
        from ..audio.read import blocks

        return self._recognize(blocks(source, self.config.rate, LONG_SECONDS))

    def recognize_waveform(self, waveform: Waveform) -> Prediction:
        """The emotion of sound in memory, heard as that of a file is.

        Args:
            waveform: at least one sample, at any rate.
        """
        import soxr

        samples = waveform.samples
        if waveform.rate != self.config.rate:
            resampled = soxr.resample(samples, waveform.rate, self.config.rate)
            samples = resampled if len(resampled) else samples[:1]
        size = round(LONG_SECONDS * self.config.rate)
        return self._recognize(samples[first : first + size] for first in range(0, len(samples), size))

    def adaptation(self) -> Adaptation:
        """A new session, in which nothing was heard yet.

        Raises:
            UsageError: if the model does not know what its answers are on average.
        """
        if not self.centre:
            raise UsageError(f"'{self.name}' cannot adapt: it was trained without calibration, or by an old version")
        return Adaptation(self.centre, self.name, self.emotions)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as a bundle, whole or not at all.

        Raises:
            BundleError: if it cannot be written.
            StorageError: if the disk is full.
        """
        from . import bundle

        bundle.save(self, path)

    def _recognize(self, pieces: Iterator[NDArray[np.float32]]) -> Prediction:
        opening = list(islice(pieces, 2))
        if len(opening) > 1 or self._pauses(opening[0]):
            return self._of_long(chain(opening, pieces))
        return self._of_short(opening[0])

    def _pauses(self, samples: NDArray[np.float32]) -> bool:
        """Whether a recording of several windows has one in its midst in which nobody speaks.

        Silence at its ends is no part of the features; such a pause is, and would have a say in the answer.
        """
        from ..audio.voiced import Voiced
        from ..audio.windows import slide

        if len(samples) < PAUSED_WINDOWS * self.window * self.config.rate:
            return False
        voiced = Voiced(self.window, self.config.rate)
        spoken = ""
        for part in slide([samples], self.window, self.hop, self.config.rate):
            voiced.hear(part)
            spoken += "+" if voiced.spoken else "-"
        return "-" in spoken.strip("-")

    def _of_short(self, samples: NDArray[np.float32]) -> Prediction:
        from ..audio.vad import SpeechSought
        from ..audio.waveform import Waveform
        from ..features.measure import measure

        sought = SpeechSought(self.config.rate)
        waveform = Waveform(next(sought.through([samples])), self.config.rate)
        probabilities = self.predict_proba(measure(waveform, self.config)[None])[0]
        return self.prediction(probabilities, 0.0, waveform.duration, sought.found)

    def _of_long(self, pieces: Iterable[NDArray[np.float32]]) -> Prediction:
        from ..audio.voiced import Voiced
        from ..audio.windows import slide
        from ..features.measure import measure

        voiced = Voiced(self.window, self.config.rate)

        def heard(part: Window) -> tuple[NDArray[np.float32], bool]:
            voiced.hear(part)
            return measure(part.waveform, self.config), voiced.spoken

        sums, counts, end = np.zeros((2, len(self.emotions))), np.zeros(2), 0.0  # without speech, and with it
        parts = slide(pieces, self.window, self.hop, self.config.rate)
        while batch := [(*heard(part), part.end) for part in islice(parts, BATCH)]:
            values, speaks, ends = zip(*batch, strict=True)
            rows = self.predict_proba(np.stack(values))
            np.add.at(sums, np.array(speaks, dtype=int), rows)
            np.add.at(counts, np.array(speaks, dtype=int), 1)
            end = ends[-1]
        spoken = bool(counts[1])
        return self.prediction(sums[int(spoken)] / counts[int(spoken)], 0.0, end, spoken)

    def _checked(self, values: NDArray[Any] | FeatureTable) -> NDArray[np.float32]:
        if isinstance(values, FeatureTable):
            if values.config != self.config:
                difference = _difference(values.config, self.config)
                raise FeatureError(f"the table's features are not those that '{self.name}' reads: {difference}")
            values = values.values
        columns = self.config.size
        if values.ndim != 2 or values.shape[1] != columns:
            raise FeatureError(f"'{self.name}' reads {columns} features a row, not an array of shape {values.shape}")
        numbers = np.ascontiguousarray(values, dtype=np.float32)
        if not np.isfinite(numbers).all():
            raise FeatureError("features must be finite; there is a NaN or an infinity among them")
        return numbers


def _are_probabilities(rows: NDArray[np.float64]) -> bool:
    return bool((rows >= 0).all() and (abs(rows.sum(axis=1) - 1) < 0.01).all())


def _difference(given: FeatureConfig, wanted: FeatureConfig) -> str:
    there, here = given.as_dict(), wanted.as_dict()
    return "; ".join(f"{name} {there[name]}, not {here[name]}" for name in here if there[name] != here[name])
