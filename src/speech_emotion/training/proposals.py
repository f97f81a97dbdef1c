"""What a search tries next: candidates proposed by a strategy, generation by generation, none of them twice.

A strategy is a function of candidates that were judged, and of a random generator that follows from the seed and the
number of the generation. It keeps nothing. A generation is proposed while the one before it is still being judged, so
that no worker waits for the last of it: what it learns from are all candidates but the :data:`AHEAD` before it. So the
sequence of candidates is the same on any number of workers, and goes on as it would have where a search was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import MissingExtraError, require_list, unknown
from .evolution import Known, Proposal, evolved, firsts
from .families import family as family_named
from .search_space import SearchSpace
from .spaces import Dimension, optuna_trial
from .surrogate import screened

GENERATION = 6
"""Candidates proposed at once. It is never the number of workers, or strategies that learn would find other models on
other machines."""

AHEAD = 12
"""Candidates that may be judged at once, whatever the number of workers; a generation is proposed from those before."""

PATIENCE = 500
"""Proposals in a row that were all tried before, after which there is taken to be nothing new."""

STARTUP = {"evolution": 6, "tpe": 24}
"""Candidates that are known before a strategy begins to learn from them."""


BEFORE_CHILDREN = AHEAD + STARTUP["evolution"]
"""Candidates that evolution proposes before the first that have parents."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to propose candidates.

    Attributes:
        name: as the user writes it.
        summary: one line.
        propose: proposals without end, from the space, what is known of the candidates before, and a generator.
    """

    name: str
    summary: str
    propose: Callable[[SearchSpace, Sequence[Known], np.random.Generator], Iterator[Proposal | None]]


def _random(space: SearchSpace, known: Sequence[Known], rng: np.random.Generator) -> Iterator[Proposal | None]:
    while True:
        yield Proposal.of(space.candidate(lambda _, dimension: dimension.draw(rng)), "drawn")


def _evolution(space: SearchSpace, known: Sequence[Known], rng: np.random.Generator) -> Iterator[Proposal | None]:
    if len(known) < STARTUP["evolution"]:
        yield from firsts(space)
        yield from _quick(_random(space, known, rng), rng)
    yield from screened(space, known, evolved(space, known, rng), rng)


def _quick(proposed: Iterator[Proposal | None], rng: np.random.Generator) -> Iterator[Proposal | None]:
    """Of proposals some, the fewer the longer their family takes, so that children come soon: with a chance of one to
    the square root of the effort."""
    for proposal in proposed:
        if proposal is None or rng.random() < family_named(proposal.candidate.family).effort ** -0.5:
            yield proposal


def _tpe(space: SearchSpace, known: Sequence[Known], rng: np.random.Generator) -> Iterator[Proposal | None]:
    """Optuna's tree-structured Parzen estimator (Bergstra et al., 2011), told of all before, asked for many at once."""
    if not known:
        yield from firsts(space)
    import optuna

    with quiet():
        sampler = optuna.samplers.TPESampler(
            seed=int(rng.integers(2**31)), n_startup_trials=STARTUP["tpe"], multivariate=False, constant_liar=True
        )
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for one in known:
            if one.score is not None:
                study.add_trial(optuna_trial(space.choices(one.candidate), value=one.score))
    while True:
        with quiet():
            trial = study.ask()

            def ask(name: str, dimension: Dimension, trial: Any = trial) -> Any:
                return dimension.heard(trial._suggest(name, dimension.distribution()))

            # one that is not used, or not new, stays unfinished: Optuna then counts it among the worse, and moves on
            candidate = space.candidate(ask)
        yield Proposal.of(candidate, "proposed")


STRATEGIES: Mapping[str, Strategy] = {
    each.name: each
    for each in (
        Strategy("random", "each candidate drawn by itself", _random),
        Strategy("evolution", "the best have children, of which the most hopeful are tried", _evolution),
        Strategy("tpe", "drawn from where the better candidates were (Optuna's TPE)", _tpe),
    )
}
"""By name."""


def check_names(strategy: str, families: Sequence[str] | None = None) -> None:
    """Raise where a strategy or a family is not known.

    Raises:
        UsageError: naming the known ones.
        MissingExtraError: if Optuna is not installed.
    """
    if strategy not in STRATEGIES:
        raise unknown("strategy", strategy, STRATEGIES)
    if families is not None:
        require_list("families", families)
        for name in families:
            family_named(name)
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("a search", "train") from error


def generation(
    strategy: str, space: SearchSpace, known: Sequence[Known], seed: int, number: int, asked: Collection[str] = ()
) -> list[Proposal]:
    """The candidates of one generation; fewer than :data:`GENERATION` where there is nothing new.

    Args:
        strategy: a name from :data:`STRATEGIES`.
        space: what may be tried.
        known: candidates that were judged, in order.
        seed: of the search.
        number: of the generation, from 0.
        asked: the keys of candidates that were proposed, and may not be judged yet.
    """
    rng = np.random.default_rng([seed, number])
    tried = {*asked, *(one.candidate.key for one in known)}
    batch: list[Proposal] = []
    misses = 0
    proposed = STRATEGIES[strategy].propose(space, known, rng)
    while len(batch) < GENERATION and misses < PATIENCE:
        proposal = next(proposed)
        if proposal is None or proposal.candidate.key in tried:
            misses += 1
            continue
        misses = 0
        tried.add(proposal.candidate.key)
        batch.append(proposal)
    return batch


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna says nothing but errors."""
    import optuna

    spoken = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(spoken)
