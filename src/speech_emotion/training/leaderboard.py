"""What a search found: every trial, ranked, and the models that were kept."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..corpora.paths import replacing
from ..evaluation.intervals import Score
from ..models.model import Model
from .proposals import Candidate

FILE = "leaderboard.csv"
"""Its name, beside the models."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate and how it did.

    Attributes:
        number: in the order of asking, from 1.
        candidate: what was tried.
        seconds: of fitting and judging, on one core.
        inner: scores on development speakers, each by a model that had not heard them; the choice is made by
            their ``uar``. Empty where the candidate could not be fitted.
        error: why it could not.
        outer: scores on the test speakers, once the choice was made; only for models that were kept.
        file: the bundle's file name; only for models that were kept.
    """

    number: int
    candidate: Candidate
    seconds: float
    inner: Mapping[str, Score]
    error: str | None = None
    outer: Mapping[str, Score] | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What a search found.

    Attributes:
        leaderboard: every trial, the best first; those that failed last.
        models: those kept, the best first, fitted on the development speakers.
        paths: their bundles, in the same order.
        emotions: the classes.
        development_speakers: those that the choice was made on.
        test_speakers: those that no choice saw.
        strategy: how candidates were proposed.
        seed: of everything random.
        stopped: what ended it: ``trials``, ``budget``, ``interrupted``, or ``exhausted`` (nothing new to
            try).
    """

    leaderboard: tuple[Trial, ...]
    models: tuple[Model, ...]
    paths: tuple[Path, ...]
    emotions: tuple[str, ...]
    development_speakers: tuple[str, ...]
    test_speakers: tuple[str, ...]
    strategy: str
    seed: int
    stopped: str

    @property
    def best(self) -> Model:
        """The model that did best on the development speakers."""
        return self.models[0]

    @property
    def kept(self) -> tuple[Trial, ...]:
        """The trials whose models were kept, the best first."""
        return tuple(trial for trial in self.leaderboard if trial.file)

    @property
    def chance(self) -> float:
        """The UAR of guessing."""
        return 1 / len(self.emotions)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; of the trials, those whose models were kept."""
        return {
            "strategy": self.strategy,
            "seed": self.seed,
            "stopped": self.stopped,
            "trials": len(self.leaderboard),
            "failed": sum(trial.error is not None for trial in self.leaderboard),
            "emotions": list(self.emotions),
            "chance": self.chance,
            "development_speakers": list(self.development_speakers),
            "test_speakers": list(self.test_speakers),
            "models": [
                {
                    "path": str(path),
                    "trial": trial.number,
                    "family": trial.candidate.family,
                    "features": list(trial.candidate.features),
                    "hyperparameters": dict(trial.candidate.hyperparameters),
                    "inner": {name: score.as_dict() for name, score in trial.inner.items()},
                    "outer": {name: score.as_dict() for name, score in (trial.outer or {}).items()},
                }
                for path, trial in zip(self.paths, self.kept, strict=True)
            ],
        }


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """The best inner UAR first, the earlier of two equals first, failures last."""
    return sorted(trials, key=lambda t: (bool(t.error), -t.inner["uar"].value if t.inner else 0, t.number))


def bundle_name(rank: int, candidate: Candidate) -> str:
    """The file name of a kept model: ``01-mlp-mel-mfcc.semodel``."""
    return f"{rank:02d}-{candidate.family}-{'-'.join(candidate.features)}.semodel"


def write(leaderboard: Sequence[Trial], folder: Path) -> Path:
    """Write ``leaderboard.csv``, whole or not at all.

    The models that an earlier one in this folder names, and this one does not, are removed: the folder holds
    one search's models.

    Args:
        leaderboard: ranked trials.
        folder: where the models are.

    Returns:
        Its path.
    """
    target = folder / FILE
    old = _files_of(target)
    with replacing(target) as part, part.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows(_row(rank, trial) for rank, trial in enumerate(leaderboard, 1))
    for name in old - {trial.file for trial in leaderboard}:
        (folder / name).unlink(missing_ok=True)
    return target


COLUMNS = (
    *(
        "rank",
        "trial",
        "inner_uar",
        "inner_uar_low",
        "inner_uar_high",
        "inner_accuracy",
        "family",
        "features",
    ),
    *(
        "hyperparameters",
        "seconds",
        "file",
        "outer_uar",
        "outer_uar_low",
        "outer_uar_high",
        "outer_accuracy",
        "error",
    ),
)


def _row(rank: int, trial: Trial) -> list[object]:
    candidate = trial.candidate
    return [
        *(rank, trial.number, *_scores(trial.inner)),
        *(candidate.family, "+".join(candidate.features), json.dumps(dict(candidate.hyperparameters))),
        *(f"{trial.seconds:.2f}", trial.file or "", *_scores(trial.outer), trial.error or ""),
    ]


def _scores(scores: Mapping[str, Score] | None) -> list[str]:
    if not scores:
        return [""] * 4
    uar, accuracy = scores["uar"], scores["accuracy"]
    return [f"{fraction:.4f}" for fraction in (uar.value, uar.low, uar.high, accuracy.value)]


def _files_of(leaderboard: Path) -> set[str]:
    try:
        with leaderboard.open(encoding="utf-8", newline="") as file:
            names = {row.get("file") or "" for row in csv.DictReader(file)}
    except (OSError, ValueError, csv.Error):
        return set()
    return {name for name in names if re.fullmatch(r"\d+-[a-z0-9_-]+\.semodel", name)}
