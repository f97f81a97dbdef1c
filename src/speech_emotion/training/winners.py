"""The winners of a search: fitted on all development recordings, calibrated, and tested once on the others."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from ..evaluation.breakdown import summary
from ..evaluation.evaluate import Report, report
from ..evaluation.fitting import fit, guess, numbered
from ..features.table import FeatureTable
from ..models.adaptation import centre_of
from ..models.calibration import temperature_for, tempered
from ..models.model import Model
from ..workers import Standing
from .candidate import Candidate
from .evolution import Known, front_of
from .fold_data import Bench
from .judging import Race, attempt
from .leaderboard import bundle_name
from .locked import drawn
from .train import model_of, provenance_of
from .trial import Trial

if TYPE_CHECKING:
    from .calibrated import Calibrated

MOST_ON_FRONT = 5
"""Models that are saved for what they cost, beside the best."""


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A winner.

    Attributes:
        trial: with its outer scores and file name.
        fitted: the calibrated pipeline.
        model: what is saved.
    """

    trial: Trial
    fitted: Calibrated
    model: Model


def chosen(leaderboard: Sequence[Trial], keep: int) -> list[Trial]:
    """The first, the best beside it, and up to :data:`MOST_ON_FRONT` more on the front of score and cost, in the
    leaderboard's order.

    Of candidates of one kind that score the same for every speaker (with protocol ``random``, group of clips) the
    cheapest alone counts, the others only where there are too few besides: a hyperparameter a hair's breadth off gives
    the same answers. Of the front only what is at least half as far above the worst that was judged as the best is: a
    model that is next to free and next to useless serves nobody.
    """
    whole = [trial for trial in leaderboard if trial.inner]
    known = [Known(trial.number, trial.candidate, trial.cost, trial.score) for trial in whole]
    front = front_of(known)
    scores = [one.score or 0 for one in known]
    least = (max(scores) + min(scores)) / 2 if whole else 0
    marked = {one.number for one in front if (one.score or 0) >= least}
    cheapest: dict[object, int] = {}
    for trial in sorted(whole, key=lambda trial: trial.cost):
        cheapest.setdefault((trial.kind, trial.uars), trial.number)
    if whole and whole[0].made == "default":
        cheapest[whole[0].kind, whole[0].uars] = whole[0].number
    unlike = set(cheapest.values())
    best = sorted(whole, key=lambda trial: trial.number not in unlike)[:keep]
    numbers = {trial.number for trial in best}
    others = [trial.number for trial in whole if trial.number in marked - numbers]
    wanted = {*numbers, *others[:MOST_ON_FRONT]}
    return [replace(trial, front=trial.number in marked) for trial in whole if trial.number in wanted]


def out_of_fold(
    bench: Bench, trials: Sequence[Trial], known: Mapping[int, NDArray[np.float32]], standing: Standing
) -> dict[int, NDArray[np.float64]]:
    """What some candidates say of every development recording, by models of the other folds.

    Args:
        bench: the recordings.
        trials: of the candidates.
        known: answers that are there already, by the number of the trial.
        standing: the workers.

    Returns:
        By the number of the trial the probabilities, shape (n, classes).
    """
    missing = [trial for trial in {trial.number: trial for trial in trials}.values() if trial.number not in known]
    races = [Race(bench, trial.candidate) for trial in missing]
    found = dict(known)
    for trial, done in zip(missing, standing.run(attempt, races), strict=True):
        if done.answer is None:
            raise TrainingError(f"trial {trial.number} cannot be fitted any more: {done.error}")
        found[trial.number] = done.answer
    return {trial.number: found[trial.number].astype(np.float64) for trial in trials}


def finish(
    winners: Sequence[Trial],
    answers: Sequence[NDArray[np.float64]],
    bench: Bench,
    development: FeatureTable,
    test: FeatureTable,
    standing: Standing,
) -> Generator[Finished, None, None]:
    """Fit the winners on all development recordings, and test them once on the others.

    Args:
        winners: the trials to keep, in order.
        answers: what each says of the development recordings, from :func:`out_of_fold`; calibration is fitted on them.
        bench: the development recordings as the trials read them.
        development: the same as a table.
        test: the recordings that no choice saw.
        standing: the workers.
    """
    labels = numbered(development.emotions, development.classes)
    tasks = [(bench, winner.candidate) for winner in winners]
    with closing(standing.run(_fitted, tasks)) as pipelines:
        for rank, (winner, answer, pipeline) in enumerate(zip(winners, answers, pipelines, strict=True), 1):
            fitted = calibrated(winner.candidate.estimator(bench.seed), pipeline, labels, answer, bench.seed)
            config = winner.candidate.config(development.config)
            table = development.narrow(config.features, config.statistics)
            asked = test.narrow(config.features, config.statistics).values
            judged = tested(guess(fitted, asked, bench.classes), test, table.classes, bench)
            file = bundle_name(rank, winner.candidate)
            made = provenance_of(
                table,
                winner.candidate.family,
                winner.candidate.hyperparameters,
                protocol=bench.protocol,
                seed=bench.seed,
                scores={"inner": winner.inner, bench.unseen: judged.scores},
                report=summary(judged),
            )
            model = model_of(fitted, table, made, file.removesuffix(".semodel"))
            yield Finished(replace(winner, outer=judged.scores, file=file), fitted, model)


def fitted_on_all(bench: Bench, candidates: Sequence[Candidate], standing: Standing) -> list[Any]:
    """The pipelines of some candidates, fitted on all development recordings."""
    return list(standing.run(_fitted, [(bench, candidate) for candidate in candidates]))


def calibrated(
    recipe: Any, fitted: Any, labels: NDArray[np.int64], answer: NDArray[np.float64], seed: int
) -> Calibrated:
    """A fitted classifier, calibrated on what models of inner folds say: as :class:`.calibrated.Calibrated` does it.

    Args:
        recipe: what was fitted, not fitted.
        fitted: on all development recordings.
        labels: of those, shape (n,).
        answer: what models of the other folds say, shape (n, classes).
        seed: of the split into those folds.
    """
    from .calibrated import Calibrated

    made = Calibrated(recipe, seed=seed)
    made.classes_ = fitted.classes_
    made.fitted_ = fitted
    made.temperature_ = temperature_for(labels, answer)
    made.centre_ = centre_of(labels, tempered(answer, made.temperature_))
    made.sure_above_, made.coverage_ = 0.0, 1.0
    return made


def tested(probabilities: NDArray[np.float64], test: FeatureTable, classes: tuple[str, ...], bench: Bench) -> Report:
    """The scores of what a model says of the recordings that no choice saw."""
    return report(
        probabilities,
        numbered(test.emotions, classes),
        test.speakers,
        classes,
        protocol=bench.protocol,
        folds=1,
        seed=bench.seed,
        aspects={"sex": test.sexes, "corpus": test.corpora},
        drawn=drawn(test.speakers, bench.protocol),
    )


def _fitted(task: tuple[Bench, Candidate]) -> Any:
    bench, candidate = task
    where = bench.columns(candidate.features, candidate.statistics).where
    values = np.concatenate([part[:, where] for part in bench.shared["values"]])
    labels, who = (np.tile(bench.shared[name], bench.times) for name in ("labels", "who"))
    return fit(candidate.estimator(bench.seed), values, labels, who)
