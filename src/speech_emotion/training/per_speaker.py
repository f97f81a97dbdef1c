"""Features standardised speaker by speaker, before anything learns from them.

A voice that is high and loud by nature sounds aroused to a model that knows only others. Where many clips of a
speaker are at hand, their own mean and spread can be taken away first. No label is used, but the clips to be
classified are: all those of a speaker that are given at once, as many of each emotion as there happen to be. That is
another task than hearing one clip of a stranger, so a report of it says so, and no bundle is made of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import UsageError
from ..evaluation.fitting import fit

SMALLEST = 1e-6
"""Standard deviation, of the size of the values, under which a column does not vary but by rounding."""


class PerSpeaker(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of features from which each speaker's mean and spread were taken away.

    It assumes that the clips given of a speaker are enough to know that voice by, and that their emotions are mixed
    as they were where it learnt: a speaker who is always angry comes out as if never.

    Args:
        estimator: the classifier, a scikit-learn estimator with ``predict_proba``.

    Attributes:
        classes_: the labels.
        fitted_: the classifier, fitted.
        notes: what a report of it must say.
    """

    notes = ("features standardised per speaker, over all clips tested of each, their labels unused",)

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any, groups: Any = None) -> PerSpeaker:
        """Learn from features, shape (n, columns), their labels and their speakers, each of shape (n,).

        Raises:
            UsageError: if the speakers are not given.
        """
        self.fitted_ = fit(self.estimator, standardised(X, groups), y, groups)
        self.classes_ = self.fitted_.classes_
        return self

    def predict_proba(self, X: Any, groups: Any = None) -> NDArray[np.float64]:
        """Probabilities, shape (n, classes), of features of shape (n, columns) by speakers of shape (n,).

        Raises:
            UsageError: if the speakers are not given.
        """
        check_is_fitted(self)
        return self.fitted_.predict_proba(standardised(X, groups))  # type: ignore[no-any-return]

    def predict(self, X: Any, groups: Any = None) -> NDArray[Any]:
        """The likeliest class of each row, shape (n,)."""
        return self.classes_[self.predict_proba(X, groups).argmax(axis=1)]  # type: ignore[no-any-return]


def standardised(values: Any, speakers: Any) -> NDArray[np.float32]:
    """Each column of each speaker's rows with mean 0 and standard deviation 1; 0 where it does not vary.

    Args:
        values: shape (n, columns).
        speakers: who spoke each row, shape (n,).

    Raises:
        UsageError: if the speakers are not given.

    Example:
        >>> standardised([[1, 5], [3, 5], [100, 5], [300, 5]], ["ann", "ann", "bob", "bob"])
        array([[-1.,  0.],
               [ 1.,  0.],
               [-1.,  0.],
               [ 1.,  0.]], dtype=float32)
    """
    if speakers is None:
        raise UsageError("PerSpeaker needs to know who speaks: fit(X, y, groups=speakers), and the same to predict")
    rows, names = np.asarray(values, dtype=np.float64), np.asarray(speakers)
    out = np.zeros(rows.shape, dtype=np.float32)
    for name in np.unique(names):
        own = names == name
        from_mean = rows[own] - rows[own].mean(axis=0)
        spread = rows[own].std(axis=0)
        varies = spread > SMALLEST * np.abs(rows[own]).max(axis=0)
        out[own] = np.divide(from_mean, spread, out=np.zeros_like(from_mean), where=varies)
    return out
