"""Principal components of features by the thousand, found by what rows or columns have to do with each other.

With more columns than rows the components follow from the rows' products alone (the Gram matrix), otherwise from the
columns', by a few steps of subspace iteration (Halko, Martinsson & Tropp, 2011, SIAM Review 53(2), algorithm 4.4). The
start is the same each time, so the same rows give the same bits.
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
        if X.shape[1] <= len(X):
            weights = column_weights(centred, centred.T @ centred, self.count)
        else:
            weights = centred.T @ row_weights(centred @ centred.T, self.count).astype(X.dtype)
        self.components_ = weights.astype(X.dtype).T
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
    values, vectors = _leading(gram, count)
    return vectors * _signs(vectors) / (np.sqrt(values) * _spread(values, len(gram)))  # type: ignore[no-any-return]


def column_weights(rows: NDArray[Any], products: NDArray[Any], count: int) -> NDArray[np.float64]:
    """The directions themselves.

    Args:
        rows: centred, shape (n, columns).
        products: ``rows.T @ rows``.
        count: how many; fewer where there are fewer columns.

    Returns:
        Shape (columns, components). ``rows @ weights`` are the components of the rows.
    """
    values, vectors = _leading(products, count)
    signs = _signs(rows @ vectors.astype(rows.dtype))
    return vectors * signs / _spread(values, len(rows))  # type: ignore[no-any-return]


def _leading(products: NDArray[Any], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest eigenvalues, and their vectors, shape (n, components)."""
    from scipy.linalg import qr

    n = len(products)
    width = min(count + SPARE, n)
    basis = np.random.default_rng(0).normal(size=(n, width)).astype(products.dtype)
    for _ in range(STEPS):
        basis, _ = qr(products @ basis, mode="economic", overwrite_a=True, check_finite=False)
    values, turned = np.linalg.eigh((basis.T @ (products @ basis)).astype(np.float64))
    order = np.argsort(-values)[: min(count, n)]
    kept = order[values[order] > 1e-6 * values[order[0]]] if values[order[0]] > 0 else order[:1]
    return np.maximum(values[kept], 1e-12), basis.astype(np.float64) @ turned[:, kept]


def _signs(rows: NDArray[Any]) -> NDArray[Any]:
    """The largest component of any row is positive, so that the sign follows from the rows."""
    return np.sign(rows[np.abs(rows).argmax(axis=0), np.arange(rows.shape[1])])  # type: ignore[no-any-return]


def _spread(values: NDArray[np.float64], rows: int) -> float:
    """Of the first component."""
    return float(np.sqrt(values[0] / rows))
