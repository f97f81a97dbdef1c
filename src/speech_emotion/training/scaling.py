"""What is done to features before a classifier learns from them: a scale, and perhaps principal components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import unknown

ROWS_AT_ONCE = 256
"""Few enough to stay in the processor's cache."""

CONSTANT = 1e-7
"""Of the size of its values: a column that varies less does not vary."""


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

    The same as scikit-learn's to rounding, in a sixth of its time: sums of differences from the first rows' mean, in
    double precision, some rows at a time.

    Args:
        values: learnt, shape (n, columns).
    """
    near = values[:ROWS_AT_ONCE].mean(axis=0)
    sums, squares = np.zeros((2, values.shape[1]))
    for first in range(0, len(values), ROWS_AT_ONCE):
        apart = (values[first : first + ROWS_AT_ONCE] - near).astype(np.float64)
        sums += apart.sum(axis=0)
        squares += np.einsum("ij,ij->j", apart, apart)
    middle = sums / len(values)
    scale = np.sqrt(np.maximum(squares / len(values) - middle**2, 0))
    scale[scale <= CONSTANT * np.maximum(1, np.abs(near))] = 1  # as scikit-learn has it
    return (near + middle).astype(np.float32), scale.astype(np.float32)
