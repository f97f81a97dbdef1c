"""Which choices mattered: functional analysis of variance (fANOVA; Hutter, Hoos & Leyton-Brown, 2014, ICML)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .proposals import quiet
from .search_space import SearchSpace
from .spaces import optuna_trial
from .trial import Trial

FEWEST = 12
"""Trials below which nothing is said."""

OF_ANY = ("scaling", "components")
"""Choices that any family may have."""


def family_to_explain(trials: Sequence[Trial], highest: Trial) -> str:
    """The family whose hyperparameters can be told of: that with the highest score or, where too few of it were tried,
    the one that was tried most."""
    tried = Counter(trial.candidate.family for trial in trials if trial.score is not None)
    own = highest.candidate.family
    return own if tried[own] >= FEWEST else tried.most_common(1)[0][0]


def importances(trials: Sequence[Trial], space: SearchSpace, family: str | None = None) -> dict[str, float]:
    """The part of the scores' variance that each choice explains, the largest first; empty where that is not known.

    Candidates that were stopped count with what they scored until then.

    Args:
        trials: of a search.
        space: that they are from.
        family: of only those of this family, its hyperparameters, scaling and components; None: the choices that all
            candidates have.
    """
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    made = []
    for trial in trials:
        if trial.score is not None and (family is None or trial.candidate.family == family):
            choices = space.choices(trial.candidate)
            made.append((trial.score, choices))
    if len(made) < FEWEST or len({score for score, _ in made}) < 2:
        return {}
    shared = set.intersection(*({*choices} for _, choices in made))
    wanted = sorted(n for n in shared if family is None or n in OF_ANY or n.startswith(f"{family}."))
    wanted = [n for n in wanted if len({str(choices[n][0]) for _, choices in made}) > 1]
    if not wanted:
        return {}
    with quiet():
        study = optuna.create_study(direction="maximize")
        for score, choices in made:
            study.add_trial(optuna_trial({name: choices[name] for name in wanted}, value=score))
        found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0), params=wanted)
    return {name.removeprefix("features.").removeprefix(f"{family}."): share for name, share in found.items()}
