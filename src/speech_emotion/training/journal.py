"""What a search knows, on disk after every trial: an Optuna journal, which Optuna's own tools read.

A trial is one line, written and flushed at once, so a process that is killed loses the trials in flight and nothing
else. The study's attributes say what the search follows from: whoever goes on
with it must have the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from ..errors import UsageError
from ..evaluation.intervals import Score
from ..evaluation.metrics import METRICS
from ..features.table import FeatureTable
from .evolution import MADE
from .journal_file import SUFFIX, opened, study_in, writing
from .proposals import quiet
from .search_space import SearchSpace
from .spaces import optuna_trial
from .trial import Trial

FINISHED = "finished"
"""The attribute of a study that says whether all models are saved."""

STRANGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What values that no search wrote lead to."""

FORMAT = 4
"""Of the attributes; a journal of another is not gone on with."""


@dataclass(frozen=True)
class Origins:
    """What a search follows from.

    Attributes:
        strategy: its name.
        seed: of everything random.
        protocol: by which the recordings are parted.
        table: a hash of the development recordings, and of everyone's labels.
        space: a hash of the space.
    """

    strategy: str
    seed: int
    protocol: str
    table: str
    space: str

    @classmethod
    def of(
        cls,
        strategy: str,
        seed: int,
        protocol: str,
        table: FeatureTable,
        development: FeatureTable,
        space: SearchSpace,
    ) -> Origins:
        """Those of a search; of what tests only labels are looked at."""
        digest = hashlib.sha256()
        for values in (development.values, *development.copies.values()):
            digest.update(np.ascontiguousarray(values).data)
        for labels in (table.speakers, table.emotions, table.sexes):
            digest.update(json.dumps(labels.tolist()).encode())
        return cls(strategy, seed, protocol, digest.hexdigest(), space.fingerprint())

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the study's attributes."""
        return {
            "format": FORMAT,
            "strategy": self.strategy,
            "seed": self.seed,
            "protocol": self.protocol,
            "table": self.table,
            "space": self.space,
        }


class Journal:
    """The journal of one search, open for writing; one process at a time (:mod:`speech_emotion.corpora.locks`).

    A file that is there is touched, and one that is not is made, with the first trial that is added: until then nothing
    was found that would be worth more than what is there.

    Args:
        path: its file.
        origins: what the search follows from.
        space: what may be tried.
        anew: in place of what is there; otherwise the search goes on with that.

    Attributes:
        trials: those that it holds, in order.

    Raises:
        UsageError: if the file is of a search that follows from something else, or is no journal.
    """

    def __init__(self, path: Path, origins: Origins, space: SearchSpace, anew: bool = False) -> None:
        self._space = space
        self._origins = origins
        self._anew = anew
        self._study: Any = None
        self.path = path
        self.trials: list[Trial] = []
        study = None if anew else study_in(path)
        if study is None:
            return
        _check(study.user_attrs, origins, path)
        try:
            for trial in study.get_trials(deepcopy=False):
                self.trials.append(restored(trial.user_attrs, space, self.trials))
        except STRANGE as error:
            raise UsageError(
                f"{path} holds a trial that no search wrote ({type(error).__name__}: {error}); "
                "move it away, or name another folder"
            ) from error

    @staticmethod
    def left_by_another(path: Path) -> int:
        """How many trials a journal holds whose search was not finished; 0 where it was.

        Raises:
            UsageError: if it is no journal.
        """
        study = study_in(path)
        return 0 if study is None or study.user_attrs.get(FINISHED, False) else len(study.get_trials(deepcopy=False))

    def add(self, trial: Trial) -> None:
        """Write a trial.

        Raises:
            StorageError: if the file was removed or changed, or the disk is full.
        """
        from optuna.trial import TrialState

        whole = bool(trial.inner)
        study = self._writable()
        with writing(self.path), quiet():
            line = optuna_trial(
                self._space.choices(trial.candidate),
                state=TrialState.COMPLETE if whole else TrialState.FAIL if trial.error else TrialState.PRUNED,
                values=[trial.inner["uar"].value, float(trial.cost)] if whole else None,
                user_attrs=told(trial),
            )
            study.add_trial(line)
        self.trials.append(trial)

    def finished(self) -> None:
        """Note that the models of all that it holds are saved."""
        study = self._writable()
        with writing(self.path):
            study.set_user_attr(FINISHED, True)

    def _writable(self) -> Any:
        """The study, opened when it is first written to, and not finished from then on."""
        if self._study is None:
            self._study = opened(self.path, self._origins.as_dict(), self._anew)
            with writing(self.path):
                if self._study.user_attrs.get(FINISHED, False):
                    self._study.set_user_attr(FINISHED, False)
        return self._study


