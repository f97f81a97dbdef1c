"""What is done to features before a classifier learns from them: a scale, and perhaps principal components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import unknown


def _standard() -> Any:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler()


def _robust() -> Any:
    from sklearn.preprocessing import RobustScaler

    return RobustScaler()


SCALINGS: Mapping[str, Callable[[], Any] | None] = {"standard": _standard, "robust": _robust, "none": None}
"""By name: mean 0 and standard deviation 1; median 0 and quartiles 1 apart; as they are."""


def scaled(classifier: Any, scaling: str = "standard", components: int | None = None) -> Any:
    """A pipeline: the scale, the components, the classifier.

    Args:
        classifier: not fitted.
        scaling: a name from :data:`SCALINGS`.
        components: how many principal components; None leaves the columns.

    Raises:
        UsageError: if there is no such scaling.
    """
    from sklearn.pipeline import make_pipeline

    if scaling not in SCALINGS:
        raise unknown("scaling", scaling, SCALINGS)
    steps = []
    made = SCALINGS[scaling]
    if made is not None:
        steps.append(made())
    if components is not None:
        from .components import Components

        steps.append(Components(components))
    return make_pipeline(*steps, classifier)


def standard_of(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What ``standard`` takes away from each column, and then divides it by, each of shape (columns,).

    Args:
        values: learnt, shape (n, columns).
    """
    fitted = _standard().fit(values)
    return fitted.mean_.astype(np.float32), fitted.scale_.astype(np.float32)
