"""One recipe for a model, as a search tries it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..features.config import FeatureConfig
from ..features.whole import WHOLE
from . import costs
from .families import family as family_named


@dataclass(frozen=True, slots=True)
class Candidate:
    """One recipe for a model.

    Attributes:
        family: a name from :data:`speech_emotion.training.families.FAMILIES`.
        features: feature groups, in the order of their columns.
        hyperparameters: the family's.
        statistics: of the frames; empty takes all that the table has.
        scaling: of the features, a name from :data:`speech_emotion.training.scaling.SCALINGS`.
        components: principal components made of the scaled features; None leaves the columns.
    """

    family: str
    features: tuple[str, ...]
    hyperparameters: Mapping[str, Any]
    statistics: tuple[str, ...] = ()
    scaling: str = "standard"
    components: int | None = None

    @property
    def key(self) -> str:
        """The same text for the same recipe."""
        about = [self.family, self.features, self.statistics, self.scaling, self.components, self.hyperparameters]
        return json.dumps(about, sort_keys=True)

    def estimator(self, seed: int) -> Any:
        """The scikit-learn pipeline, not fitted; how sure it is, a temperature says that is fitted afterwards."""
        slope = {"slope": 1.0} if self.family == "svm" else {}
        own = {**slope, **self.hyperparameters}
        return family_named(self.family).build(seed=seed, scaling=self.scaling, components=self.components, **own)

    def config(self, whole: FeatureConfig) -> FeatureConfig:
        """How a recording is measured for it, given how the table was."""
        return whole.narrowed(self.features, self.statistics or whole.statistics)

    def cost(self, whole: FeatureConfig, rows: int, classes: int) -> int:
        """Multiplications that one prediction takes, see :mod:`speech_emotion.training.costs`.

        Args:
            whole: how the table was measured.
            rows: how many are learnt.
            classes: how many emotions there are.
        """
        kind = family_named(self.family)
        columns, projected = self.config(whole).size, 0
        if self.components is not None:
            projected, columns = columns * self.components, self.components
        asked = kind.operations(columns, rows, classes, **{**kind.defaults, **self.hyperparameters})
        return costs.features(self.features) + projected + asked

    def settings(self) -> dict[str, Any]:
        """All but the family and the features, as plain values."""
        own: dict[str, Any] = {}
        if self.statistics and any(group not in WHOLE for group in self.features):
            own["statistics"] = list(self.statistics)
        if self.scaling != "standard":
            own["scaling"] = self.scaling
        if self.components is not None:
            own["components"] = self.components
        return {**own, **{name: _plain(value) for name, value in self.hyperparameters.items()}}

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "family": self.family,
            "features": list(self.features),
            "statistics": list(self.statistics),
            "scaling": self.scaling,
            "components": self.components,
            "hyperparameters": {name: _plain(value) for name, value in self.hyperparameters.items()},
        }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
