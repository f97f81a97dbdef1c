"""What tells the emotion without the voice.

The length of a file, the silence at its ends, its level and its format say nothing of how somebody feels. Where a
small model that knows nothing else recognises emotions in new speakers, so will any model, for the wrong reason.
Length and level are also part of how people speak (anger is loud, sadness slow), so a score above chance is usual; a
format that tells anything is an accident of the making.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import workers as pool
from ..audio.soundness import Soundness
from ..emotions import in_order
from ..errors import TrainingError
from .fitting import Fold, judge, numbered, require
from .intervals import Score, bootstrap_over_speakers
from .metrics import uar
from .protocols import splitter

FORMAT = ("rate", "channels", "bits")
"""Nuisances that no way of speaking can change."""

NUISANCES = ("seconds", "leading", "trailing", "level", "peak", *FORMAT)
"""Attributes of :class:`speech_emotion.audio.soundness.Soundness` that a model should not need."""

WORDS = {
    "seconds": "length",
    "leading": "silence before",
    "trailing": "silence after",
    "level": "level",
    "peak": "peak",
    "rate": "sampling rate",
    "channels": "channels",
    "bits": "bits a sample",
}
"""What each is called."""

FEWEST_SPEAKERS = 6
"""With fewer, an interval over speakers is too narrow for a small effect to be believed."""

ALL = "all together"
TREES = 60


@dataclass(frozen=True, slots=True)
class Nuisance:
    """How much nuisances tell of the emotion.

    Attributes:
        protocol: ``speaker``; ``random`` where the speakers cannot be kept apart.
        emotions: those that could be told.
        scores: UAR with its interval over speakers, of a small model on each nuisance that varies, and on all of
            them (:data:`ALL`, first).
        chance: the UAR of guessing.
        speakers: how many there are.
    """

    protocol: str
    emotions: tuple[str, ...]
    scores: dict[str, Score]
    chance: float
    speakers: int

    @property
    def telling(self) -> tuple[str, ...]:
        """The single nuisances whose interval lies above chance, the most telling first.

        With fewer than :data:`FEWEST_SPEAKERS`, only those that are nearer to always right than to guessing.
        """
        alone = [name for name, score in self.scores.items() if name != ALL and score.low > self._least]
        return tuple(sorted(alone, key=lambda name: -self.scores[name].value))

    @property
    def telling_together(self) -> bool:
        """Whether only all of them together tell of the emotion."""
        return not self.telling and ALL in self.scores and self.scores[ALL].low > self._least

    @property
    def _least(self) -> float:
        return self.chance + 1e-9 if self.speakers >= FEWEST_SPEAKERS else (1 + self.chance) / 2

    @property
    def solved(self) -> bool:
        """Whether all of them are, for certain, nearer to always right than to guessing."""
        return ALL in self.scores and self.scores[ALL].low > (1 + self.chance) / 2

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "protocol": self.protocol,
            "emotions": list(self.emotions),
            "chance": self.chance,
            "uar": {name: score.as_dict() for name, score in self.scores.items()},
            "telling": list(self.telling),
            "solved": self.solved,
        }


def nuisance(
    sounds: Sequence[Soundness],
    emotions: Sequence[str],
    speakers: Sequence[str],
    *,
    seed: int = 0,
    workers: int | None = None,
) -> Nuisance | None:
    """Score a small model that knows only the nuisances.

    Args:
        sounds: of each recording.
        emotions: their labels.
        speakers: who speaks.
        seed: of the split, the models and the intervals.
        workers: how many processes; None takes all cores. The scores are the same with any number.

    Returns:
        The scores; None where there are not two emotions that can be both learnt and tested.

    Raises:
        MissingExtraError: if scikit-learn is not installed.
    """
    values = {name: np.array([float(getattr(sound, name)) for sound in sounds]) for name in NUISANCES}
    return score(values, np.array(emotions), np.array(speakers), seed=seed, workers=workers)


def score(
    values: dict[str, NDArray[np.float64]],
    emotions: NDArray[np.str_],
    speakers: NDArray[np.str_],
    *,
    seed: int = 0,
    workers: int | None = None,
) -> Nuisance | None:
    """As :func:`nuisance`, of any numbers by name, each of shape (n,)."""
    require("the check of nuisances")
    divided = _divided(emotions, speakers, seed)
    if divided is None:
        return None
    protocol, kept, pairs = divided
    emotions, speakers = emotions[kept], speakers[kept]
    classes = in_order(emotions.tolist())
    labels = numbered(emotions, classes)
    varying = {name: column[kept] for name, column in values.items() if len(np.unique(column[kept])) > 1}
    tables = {name: column[:, None] for name, column in varying.items()}
    if len(varying) > 1:
        tables = {ALL: np.stack(list(varying.values()), axis=1), **tables}
    model = _model(seed)
    parts = [
        Fold(model, table.astype(np.float32), labels, train, test, len(classes))
        for table in tables.values()
        for train, test in pairs
    ]
    answers = iter(list(pool.run(judge, parts, workers)))
    scores: dict[str, Score] = {}
    for name in tables:
        named = np.zeros(len(labels), dtype=np.int64)
        for _, test in pairs:
            named[test] = next(answers).argmax(axis=1)
        scores |= bootstrap_over_speakers(labels, named, speakers, len(classes), metrics={name: uar}, seed=seed)
    if len(varying) == 1:
        scores = {ALL: next(iter(scores.values())), **scores}
    return Nuisance(protocol, classes, scores, 1 / len(classes), len(np.unique(speakers)))


def _divided(
    emotions: NDArray[np.str_], speakers: NDArray[np.str_], seed: int
) -> tuple[str, NDArray[np.bool_], list[tuple[NDArray[np.intp], NDArray[np.intp]]]] | None:
    """The protocol that works, the rows with emotions that it can test, and its folds."""
    for protocol, groups in (("speaker", speakers), ("random", np.arange(len(speakers)))):
        testable = [e for e in np.unique(emotions) if len(np.unique(groups[emotions == e])) > 1]
        kept = np.isin(emotions, testable)
        if len(testable) < 2:
            continue
        try:
            pairs = list(splitter(protocol, 5, seed).split(None, emotions[kept], speakers[kept]))
        except TrainingError:
            continue
        learnable = all(len(np.unique(emotions[kept][train])) == len(testable) for train, _ in pairs)
        if learnable:
            return protocol, kept, pairs
    return None


def _model(seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(
        n_estimators=TREES, min_samples_leaf=5, class_weight="balanced", max_features=None, random_state=seed
    )
