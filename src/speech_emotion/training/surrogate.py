"""A guess at what a candidate will score, from those that were judged (a surrogate, as in SMAC: Hutter et al., 2011).

A forest of regression trees over all choices: one that a candidate did not have to make is a value of its own.
Candidates that were stopped count with what they scored until then. What counts is the improvement on the best so far
that is to be expected, the score being as uncertain as the trees differ, for the effort of learning it (expected
improvement per second: Snoek, Larochelle & Adams, 2012): a family that takes ten times as long must promise ten times
as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .candidate import Candidate
from .evolution import Known, Proposal
from .families import family as family_named
from .search_space import SearchSpace
from .spaces import Choice, Dimension

LITTER = 24
"""Proposals among which is chosen."""

TRIED = 2
"""Of each litter, those that are tried."""

TREES = 64
UNSURE = 0.003
"""Standard deviation of a UAR, from 0 to 1, at least: trees that agree are not certain. Set by hand."""

NOT_MADE = -1.0
"""A choice that a candidate did not have to make; all others are numbers from 0."""


def screened(
    space: SearchSpace, known: Sequence[Known], proposed: Iterator[Proposal | None], rng: np.random.Generator
) -> Iterator[Proposal | None]:
    """Of proposals, litter by litter, those of the highest expected improvement.

    Args:
        space: that they are from.
        known: candidates that were judged.
        proposed: without end.
        rng: of the guess.
    """
    if not any(one.score is not None for one in known):
        yield from proposed
    surrogate = Surrogate(space, known, int(rng.integers(2**31)))
    tried = {one.candidate.key for one in known}
    while True:
        found = [one for one in islice(proposed, LITTER) if one and one.candidate.key not in tried]
        litter = list({one.candidate.key: one for one in found}.values())
        if not litter:
            yield from repeat(None, LITTER)  # as many as were not new
            continue
        improvement = surrogate.log_expected_improvement([one.candidate for one in litter])
        for place in np.argsort(-improvement, kind="stable")[:TRIED]:
            yield litter[place]


class Surrogate:
    """What is guessed of candidates of a space.

    Args:
        space: that they are from.
        known: what is to be learnt from: one candidate or more with a score.
        seed: of the trees.
    """

    def __init__(self, space: SearchSpace, known: Sequence[Known], seed: int) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        self._space = space
        told = [one for one in known if one.score is not None]
        self._best = max((one.score or 0.0 for one in told if one.whole), default=0.0)
        made = [space.choices(one.candidate) for one in told]
        self._names = sorted({name for choices in made for name in choices})
        forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, max_features=0.5, random_state=seed)
        self._forest = forest.fit(self._rows(made), [one.score for one in told])

    def log_expected_improvement(self, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
        """The logarithm of how much each may better the best, on average, for its effort, shape (n,)."""
        rows = self._rows([self._space.choices(candidate) for candidate in candidates])
        each = np.stack([tree.predict(rows) for tree in self._forest.estimators_])
        spread = np.maximum(each.std(axis=0), UNSURE)
        effort = np.array([family_named(candidate.family).effort for candidate in candidates])
        gain = _log_gain((each.mean(axis=0) - self._best) / spread)
        improvement: NDArray[np.float64] = np.log(spread / effort) + gain
        return improvement

    def _rows(self, made: Sequence[dict[str, tuple[Any, Dimension]]]) -> NDArray[np.float32]:
        rows = np.full((len(made), len(self._names)), NOT_MADE, dtype=np.float32)
        for row, choices in zip(rows, made, strict=True):
            for place, name in enumerate(self._names):
                if name in choices:
                    row[place] = _number(*choices[name])
        return rows


def _number(value: Any, dimension: Dimension) -> float:
    """A choice as a number; trees mind the order of numbers only, not their scale."""
    if isinstance(dimension, Choice):
        return float(next(place for place, each in enumerate(dimension.values) if dimension.told(each) == str(value)))
    return float(value)


def _log_gain(ahead: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of what a standard normal variable, ``ahead`` added, is above 0 on average."""
    from scipy.special import erfcx, ndtr

    near, behind = np.maximum(ahead, -1), np.minimum(ahead, -1)
    gain = near * ndtr(near) + np.exp(-(near**2) / 2) / np.sqrt(2 * np.pi)
    # far behind both terms vanish: the same, divided by the density, whose logarithm does not
    share = np.log1p(behind * np.sqrt(np.pi / 2) * erfcx(-behind / np.sqrt(2)))
    found: NDArray[np.float64] = np.where(ahead > -1, np.log(gain), share - behind**2 / 2 - np.log(2 * np.pi) / 2)
    return found
