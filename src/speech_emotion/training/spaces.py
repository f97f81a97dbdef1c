"""The dimensions of a search: what one choice may be, and how it is drawn, changed and mixed.

All that is random comes from the generator that is given, so that the same one makes the same choices.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

STEP = 0.2
"""Of a mutation: the standard deviation, as a part of the whole range."""


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return ", ".join("none" if value is None else str(value) for value in self.values)

    def draw(self, rng: np.random.Generator) -> Any:
        """A value, each as likely."""
        return self.values[int(rng.integers(len(self.values)))]

    def middle(self) -> Any:
        """The first value."""
        return self.values[0]

    def mutated(self, value: Any, rng: np.random.Generator) -> Any:
        """Another value, if there is one."""
        others = [each for each in self.values if each != value]
        return others[int(rng.integers(len(others)))] if others else value

    def mixed(self, first: Any, second: Any, rng: np.random.Generator) -> Any:
        """One of two values."""
        return first if rng.random() < 0.5 else second

    def has(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return any(value == each and type(value) is type(each) for each in self.values)

    def distribution(self) -> Any:
        """The same for Optuna: of values as text, for it knows no tuples."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution([str(value) for value in self.values])

    def told(self, value: Any) -> Any:
        """A value as Optuna has it."""
        return str(value)

    def heard(self, value: Any) -> Any:
        """The value that Optuna means."""
        return next(each for each in self.values if str(each) == value)


@dataclass(frozen=True)
class Real:
    """A number between two others, on a logarithmic scale where ``log``."""

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"

    def draw(self, rng: np.random.Generator) -> Any:
        """A number, each as likely on its scale."""
        return self._at(rng.random())

    def middle(self) -> Any:
        """The number in the middle of its scale."""
        return self._at(0.5)

    def mutated(self, value: Any, rng: np.random.Generator) -> Any:
        """A number nearby."""
        return self._at(self._place(value) + STEP * rng.normal())

    def mixed(self, first: Any, second: Any, rng: np.random.Generator) -> Any:
        """A number between two, or a little outside of them."""
        one, other = self._place(first), self._place(second)
        return self._at(one + (1.5 * rng.random() - 0.25) * (other - one))

    def has(self, value: Any) -> bool:
        """Whether a number lies between."""
        return isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high

    def distribution(self) -> Any:
        """The same for Optuna."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log)

    def told(self, value: Any) -> Any:
        """A number as Optuna has it."""
        return float(value)

    def heard(self, value: Any) -> Any:
        """The number that Optuna means."""
        return float(value)

    def _place(self, value: float) -> float:
        low, high = self._ends()
        return (self._scale(value) - low) / (high - low) if high > low else 0.0

    def _at(self, place: float) -> float:
        low, high = self._ends()
        there = low + min(max(place, 0.0), 1.0) * (high - low)
        return float(min(max(math.exp(there) if self.log else there, self.low), self.high))

    def _ends(self) -> tuple[float, float]:
        return self._scale(self.low), self._scale(self.high)

    def _scale(self, value: float) -> float:
        return math.log(value) if self.log else float(value)


@dataclass(frozen=True)
class Whole:
    """A whole number between two others, both included, on a logarithmic scale where ``log``."""

    low: int
    high: int
    log: bool = False

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def draw(self, rng: np.random.Generator) -> Any:
        """A number, each as likely on its scale."""
        return self._whole(self._real().draw(rng))

    def middle(self) -> Any:
        """The number in the middle of its scale."""
        return self._whole(self._real().middle())

    def mutated(self, value: Any, rng: np.random.Generator) -> Any:
        """Another number nearby, if there is one."""
        found = self._whole(self._real().mutated(value, rng))
        if found == value and self.high > self.low:
            found = value + 1 if value < self.high else value - 1
        return found

    def mixed(self, first: Any, second: Any, rng: np.random.Generator) -> Any:
        """A number between two, or a little outside of them."""
        return self._whole(self._real().mixed(first, second, rng))

    def has(self, value: Any) -> bool:
        """Whether a number is whole and lies between."""
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def distribution(self) -> Any:
        """The same for Optuna."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log)

    def told(self, value: Any) -> Any:
        """A number as Optuna has it."""
        return int(value)

    def heard(self, value: Any) -> Any:
        """The number that Optuna means."""
        return int(value)

    def _real(self) -> Real:
        half = 0.5 - 1e-9  # so that the numbers at the ends are as likely as the others
        return Real(max(self.low - half, 0.5) if self.log else self.low - half, self.high + half, self.log)

    def _whole(self, value: float) -> int:
        return min(max(round(value), self.low), self.high)


@dataclass(frozen=True)
class Several:
    """One value or more, each of a dimension: not to choose from, but to know one by.

    Attributes:
        each: of what they are.
        most: how many there are at most.
    """

    each: Choice | Real | Whole
    most: int

    def __str__(self) -> str:
        return f"several, up to {self.most}, each {self.each}"

    def has(self, values: Any) -> bool:
        """Whether these are such values."""
        return isinstance(values, (list, tuple)) and 0 < len(values) <= self.most and all(map(self.each.has, values))


Dimension: TypeAlias = Choice | Real | Whole


def optuna_trial(choices: Mapping[str, tuple[Any, Dimension]], **about: Any) -> Any:
    """Optuna's finished trial of choices that were made.

    Args:
        choices: by the dimension's name, the value and the dimension.
        about: what else Optuna's ``create_trial`` takes, such as ``value``.
    """
    from optuna.trial import create_trial

    return create_trial(
        params={name: dimension.told(value) for name, (value, dimension) in choices.items()},
        distributions={name: dimension.distribution() for name, (_, dimension) in choices.items()},
        **about,
    )
