"""Listening to the session and to the voice, without being told what was meant.

A room, a microphone and a voice colour all that is said in them, and with it what a model makes of it: of one person it
hears anger everywhere, of another nowhere. Where several recordings of a session or a voice are at hand, what the model
says of them on average is compared with what it says of speakers on whom it was tested in training, every emotion
counted alike, and part of the difference is taken back. For a linear classifier this is the same as to centre the
features (cepstral mean normalisation is of this kind; Atal, 1974), but only as many numbers as there are emotions are
kept, and nothing of the sound.

Little is believed of little: the part grows with the number of recordings heard, and it is the smaller the more alike
they sounded, since someone who only ever shouts must not be taken for calm: of recordings that differ as little as
those of one emotion do, nothing is believed. How much they differ is the mutual information of recording and emotion:
the entropy of the mean probabilities less the mean of the entropies.

A voice is compared with the other voices of its session, as far as these are believed; they are compared with the
training. Its own recordings count once, for itself. The first recording alone changes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BundleError, UsageError, reason_of
from ..writing import replacing, write_error
from .calibration import SMALLEST, softmax

PATIENCE = 1.0
"""Recordings: of so many, half the difference is believed, if they are varied enough. This, :data:`ALIKE` and
:data:`VARIED` were chosen on inner speakers of RAVDESS (docs/accuracy.md)."""

ALIKE = 0.3
"""Of the most that recordings can differ in what the model says of them; up to here nothing is believed of them, since
those of one emotion differ as much."""

VARIED = 0.5
"""From here on they are varied enough; in between, the part that is believed grows evenly."""

MOST_HEARD = 2**53
"""Recordings in a stored profile: whole numbers beyond it are no floats."""

FORMAT = 1
"""Of a stored profile."""


@dataclass(slots=True)
class Heard:
    """What was said of the recordings of one session or one voice.

    Attributes:
        count: how many.
        logarithms: the sum of the logarithms of their probabilities, each row less its mean, shape (emotions,).
        probabilities: their sum, shape (emotions,).
        entropy: the sum of the entropies of their probabilities, in nats.
    """

    count: int
    logarithms: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    entropy: float = 0.0

    @classmethod
    def nothing(cls, emotions: int) -> Heard:
        """Before the first recording."""
        return cls(0, np.zeros(emotions), np.zeros(emotions))

    def add(self, probabilities: NDArray[np.float64]) -> None:
        """Hear recordings: probabilities of shape (n, emotions)."""
        self.count += len(probabilities)
        self.logarithms = self.logarithms + centred_logarithms(probabilities).sum(axis=0)
        self.probabilities = self.probabilities + probabilities.sum(axis=0)
        self.entropy += float(_entropy(probabilities).sum())

    def without(self, probabilities: NDArray[np.float64]) -> Heard:
        """The same but for one recording, of shape (emotions,), that it has heard."""
        own = centred_logarithms(probabilities[None])[0]
        entropy = self.entropy - float(_entropy(probabilities))
        return Heard(self.count - 1, self.logarithms - own, self.probabilities - probabilities, entropy)

    def less(self, other: Heard) -> Heard:
        """The same but for what another has heard of it."""
        if other.count >= self.count:
            return Heard.nothing(len(self.logarithms))
        return Heard(
            self.count - other.count,
            self.logarithms - other.logarithms,
            self.probabilities - other.probabilities,
            self.entropy - other.entropy,
        )

    def plus(self, other: Heard) -> Heard:
        """What both have heard."""
        return Heard(
            self.count + other.count,
            self.logarithms + other.logarithms,
            self.probabilities + other.probabilities,
            self.entropy + other.entropy,
        )

    def shift(self, expected: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much to take from the logarithms, shape (emotions,), where ``expected`` is what they should be."""
        if self.count == 0:
            return np.zeros_like(expected)
        between = float(_entropy(self.probabilities / self.count)) - self.entropy / self.count
        variety = (between / np.log(len(expected)) - ALIKE) / (VARIED - ALIKE)
        believed = self.count / (self.count + PATIENCE) * min(1.0, max(0.0, variety))
        found: NDArray[np.float64] = believed * (self.logarithms / self.count - expected)
        return found


