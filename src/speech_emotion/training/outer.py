"""The whole search as a procedure: what it is worth, whatever it finds.

The speakers, or the clips, are dealt into outer folds. For each, everything is done anew on the others: the trials, the
choice, the ensemble, the calibration; then what was chosen is tested once on the fold. Each is tested by a model that
no choice with it led to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..evaluation.evaluate import Report, report
from ..evaluation.fitting import numbered
from ..features.table import FeatureTable
from .locked import drawn, lock_away, parts_of
from .search_run import Plan, run
from .trial import Trial

FOLDER = "outer"


def folders(table: FeatureTable, place: Path, outer: int, protocol: str) -> list[Path]:
    """Where the search of each outer fold is kept; there are fewer where there are fewer speakers, or clips."""
    folds = parts_of(table, outer, protocol)
    return [place / FOLDER / f"{number:02d}-of-{folds:02d}" for number in range(1, folds + 1)]


def repeated(
    table: FeatureTable, plan: Plan, place: Path, outer: int, on_trial: Callable[[Trial], None] | None = None
) -> Report:
    """The scores of a search, repeated in outer folds; each keeps its journal, and goes on with it, in a folder.

    Args:
        table: the recordings.
        plan: of each search.
        place: its folder; the folds' are in it.
        outer: how many folds; fewer where there are fewer speakers, or clips of an emotion.
        on_trial: called with each finished trial.

    Raises:
        KeyboardInterrupt: if one of the searches was interrupted: what is left of it is not the procedure.
    """
    own = folders(table, place, outer, plan.protocol)
    folds = len(own)
    labels = numbered(table.emotions, table.classes)
    probabilities = np.zeros((len(table), len(table.classes)))
    for number in range(folds):
        development, test = lock_away(table, plan.seed, folds, number, plan.protocol)
        result = run(table, development, test, own[number], replace(plan, keep=1), on_trial)
        if result.stopped == "interrupted":
            raise KeyboardInterrupt
        config = result.best.config
        asked = table.rows(test).narrow(config.features, config.statistics)
        probabilities[test] = result.best.predict_proba(asked)
    return report(
        probabilities,
        labels,
        table.speakers,
        table.classes,
        protocol=plan.protocol,
        folds=folds,
        seed=plan.seed,
        aspects={"sex": table.sexes, "corpus": table.corpora},
        drawn=drawn(table.speakers, plan.protocol),
    )
