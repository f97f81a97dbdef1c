"""An ensemble of a search as a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..evaluation.breakdown import summary
from ..evaluation.fitting import guess, numbered
from ..evaluation.intervals import Score
from ..features.table import FeatureTable
from ..models.model import Model
from ..workers import Standing
from .ensemble import Joined
from .fold_data import Bench
from .train import provenance_of
from .trial import Trial
from .winners import calibrated, fitted_on_all, tested

ENSEMBLE = "00-ensemble.semodel"
"""Its file, before those of its members."""


def joined_model(
    joined: Joined,
    pool: Sequence[Trial],
    fitted: Mapping[int, Any],
    bench: Bench,
    development: FeatureTable,
    test: FeatureTable,
    standing: Standing,
) -> tuple[Model, dict[str, Score]]:
    """The model of an ensemble, and its scores on the recordings that no choice saw.

    Args:
        joined: the ensemble.
        pool: the trials that its members are places in.
        fitted: members that are fitted already, by the numbers of their trials.
        bench: the development recordings as the trials read them.
        development: the same as a table.
        test: the recordings that no choice saw.
        standing: the workers.
    """
    from .blend import Blend, BlendClassifier

    members = [pool[member.place] for member in joined.members]
    missing = [one for one in members if one.number not in fitted]
    pipelines = dict(fitted)
    new = fitted_on_all(bench, [one.candidate for one in missing], standing)
    pipelines |= dict(zip((one.number for one in missing), new, strict=True))
    configs = [one.candidate.config(bench.config) for one in members]
    features = {group for config in configs for group in config.features}
    statistics = {statistic for config in configs for statistic in config.statistics}
    config = bench.config.narrowed(tuple(features), tuple(statistics))
    position = {name: number for number, name in enumerate(config.columns)}
    blend = Blend(
        pipelines=[one.candidate.estimator(bench.seed) for one in members],
        columns=[np.array([position[name] for name in each.columns]) for each in configs],
        weights=[member.weight for member in joined.members],
        temperatures=[member.temperature for member in joined.members],
    )
    recipe = Blend(**blend.get_params(deep=False))
    labels = numbered(development.emotions, development.classes)
    whole = calibrated(
        recipe, blend.joined([pipelines[one.number] for one in members]), labels, joined.answer, bench.seed
    )
    asked = test.narrow(config.features, config.statistics).values
    judged = tested(guess(whole, asked, bench.classes), test, development.classes, bench)
    table = development.narrow(config.features, config.statistics)
    scores = {"inner": joined.inner, bench.unseen: judged.scores}
    made = provenance_of(
        table, members[0].candidate.family, {}, protocol=bench.protocol, seed=bench.seed, scores=scores,
        report=summary(judged),
    )  # fmt: skip
    about = [
        f"{member.weight:.3f} of trial {one.number}: {one.candidate.family} on {'+'.join(one.candidate.features)}, "
        f"{json.dumps(one.candidate.settings())}, temperature {member.temperature:.4g}"
        for one, member in zip(members, joined.members, strict=True)
    ]
    model = Model(
        classifier=BlendClassifier(blend, config.size, recipe=whole),
        emotions=table.classes,
        config=table.config,
        provenance=replace(made, family="ensemble", hyperparameters={"members": about}),
        name=ENSEMBLE.removesuffix(".semodel"),
        temperature=whole.temperature_,
        centre=whole.centre_,
    )
    return model, judged.scores