@dataclass(slots=True)
class Adaptation:
    """What was heard so far in one session, and of each voice in it.

    Args:
        centre: what the model's logarithms are on average, from :attr:`speech_emotion.Model.centre`.
        model: whose they are, for people.
        emotions: their names, for people.

    Attributes:
        session: all that was heard.
        voices: what was heard of each voice, by name.

    Example:
        >>> session = Adaptation(centre=(0.0, 0.0))
        >>> leaning = np.array([[0.99, 0.01], [0.2, 0.8], [0.6, 0.4]])
        >>> session.adapted(leaning).round(2)
        array([[0.99, 0.01],
               [0.2 , 0.8 ],
               [0.6 , 0.4 ]])
        >>> session.hear(leaning)
        >>> session.adapted(leaning).round(2)
        array([[0.99, 0.01],
               [0.15, 0.85],
               [0.51, 0.49]])
    """

    centre: Sequence[float]
    model: str = ""
    emotions: tuple[str, ...] = ()
    session: Heard = field(init=False)
    voices: dict[str, Heard] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.session = Heard.nothing(len(self.centre))

    def hear(self, probabilities: ArrayLike, voice: str | None = None) -> None:
        """Remember what the model, not adapted, said of recordings.

        Args:
            probabilities: shape (n, emotions).
            voice: who spoke, where that is known.

        Raises:
            UsageError: if they are of another shape, or one is not from 0 to 1.
        """
        rows = np.asarray(probabilities, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.centre) or not ((rows >= 0) & (rows <= 1 + 1e-6)).all():
            raise UsageError(
                f"what is heard are probabilities from 0 to 1, of shape (n, {len(self.centre)}), not of {rows.shape}"
            )
        self.session.add(rows)
        if voice is not None:
            self.voices.setdefault(voice, Heard.nothing(len(self.centre))).add(rows)

    def hear_also(self, other: Adaptation, before: Adaptation) -> None:
        """Remember what another session has heard since it was as it was before."""
        self.session = self.session.plus(other.session.less(before.session))
        for name, heard in other.voices.items():
            nothing = Heard.nothing(len(self.centre))
            new = heard.less(before.voices.get(name, nothing))
            self.voices[name] = self.voices.get(name, nothing).plus(new)

    def adapted(self, probabilities: ArrayLike, voice: str | None = None) -> NDArray[np.float64]:
        """Probabilities as they are in this session, for this voice.

        Args:
            probabilities: of the model, not adapted, shape (n, emotions).
            voice: who speaks, where that is known.

        Returns:
            The same shape; rows sum to 1.
        """
        return shifted(np.asarray(probabilities, dtype=np.float64), self.shift(voice))

    def shift(self, voice: str | None = None) -> NDArray[np.float64]:
        """What is taken from the logarithms of the model's probabilities, shape (emotions,).

        Args:
            voice: who speaks, where that is known.
        """
        return self._shift(self.session, None if voice is None else self.voices.get(voice))

    def adapted_together(
        self, probabilities: ArrayLike, voices: Sequence[str | None] | None = None
    ) -> NDArray[np.float64]:
        """Recordings of one session, each as it is beside what was heard before and all of the others.

        Args:
            probabilities: of the model, not adapted, shape (n, emotions); they are heard, too.
            voices: who spoke each, None where that is not known; None at all where it is not known of any.

        Returns:
            The same shape; rows sum to 1, and do not depend on their order.
        """
        rows = np.asarray(probabilities, dtype=np.float64)
        names: Sequence[str | None] = voices if voices is not None else [None] * len(rows)
        for row, name in zip(rows, names, strict=True):
            self.hear(row[None], name)
        out = np.empty_like(rows)
        for number, (row, name) in enumerate(zip(rows, names, strict=True)):
            voice = None if name is None else self.voices[name].without(row)
            out[number] = shifted(row[None], self._shift(self.session.without(row), voice))[0]
        return out

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was heard, as JSON, whole or not at all: counts and sums, no sound."""
        values = {
            "format": FORMAT,
            "model": self.model,
            "emotions": list(self.emotions),
            "centre": list(self.centre),
            "session": _plain(self.session),
            "voices": {name: _plain(heard) for name, heard in self.voices.items()},
        }
        try:
            with replacing(Path(path)) as part:
                part.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        except OSError as error:
            raise write_error(path, error) from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Adaptation:
        """Read what :meth:`save` wrote.

        Raises:
            BundleError: if the file is missing or not such a profile.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
            if values["format"] > FORMAT:
                raise BundleError(f"{path} was made by a newer version; update this one")  # noqa: TRY301
            made = cls(tuple(map(float, values["centre"])), str(values.get("model", "")))
            made.emotions = tuple(map(str, values.get("emotions", ())))
            made.session = _heard(values["session"], len(made.centre))
            made.voices = {str(name): _heard(heard, len(made.centre)) for name, heard in values["voices"].items()}
        except BundleError:
            raise
        except OSError as error:
            raise BundleError(f"{path}: {reason_of(error)}") from error
        except (ArithmeticError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise BundleError(f"{path} is not a stored adaptation ({' '.join(str(error).split())[:200]})") from error
        return made

    def _shift(self, session: Heard, voice: Heard | None) -> NDArray[np.float64]:
        expected = np.asarray(self.centre, dtype=np.float64)
        if voice is None:
            return session.shift(expected)
        others = session.less(voice).shift(expected)
        return others + voice.shift(expected + others)


def centred_logarithms(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithms of probabilities, each row less its mean, shape (n, emotions)."""
    logarithms = np.log(np.maximum(probabilities, SMALLEST))
    found: NDArray[np.float64] = logarithms - logarithms.mean(axis=1, keepdims=True)
    return found


def centre_of(truth: NDArray[np.intp], probabilities: NDArray[np.float64]) -> tuple[float, ...]:
    """What logarithms are on average, every emotion counted alike.

    Args:
        truth: the class of each row, shape (n,), each class at least once.
        probabilities: of speakers that the model had not heard, shape (n, classes).
    """
    logarithms = centred_logarithms(probabilities)
    means = [logarithms[truth == label].mean(axis=0) for label in range(probabilities.shape[1])]
    return tuple(float(value) for value in np.mean(means, axis=0))


def shifted(probabilities: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities, shape (n, emotions), whose logarithms are less by ``shift``, shape (emotions,)."""
    if not shift.any():
        return probabilities
    return softmax(np.log(np.maximum(probabilities, SMALLEST)) - shift)


def _entropy(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the last axis, in nats."""
    shares = np.maximum(probabilities, SMALLEST)
    found: NDArray[np.float64] = -(shares * np.log(shares)).sum(axis=-1)
    return found


def _plain(heard: Heard) -> dict[str, Any]:
    return {
        "count": heard.count,
        "logarithms": heard.logarithms.tolist(),
        "probabilities": heard.probabilities.tolist(),
        "entropy": heard.entropy,
    }


def _heard(values: Mapping[str, Any], emotions: int) -> Heard:
    sums = [np.asarray(values[name], dtype=np.float64) for name in ("logarithms", "probabilities")]
    count, entropy = int(values["count"]), float(values["entropy"])
    if any(each.shape != (emotions,) or not np.isfinite(each).all() for each in sums) or not np.isfinite(entropy):
        raise ValueError("its sums are not as many as its emotions, or not finite")
    if not 0 <= count <= MOST_HEARD:
        raise ValueError(f"its count is not from 0 to {MOST_HEARD}")
    return Heard(count, sums[0], sums[1], entropy)
