"""Families that learn from shards: each block of rows is looked at and let go of.

What these learn are sums over rows, so the result is that of fitting in memory but for the order of additions, which
is in double precision here. Some matrices of columns by columns are held: 50 MB each for ``tone``, 248 MB for
``tone-large``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ..errors import UsageError
from ..features.rows import Rows
from .families import FAMILIES
from .families import family as named
from .linear import balanced, two_as_one
from .moments import Moments, counted, ridge_by_moments
from .ridge import BalancedRidge

Matrix = NDArray[np.float64]


class ByBlocks(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A family's pipeline that learns from, and answers, rows that are on disk.

    Args:
        pipeline: of a family that :func:`learns_by_blocks`.

    Attributes:
        classes_: the labels.
        pipeline_: the same pipeline, fitted.
    """

    def __init__(self, pipeline: Any = None) -> None:
        self.pipeline = pipeline

    def fit(self, X: Rows, y: Any, groups: Any = None) -> ByBlocks:
        """Learn from rows, their labels and, where known, speakers, each of shape (n,)."""
        scaler, classifier = (clone(step) for _, step in self.pipeline.steps)
        for _, values in X.blocks():
            scaler.partial_fit(values)
        LEARN[type(classifier)](classifier, _Scaled(X, scaler), np.asarray(y), groups)
        classifier.n_features_in_ = X.shape[1]
        names = [name for name, _ in self.pipeline.steps]
        self.pipeline_ = Pipeline(list(zip(names, (scaler, classifier), strict=True)))
        self.classes_ = classifier.classes_
        return self

    def predict_proba(self, X: Rows) -> Matrix:
        """Probabilities, shape (n, classes)."""
        found = np.zeros((len(X), len(self.classes_)))
        for where, values in X.blocks():
            found[where] = self.pipeline_.predict_proba(values)
        return found


def learns_by_blocks(pipeline: Any) -> bool:
    """Whether a pipeline is one that :class:`ByBlocks` takes: features standardised, then ridge or lda."""
    kinds = [type(step) for _, step in pipeline.steps]
    return len(kinds) == 2 and kinds[0] is StandardScaler and kinds[1] in LEARN


def by_blocks(family: str, seed: int = 0, **hyperparameters: Any) -> ByBlocks:
    """A family that learns from shards.

    Raises:
        UsageError: if it cannot; the message lists those that can, and what to do.
    """
    pipeline = named(family).build(seed=seed, **hyperparameters)
    if not learns_by_blocks(pipeline):
        able = ", ".join(name for name, each in FAMILIES.items() if learns_by_blocks(each.build()))
        raise UsageError(
            f"{family} needs all rows in memory, and cannot learn from shards (these can: {able}); "
            "extract to one .npz file instead"
        )
    return ByBlocks(pipeline)


class _Scaled:
    """Rows, each block standardised."""

    def __init__(self, rows: Rows, scaler: Any) -> None:
        self._rows = rows
        self._scaler = scaler
        self.shape = rows.shape

    def __getitem__(self, which: Any) -> _Scaled:
        return _Scaled(self._rows[which], self._scaler)

    def blocks(self) -> Iterator[tuple[NDArray[np.intp], Matrix]]:
        for where, values in self._rows.blocks():
            yield where, self._scaler.transform(values).astype(np.float64)


def _ridge(classifier: BalancedRidge, X: _Scaled, y: NDArray[Any], groups: Any) -> None:
    """As :meth:`.BalancedRidge.fit`, by the system of the columns."""
    classifier.classes_, numbers = np.unique(y, return_inverse=True)
    classes, columns = len(classifier.classes_), X.shape[1]
    weights = balanced(numbers, classes)
    who = np.zeros(len(numbers), dtype=np.intp)
    if groups is not None:
        who = np.unique(groups, return_inverse=True)[1]
    counts = counted(who, numbers)
    scatter, by_class = np.zeros((columns, columns)), np.zeros((classes, columns))
    sums, weighed = np.zeros((2, len(counts), columns))
    for where, values in X.blocks():
        by_weight = weights[where, None] * values
        scatter += by_weight.T @ values
        for found, rows, labels in ((sums, values, who), (weighed, by_weight, who), (by_class, values, numbers)):
            for each in np.unique(labels[where]):
                found[each] += rows[labels[where] == each].sum(axis=0)
    moments = Moments(scatter, sums, weighed, by_class, counts)
    slopes, offsets = ridge_by_moments(moments, classifier.penalty, classifier.centred)
    classifier.coef_, classifier.intercept_ = two_as_one(slopes.T, offsets)


def _lda(classifier: LinearDiscriminantAnalysis, X: _Scaled, y: NDArray[Any], groups: Any) -> None:
    """As scikit-learn's ``lsqr`` solver, with its shrinkage."""
    classifier.classes_, numbers = np.unique(y, return_inverse=True)
    classes = range(len(classifier.classes_))
    classifier.priors_ = np.bincount(numbers) / len(numbers)
    moments = [_moments(X[np.flatnonzero(numbers == number)], classifier.shrinkage) for number in classes]
    classifier.means_ = np.stack([mean for mean, _ in moments])
    classifier.covariance_ = sum(
        prior * covariance for prior, (_, covariance) in zip(classifier.priors_, moments, strict=True)
    )
    coef = np.linalg.lstsq(classifier.covariance_, classifier.means_.T, rcond=None)[0].T
    intercept = -0.5 * np.sum(classifier.means_ * coef, axis=1) + np.log(classifier.priors_)
    classifier.coef_, classifier.intercept_ = two_as_one(coef, intercept)


def _moments(X: _Scaled, shrinkage: float | str | None) -> tuple[Matrix, Matrix]:
    """The mean and the shrunken covariance of the rows of one class."""
    rows, columns = X.shape
    scaler = StandardScaler(with_std=shrinkage == "auto")
    for _, values in X.blocks():
        scaler.partial_fit(values)
    gram, fourth = np.zeros((columns, columns)), 0.0
    for _, values in X.blocks():
        alike = scaler.transform(values)
        gram += alike.T @ alike
        fourth += float(np.sum(np.sum(alike**2, axis=1) ** 2))
    covariance = gram / rows
    level = float(np.trace(covariance)) / columns
    if shrinkage == "auto":  # Ledoit & Wolf, 2004
        spread = float(np.sum(covariance**2))
        delta = (spread - columns * level**2) / columns
        beta = min((fourth / rows - spread) / (columns * rows), delta)
        amount = 0.0 if beta == 0 else beta / delta
    else:
        amount = float(shrinkage or 0.0)
    covariance *= 1 - amount
    covariance[np.diag_indices(columns)] += amount * level
    scale = np.ones(columns) if scaler.scale_ is None else scaler.scale_
    return scaler.mean_, scale[:, None] * covariance * scale


LEARN: Mapping[type, Callable[[Any, _Scaled, NDArray[Any], Any], None]] = {
    BalancedRidge: _ridge,
    LinearDiscriminantAnalysis: _lda,
}
"""How each kind of classifier learns."""
