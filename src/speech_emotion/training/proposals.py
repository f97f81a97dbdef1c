"""What a search tries next: candidates proposed by a strategy, none of them twice.

A candidate is a set of feature groups, a family, and that family's hyperparameters. Strategies are Optuna's
samplers, used by ask and tell: candidates are asked for in batches, and the strategy is told how each one
did, in order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import MissingExtraError, unknown
from .families import FAMILIES
from .families import family as family_named

PATIENCE = 500
"""Proposals in a row that were all tried before, after which there is taken to be nothing new."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One recipe for a model.

    Attributes:
        family: a name from :data:`speech_emotion.training.families.FAMILIES`.
        features: feature groups, in the order of their columns.
        hyperparameters: the family's.
    """

    family: str
    features: tuple[str, ...]
    hyperparameters: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The same text for the same recipe."""
        return json.dumps([self.family, self.features, self.hyperparameters], sort_keys=True)

    def estimator(self, seed: int) -> Any:
        """The scikit-learn pipeline, not fitted."""
        return family_named(self.family).build(seed=seed, **self.hyperparameters)


def _random(seed: int) -> Any:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


STRATEGIES: Mapping[str, Callable[[int], Any]] = {"random": _random}
"""An Optuna sampler for a seed, by the strategy's name."""


def check_names(strategy: str, families: Sequence[str] | None = None) -> None:
    """Raise where a strategy or a family is not known.

    Raises:
        UsageError: naming the known ones.
    """
    if strategy not in STRATEGIES:
        raise unknown("strategy", strategy, STRATEGIES)
    for name in families or ():
        family_named(name)


class Proposals:
    """A strategy at work.

    Args:
        strategy: a name from :data:`STRATEGIES`.
        features: the feature groups to choose from.
        families: the families to choose from; None is all.
        seed: of the strategy.

    Raises:
        UsageError: if there is no such strategy or family.
        MissingExtraError: if Optuna is not installed.
    """

    def __init__(
        self, strategy: str, features: Sequence[str], families: Sequence[str] | None = None, seed: int = 0
    ) -> None:
        check_names(strategy, families)
        try:
            import optuna
        except ImportError as error:
            raise MissingExtraError("a search", "train") from error
        self.features = tuple(features)
        self.families = tuple(dict.fromkeys(families or FAMILIES))
        self._tried: set[str] = set()
        self._asked: dict[str, Any] = {}
        spoken = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            self._study = optuna.create_study(direction="maximize", sampler=STRATEGIES[strategy](seed))
        finally:
            optuna.logging.set_verbosity(spoken)

    def ask(self, count: int) -> list[Candidate]:
        """Up to ``count`` candidates that were never asked for before; fewer where there is nothing new."""
        batch: list[Candidate] = []
        misses = 0
        while len(batch) < count and misses < PATIENCE:
            trial = self._study.ask()
            candidate = self._candidate(trial)
            if candidate is None or candidate.key in self._tried:
                misses += 1
                self._tell(trial, None)
                continue
            misses = 0
            self._tried.add(candidate.key)
            self._asked[candidate.key] = trial
            batch.append(candidate)
        return batch

    def tell(self, candidate: Candidate, score: float | None) -> None:
        """How a candidate did; None where it could not be fitted."""
        self._tell(self._asked.pop(candidate.key), score)

    def _tell(self, trial: Any, score: float | None) -> None:
        from optuna.trial import TrialState

        state = TrialState.FAIL if score is None else TrialState.COMPLETE
        self._study.tell(trial, score, state=state)

    def _candidate(self, trial: Any) -> Candidate | None:
        features = self.features
        if len(features) > 1:
            features = tuple(name for name in features if trial.suggest_categorical(f"features.{name}", [True, False]))
            if not features:
                return None
        family = trial.suggest_categorical("family", list(self.families))
        space = family_named(family).space
        hyperparameters = {name: space[name].suggest(trial, f"{family}.{name}") for name in space}
        return Candidate(family, features, hyperparameters)
