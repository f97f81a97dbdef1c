"""Evolution: the best candidates have children.

A population is held back to those that do best, and those that do best for what they cost (NSGA-II's order: Deb et
al., 2002, IEEE Trans. Evol. Comput. 6(2)). Two parents win tournaments; a child takes each choice from one of them,
or a number between theirs, and a few of its choices mutate. A choice that neither parent had to make, such as the
hyperparameters of a family that neither is of, is drawn. Optuna's own NSGA-II crosses only the choices that all
candidates have, so that here, where each family has its own, it would draw the most of them at random.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .candidate import Candidate
from .families import family as family_named
from .search_space import SearchSpace
from .spaces import Dimension

POPULATION = 20
BY_SCORE = 14
"""Of the population, those that are there for their score alone."""

STRANGERS = 0.15
"""Of the children, those that are drawn and have no parents."""

CROSSED = 0.8
"""Of the children of parents, those that have two."""

MUTATIONS = 1.5
"""How many choices of a child mutate, on average."""


MADE = ("default", "middle", "drawn", "proposed", "crossed", "mutated")
"""How a candidate may come to be, see :class:`Proposal`."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate, and how it came to be.

    Attributes:
        candidate: to be tried.
        made: how, of :data:`MADE`: ``default`` (a family at its usual settings), ``middle`` (in the middle of its
            space, where that has not all of them), ``drawn``, ``proposed``, ``crossed`` or ``mutated``.
        parents: the numbers of the trials that it stems from.
        mutations: the choices that no parent made so, a line each.
    """

    candidate: Candidate
    made: str
    parents: tuple[int, ...] = ()
    mutations: tuple[str, ...] = ()

    @classmethod
    def of(cls, candidate: Candidate | None, made: str) -> Proposal | None:
        """A proposal of a candidate, if there is one."""
        return None if candidate is None else cls(candidate, made)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a candidate that was tried.

    Attributes:
        number: of its trial.
        candidate: what was tried.
        cost: of one prediction, in multiplications.
        score: its UAR, be it of all folds or of those before it was stopped; None where it could not be fitted.
        whole: whether all folds were judged.
    """

    number: int
    candidate: Candidate
    cost: int
    score: float | None
    whole: bool = True


def firsts(space: SearchSpace) -> Iterator[Proposal]:
    """What a generation begins with: each family at its usual settings, or near them, on all features, the quickest
    first."""
    for name in sorted(space.families, key=lambda each: family_named(each).effort):
        usual = family_named(name).usual(space.copies)

        def choose(each: str, dimension: Dimension, name: str = name, usual: Any = usual) -> Any:
            value = {"family": name, "scaling": "standard"}.get(each, usual.get(each.partition(".")[2]))
            if each == "components":
                value = max(space.components)
            return value if dimension.has(value) else dimension.middle()

        candidate = space.candidate(choose)
        if candidate is not None:
            exact = candidate.components is None and candidate.hyperparameters.items() <= usual.items()
            yield Proposal(candidate, "default" if exact else "middle")


def evolved(space: SearchSpace, known: Sequence[Known], rng: np.random.Generator) -> Iterator[Proposal | None]:
    """Children without end of those that did best."""
    parents = survivors(known)
    while True:
        if not parents or rng.random() < STRANGERS:
            yield Proposal.of(space.candidate(lambda _, dimension: dimension.draw(rng)), "drawn")
            continue
        first, second = _winner(parents, rng), _winner(parents, rng)
        if first is second or rng.random() >= CROSSED:
            yield _child(space, (first,), rng)
        else:
            yield _child(space, (first, second), rng)


def survivors(known: Sequence[Known]) -> list[Known]:
    """The population: of the candidates that were judged wholly the best, and the best for what they cost."""
    whole = sorted((one for one in known if one.whole and one.score is not None), key=lambda o: (-_score(o), o.number))
    kept = whole[:BY_SCORE]
    rest = whole[BY_SCORE:]
    while rest and len(kept) < POPULATION:
        front = front_of(rest)
        kept += front[: POPULATION - len(kept)]
        rest = [one for one in rest if one not in front]
    return kept


def front_of(known: Sequence[Known]) -> list[Known]:
    """Those that no other beats in score without costing more; the best score first."""
    front: list[Known] = []
    cheapest = float("inf")
    for one in sorted(known, key=lambda one: (-_score(one), one.cost, one.number)):
        if one.cost < cheapest:
            front.append(one)
            cheapest = one.cost
    return front


def _score(one: Known) -> float:
    return -1.0 if one.score is None else one.score


def _winner(parents: Sequence[Known], rng: np.random.Generator) -> Known:
    """The better of two; they are in the order of the population."""
    places = rng.integers(len(parents), size=2)
    return parents[int(places.min())]


@dataclass
class _Choosing:
    """The choices of a child, as its parents made them, some of them mutated."""

    genes: Sequence[dict[str, tuple[Any, Dimension]]]
    rate: float
    rng: np.random.Generator
    mutations: list[str] = field(default_factory=list)

    def __call__(self, name: str, dimension: Dimension) -> Any:
        values = [own[name][0] for own in self.genes if name in own and dimension.has(own[name][0])]
        if not values:
            value = dimension.draw(self.rng)
            self.mutations.append(f"{name} {_shown(value)}")
            return value
        value = values[0] if len(values) == 1 else dimension.mixed(values[0], values[1], self.rng)
        if self.rng.random() < self.rate:
            changed = dimension.mutated(value, self.rng)
            if changed != value:
                self.mutations.append(f"{name} {_shown(value)} → {_shown(changed)}")
            return changed
        return value


def _child(space: SearchSpace, parents: Sequence[Known], rng: np.random.Generator) -> Proposal | None:
    genes = [space.choices(parent.candidate) for parent in parents]
    rate = MUTATIONS / max(len(own) for own in genes)
    choosing = _Choosing(genes, rate, rng)
    candidate = space.candidate(choosing)
    if candidate is None:
        return None
    made = "crossed" if len(parents) == 2 else "mutated"
    return Proposal(candidate, made, tuple(parent.number for parent in parents), tuple(choosing.mutations))


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else json.dumps(value)
