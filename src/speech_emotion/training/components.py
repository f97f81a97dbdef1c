"""Principal components of features by the thousand, found by what the rows have to do with each other.

With more columns than rows the components follow from the rows' products alone (the Gram matrix), by a few steps of
subspace iteration (Halko, Martinsson & Tropp, 2011, SIAM Review 53(2), algorithm 4.4). The start is the same each
time, so the same rows give the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

SPARE = 16
"""Components beyond those wanted, which make those right."""

STEPS = 3


class Components(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The first principal components; each row's are divided by what makes their first have a standard deviation of 1.

    Args:
        count: how many; fewer where there are fewer rows or columns.

    Attributes:
        mean_: shape (columns,).
        components_: the directions, divided by the scale, shape (components, columns).
    """

    def __init__(self, count: int = 256) -> None:
        self.count = count

    def fit(self, X: Any, y: Any = None) -> Components:
        """Find them in features, shape (n, columns)."""
        X = validate_data(self, X, dtype=[np.float32, np.float64])
        self.mean_ = X.mean(axis=0)
        centred = X - self.mean_
        weights = row_weights(centred @ centred.T, self.count)
        self.components_ = (centred.T @ weights.astype(X.dtype)).T
        self.n_components_ = len(self.components_)
        return self

    def transform(self, X: Any) -> Any:
        """The components of rows, shape (n, components)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        return (X - self.mean_) @ self.components_.T


def row_weights(gram: NDArray[Any], count: int) -> NDArray[np.float64]:
    """The directions as sums of rows: ``rows.T @ weights`` are they.

    Args:
        gram: products of the centred rows, shape (n, n).
        count: how many; fewer where there are fewer rows.

    Returns:
        Shape (n, components). ``gram @ weights`` are the components of the rows themselves.
    """
    n = len(gram)
    width = min(count + SPARE, n)
    basis = np.random.default_rng(0).normal(size=(n, width)).astype(gram.dtype)
    for _ in range(STEPS):
        basis, _ = np.linalg.qr(gram @ basis)
    values, turned = np.linalg.eigh((basis.T @ (gram @ basis)).astype(np.float64))
    order = np.argsort(-values)[: min(count, n)]
    kept = order[values[order] > 1e-6 * values[order[0]]] if values[order[0]] > 0 else order[:1]
    vectors = basis.astype(np.float64) @ turned[:, kept]
    # the largest entry of each is positive, so that its sign follows from the rows
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(kept))])
    spread = np.sqrt(max(float(values[order[0]]), 1e-12) / n)
    return vectors * signs / (np.sqrt(np.maximum(values[kept], 1e-12)) * spread)  # type: ignore[no-any-return]
