"""What is judged: an estimator or a recipe, fitted anew for each fold; or a saved model as it is, and what it knows."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from ..corpora.naming import said
from ..errors import FeatureError, TrainingError, UsageError
from ..features.table import FeatureTable
from ..models.model import Model


def recipe_of(model: Any) -> Any:
    """What is fitted anew for each fold: the model itself, or its recipe; None for a saved one, which has none.

    Raises:
        UsageError: if it has neither ``fit`` nor a recipe.
    """
    if isinstance(model, Model):
        return getattr(model.classifier, "recipe", None)
    if not (hasattr(model, "fit") and hasattr(model, "predict_proba")):
        raise UsageError(f"a model must have fit and predict_proba, and {type(model).__name__} has not")
    return model


def as_known_to(model: Model, table: FeatureTable) -> FeatureTable:
    """The rows and columns that a model knows: those with its emotions, and its features.

    Raises:
        FeatureError: if the table lacks features that the model needs, or was measured otherwise.
    """
    table = table.narrow(model.config.features, model.config.statistics)
    for setting in fields(model.config):
        made, wanted = getattr(table.config, setting.name), getattr(model.config, setting.name)
        if made != wanted:
            raise FeatureError(f"the table was made with {setting.name} = {made}, and the model needs {wanted}")
    known = np.isin(table.emotions, model.emotions)
    return table if known.all() else table.rows(known)


def left_out_by(model: Model, table: FeatureTable) -> tuple[str, ...]:
    """The line for a report where a model does not know all emotions of a table; none where it does."""
    strange = int((~np.isin(table.emotions, model.emotions)).sum())
    return (f"{strange} utterances left out: the model does not know their emotions",) if strange else ()


def only_known_to(model: Model, table: FeatureTable) -> tuple[str, ...]:
    """The line for a report where a model knows emotions that a table has not; none where it does not."""
    more = [emotion for emotion in model.emotions if emotion not in table.classes]
    if not more:
        return ()
    return (
        f"{model.name} also knows {', '.join(more)}, which no recording here is: such an answer counts as wrong, and "
        "in macro F1 as an emotion that is never right",
    )


def check_unseen(model: Model, table: FeatureTable, protocol: str, allow_overlap: bool = False) -> str:
    """The line for the report of a saved model, which is judged as it is.

    Raises:
        UsageError: if the protocol would fit it anew.
        TrainingError: if the table has nothing to judge it by, or speakers that it was trained on, unless that is
            allowed.
    """
    if protocol != "speaker":
        raise UsageError(f"a saved model cannot be fitted anew, so not judged by '{protocol}' (valid: speaker)")
    voices = {voice(*row) for row in zip(table.paths.tolist(), table.speakers.tolist(), strict=True)}
    seen = sorted(voices & set(model.provenance.speakers))
    listed = f"{', '.join(seen[:3])}{', …' if len(seen) > 3 else ''}"
    if seen and not allow_overlap:
        raise TrainingError(
            f"{model.name} was trained on {len(seen)} of these speakers ({listed}); judge it on others, or all "
            "the same and marked so (--allow-overlap)"
        )
    if not len(table):
        raise TrainingError(f"the table has none of the emotions of {model.name}: {', '.join(model.emotions)}")
    if seen:
        return f"OVERLAP: trained on {len(seen)} of these {len(voices)} speakers ({listed}); new voices will score less"
    return "judged as it is, on speakers of whose names none was among those that it was trained on"


def voice(path: str, speaker: str) -> str:
    """Who speaks, by the name that is the same in every set: a file that a known corpus named says so wherever it lies.

    Example:
        >>> voice("mine/happy/03-01-06-01-02-01-12.wav", "mine/ann"), voice("mine/1.wav", "mine/ann")
        ('ravdess/12', 'mine/ann')
    """
    name = said(path)
    return speaker if name is None else name.speaker
