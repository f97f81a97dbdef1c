"""What a search found: every trial, ranked, and the models that were kept."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError, reason_of
from ..evaluation.evaluate import Report
from ..evaluation.intervals import Score
from ..models.model import Model
from ..writing import replacing
from .candidate import Candidate
from .choice import first_choice, lead
from .families import FAMILIES
from .journal_file import SUFFIX
from .search_space import SearchSpace
from .trial import Ensemble, Trial

FILE = "leaderboard.csv"
"""Its name, beside the models."""

PAGE = "search.html"
"""The name of the page, beside it."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A trial with a higher inner UAR than the first.

    Attributes:
        trial: the one with the highest.
        ahead: by how much its UAR is above the first's, on average over speakers (``random``: groups of clips).
        error: the standard error of that.
    """

    trial: Trial
    ahead: float
    error: float

    def as_dict(self) -> dict[str, float]:
        """Plain values for JSON."""
        return {
            "trial": self.trial.number,
            "inner_uar": self.trial.score or 0.0,
            "ahead": self.ahead,
            "standard_error": self.error,
        }


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What a search found.

    Attributes:
        leaderboard: every trial, as :func:`ranked` has them.
        models: those kept, in the leaderboard's order, fitted on the development recordings.
        paths: their bundles, in the same order.
        emotions: the classes.
        development_speakers: those that the choice was made on.
        test_speakers: those that no choice saw; with protocol ``random``, those of the clips that no choice saw.
        strategy: how candidates were proposed.
        seed: of everything random.
        stopped: what ended it: ``trials``, ``budget``, ``until``, ``interrupted``, or ``exhausted`` (nothing new
            to try).
        seconds: of the trials.
        folder: where all of it is.
        ensemble: several models as one; None where there were too few to join. It was kept where it has a file.
        joined: the ensemble's model, where it was kept.
        procedure: the scores of the whole search, repeated in outer folds, where that was asked for.
        space: what might have been tried.
        recordings: a hash of those it was chosen by, by which other searches on the same are known.
        protocol: how the recordings were parted: ``speaker``, or ``random``.
        development_clips: how many the choice was made on.
        test_clips: how many no choice saw.
        beside: with ``random``, what the best single recipe scores on new speakers; None where they cannot be
            kept apart.
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
    seconds: float = 0.0
    folder: Path = Path()
    ensemble: Ensemble | None = None
    joined: Model | None = None
    procedure: Report | None = None
    space: SearchSpace | None = None
    recordings: str = ""
    protocol: str = "speaker"
    development_clips: int = 0
    test_clips: int = 0
    beside: Report | None = None

    @property
    def best(self) -> Model:
        """What is to be used: the first model or, where that did better on the development recordings, the ensemble."""
        return self.joined or self.models[0]

    @property
    def best_path(self) -> Path:
        """Its bundle."""
        return self.folder / str(self.ensemble.file) if self.joined and self.ensemble else self.paths[0]

    @property
    def trials_per_minute(self) -> float:
        """How many candidates were tried in a minute."""
        return 60 * len(self.leaderboard) / self.seconds if self.seconds else 0.0

    @property
    def kept(self) -> tuple[Trial, ...]:
        """The trials whose models were kept, in the leaderboard's order."""
        return tuple(trial for trial in self.leaderboard if trial.file)

    @property
    def passed_over(self) -> PassedOver | None:
        """The trial with the highest inner UAR, where it is not the first (:mod:`.choice`)."""
        first = self.leaderboard[0]
        highest = max(self.leaderboard, key=lambda trial: trial.score or 0 if trial.inner else -1)
        level = math.isclose(highest.score or 0, first.score or 0)
        return None if level or not first.file else PassedOver(highest, *lead(highest.uars, first.uars))

    @property
    def parted(self) -> str:
        """What was parted into those to choose by and those to test on, as a sentence has it."""
        return "speakers" if self.protocol == "speaker" else "clips"

    @property
    def tested_on(self) -> str:
        """What the outer scores are of, as a heading has it."""
        return "new speakers" if self.protocol == "speaker" else "clips not heard"

    @property
    def chance(self) -> float:
        """The UAR of guessing."""
        return 1 / len(self.emotions)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; of the trials, those whose models were kept."""
        passed_over = self.passed_over
        return {
            "strategy": self.strategy,
            "seed": self.seed,
            "protocol": self.protocol,
            "stopped": self.stopped,
            "best": str(self.best_path),
            "trials": len(self.leaderboard),
            "whole": sum(trial.state == "whole" for trial in self.leaderboard),
            "raced_out": sum(trial.state == "stopped" for trial in self.leaderboard),
            "failed": sum(trial.state == "failed" for trial in self.leaderboard),
            "trials_per_minute": round(self.trials_per_minute, 1),
            "emotions": list(self.emotions),
            "chance": self.chance,
            "development_speakers": list(self.development_speakers),
            "test_speakers": list(self.test_speakers),
            "development_clips": self.development_clips,
            "test_clips": self.test_clips,
            "beside": self.beside.as_dict() if self.beside else None,
            "passed_over": passed_over.as_dict() if passed_over else None,
            "models": [
                {
                    "path": str(path),
                    "trial": trial.number,
                    "made": trial.made,
                    "family": trial.candidate.family,
                    "features": list(trial.candidate.features),
                    "hyperparameters": dict(trial.candidate.hyperparameters),
                    "settings": trial.candidate.settings(),
                    "inner": {name: score.as_dict() for name, score in trial.inner.items()},
                    "outer": {name: score.as_dict() for name, score in (trial.outer or {}).items()},
                    "optimism": trial.optimism,
                    "front": trial.front,
                    "multiplications": trial.cost,
                    "bytes": trial.size,
                    "milliseconds": trial.milliseconds,
                }
                for path, trial in zip(self.paths, self.kept, strict=True)
            ],
            "ensemble": self.ensemble.as_dict() if self.ensemble else None,
            "procedure": self.procedure.as_dict() if self.procedure else None,
        }


def by_score(trials: Sequence[Trial]) -> list[Trial]:
    """By inner UAR, the earlier of two equals first; then those stopped, by the score that they had; failures last."""
    order = ("whole", "stopped", "failed")
    return sorted(trials, key=lambda t: (order.index(t.state), -(t.score or 0), t.number))


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """The one to take (:mod:`.choice`), then :func:`by_score`."""
    found = by_score(trials)
    whole = [trial for trial in found if trial.inner]
    if whole:
        usual = [trial.made == "default" for trial in whole]
        first = first_choice([trial.score or 0 for trial in whole], [trial.uars for trial in whole], usual)
        found.insert(0, found.pop(first))
    return found


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
    for name in old - {trial.file for trial in leaderboard}:  # the ensemble is the search's own to replace
        (folder / name).unlink(missing_ok=True)
    return target


NAME = re.compile(r"\d+-([a-z0-9_]+)[a-z0-9_-]*\.semodel")
"""Of a kept model, see :func:`bundle_name`."""

COLUMNS = (
    *("rank", "trial", "state", "inner_uar", "inner_uar_low", "inner_uar_high", "inner_accuracy", "partial_uar"),
    *("folds", "family", "features", "settings", "made", "parents", "multiplications"),
    *("file", "front", "bytes", "outer_uar", "outer_uar_low", "outer_uar_high", "outer_accuracy", "optimism", "error"),
)
"""Of ``leaderboard.csv``: all that follows from the seed, and nothing that was timed, so that the same search gives the
same file."""


def refuse_strange(folder: Path) -> None:
    """Refuse a folder whose ``leaderboard.csv`` or models no search wrote, or where these files cannot be.

    Raises:
        UsageError: if it is such a folder.
    """
    for place in (folder / FILE, folder / PAGE):
        if place.exists() and not place.is_file():
            raise UsageError(f"{place} is no file, and the search writes one there; name another folder")
    if not any(folder.glob(f"*{SUFFIX}")):
        for model in sorted(folder.glob("*.semodel")):
            found = NAME.fullmatch(model.name)
            if found and found[1] in ("ensemble", *FAMILIES):
                raise UsageError(f"{model} is of no search in {folder}, and would be written over; name another folder")
    path = folder / FILE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            own = set(COLUMNS[:3]) <= set(next(csv.reader(file), []))
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{path}: {reason_of(error)}; name another folder") from error
    except (ValueError, csv.Error):
        own = False
    if not own:
        raise UsageError(f"{path} is not of a search, and would be written over; name another folder")


def _row(rank: int, trial: Trial) -> list[object]:
    candidate = trial.candidate
    partial = trial.score if trial.state == "stopped" else None
    return [
        *(rank, trial.number, trial.state, *_scores(trial.inner), "" if partial is None else f"{partial:.4f}"),
        *(trial.folds, candidate.family, "+".join(candidate.features), json.dumps(candidate.settings())),
        *(trial.made, "+".join(map(str, trial.parents)), trial.cost),
        *(trial.file or "", "yes" if trial.front else "", trial.size or "", *_scores(trial.outer)),
        *("" if trial.optimism is None else f"{trial.optimism:.4f}", trial.error or ""),
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
    return {name for name in names if NAME.fullmatch(name)}