def told(trial: Trial) -> dict[str, Any]:
    """A trial as plain values."""
    return {
        "number": trial.number,
        "candidate": trial.candidate.as_dict(),
        "cost": trial.cost,
        "scores": {name: score.as_dict() for name, score in trial.inner.items()},
        "uars": _told(trial.uars),
        "glimpse": _told(trial.glimpse),
        "folds": trial.folds,
        "error": trial.error,
        "seconds": trial.seconds,
        "at": trial.at,
        "made": trial.made,
        "parents": list(trial.parents),
        "mutations": list(trial.mutations),
    }


def restored(values: Mapping[str, Any], space: SearchSpace, before: Sequence[Trial] = ()) -> Trial:
    """The trial that :func:`told` told.

    Args:
        values: what it told.
        space: what may be tried.
        before: the trials before it.

    Raises:
        ValueError: if a value is none that it tells, or does not go with those before; so do KeyError, TypeError,
            AttributeError, OverflowError and UsageError.
    """
    trial = _restored_trial(values, space)
    groups = len((before[0] if before else trial).uars)
    within = {
        "number": trial.number == len(before) + 1,
        "made": trial.made in MADE,
        "parents": all(0 < parent < trial.number for parent in trial.parents),
        "scores": not trial.inner or {*METRICS} <= {*trial.inner},
        "uars": len(trial.uars) == groups > 0 and all(0 <= uar <= 1 for uar in trial.uars if not np.isnan(uar)),
        "glimpse": len(trial.glimpse) == groups,
        "cost": 0 <= trial.cost < 10**18,
        "seconds": 0 <= trial.seconds < ENDLESS,
        "at": 0 <= trial.at < ENDLESS,
    }
    for name, right in within.items():
        if not right:
            raise ValueError(f"{name} {json.dumps(values[name])[:40]}")
    return trial


def _restored_trial(values: Mapping[str, Any], space: SearchSpace) -> Trial:
    for name, kinds in PLAIN.items():
        _expect(name, values[name], kinds)
    for name, kinds in LISTS.items():
        _expect(name, values[name], (list,))
        for value in values[name]:
            _expect(name, value, kinds)
    for score in values["scores"].values():
        for value in score.values():
            _expect("scores", value, NUMBER)
            if not 0 <= value <= 1:
                raise ValueError(f"scores {value}")
    return Trial(
        number=values["number"],
        candidate=space.restored(values["candidate"]),
        seconds=values["seconds"],
        inner={name: Score(**score) for name, score in values["scores"].items()},
        error=values["error"],
        cost=values["cost"],
        folds=values["folds"],
        uars=_restored(values["uars"]),
        glimpse=_restored(values["glimpse"]),
        at=values["at"],
        made=values["made"],
        parents=tuple(values["parents"]),
        mutations=tuple(values["mutations"]),
    )


NUMBER = (int, float)
ENDLESS = 1e9
"""Seconds; no search takes 30 years."""

PLAIN: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("number", "cost", "folds"), (int,)),
    **dict.fromkeys(("seconds", "at"), NUMBER),
    "made": (str,),
    "error": (str, NoneType),
}
"""What :func:`told` tells as one value, and of what type."""

LISTS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("uars", "glimpse"), (*NUMBER, NoneType)),
    "parents": (int,),
    "mutations": (str,),
}
"""And as a list, and of what type each."""


def _expect(name: str, value: object, kinds: tuple[type, ...]) -> None:
    if type(value) not in kinds:
        raise ValueError(f"{name} {json.dumps(value)[:40]}")


def _told(uars: Sequence[float]) -> list[float | None]:
    return [None if np.isnan(uar) else uar for uar in uars]


def _restored(uars: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(np.nan if uar is None else uar for uar in uars)


def curves(folder: Path, table: str) -> dict[str, list[tuple[float, float]]]:
    """The best score over time of every search in a folder on the same recordings.

    Args:
        folder: of the journals.
        table: the hash of the recordings.

    Returns:
        By the journal's name, without its ending, pairs of seconds and the best inner UAR so far.
    """
    found = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            study = study_in(path)
            if study is not None and study.user_attrs.get("table") == table:
                found[path.stem] = best_over_time([trial.user_attrs for trial in study.get_trials(deepcopy=False)])
        except STRANGE:  # somebody else's, or damaged
            continue
    return found


def best_over_time(told_trials: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Pairs of seconds and the best inner UAR so far, where it rose."""
    best, curve = 0.0, []
    for values in told_trials:
        scores = values.get("scores") or {}
        if "uar" in scores and best < scores["uar"]["value"] <= 1:
            best = float(scores["uar"]["value"])
            curve.append((float(values["at"]), best))
    return curve


def _check(there: Mapping[str, Any], origins: Origins, path: Path) -> None:
    wanted = origins.as_dict()
    names = {"format": "journal's format", "table": "recordings", "space": "search space"}
    for name, value in wanted.items():
        if there.get(name) != value:
            shown = f": {there.get(name)}, not {value}" if name in ("seed", "strategy", "format", "protocol") else ""
            raise UsageError(
                f"{path} cannot be resumed with another {names.get(name, name)}{shown}; "
                f"{'ask for that' if name == 'protocol' else 'move it away'}, or name another folder"
            )
