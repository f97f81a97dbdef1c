"""A classifier that learns, beside everything else, how sure to be.

The temperature and the threshold are chosen inside the training clips: by speaker-grouped folds, each judged by a
model that had not heard its speakers. In an evaluation this happens anew within each fold, so the speakers that test
a model have no say in how sure it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import TrainingError, UsageError
from ..evaluation.fitting import fit
from ..evaluation.probabilities import guesses
from ..evaluation.protocols import SpeakerSplit
from ..features.rows import Rows
from ..models.adaptation import centre_of
from ..models.calibration import temperature_for, tempered, threshold_for

FOLDS = 5
"""Of the inner speakers; fewer where there are fewer."""

NEVER = 1.0
"""The threshold where no confidence is high enough for the wanted accuracy."""


class Calibrated(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose probabilities are calibrated on speakers that it had not heard.

    With one speaker, or an emotion that one speaker alone has, there is nothing to calibrate on: ``temperature_``
    is 1, and it answers always.

    Args:
        estimator: the classifier, a scikit-learn estimator with ``predict_proba``.
        sure_at: the accuracy wanted of what it answers, from 0 to 1; None answers always.
        folds: how many, of the inner speakers.
        seed: of the split.

    Attributes:
        classes_: the labels.
        fitted_: the classifier, fitted on all rows.
        temperature_: what divides the logarithms of its probabilities.
        sure_above_: the confidence under which it is not sure.
        centre_: what the logarithms of its probabilities are on average, for adaptation; empty where unknown.
        coverage_: the part of the inner clips that is answered.
    """

    def __init__(self, estimator: Any = None, sure_at: float | None = None, folds: int = FOLDS, seed: int = 0) -> None:
        self.estimator = estimator
        self.sure_at = sure_at
        self.folds = folds
        self.seed = seed

    def fit(self, X: Any, y: Any, groups: Any = None) -> Calibrated:
        """Learn from features, shape (n, columns), their labels and their speakers, each of shape (n,).

        Raises:
            UsageError: if the speakers are not given, or ``sure_at`` is no fraction.
        """
        if groups is None:
            raise UsageError("Calibrated needs to know who speaks: fit(X, y, groups=speakers)")
        if self.sure_at is not None and not 0 < self.sure_at < 1:
            raise UsageError(f"a wanted accuracy is above 0 and below 1, not {self.sure_at:g}: 0.9")
        self.classes_, numbers = np.unique(y, return_inverse=True)
        self.temperature_, self.sure_above_, self.coverage_ = 1.0, 0.0, 1.0
        self.centre_: tuple[float, ...] = ()
        X = X if isinstance(X, Rows) else np.asarray(X)
        held_out = self._held_out(X, numbers, np.asarray(groups))
        if held_out is not None:
            self.temperature_ = temperature_for(numbers, held_out)
            self.centre_ = centre_of(numbers, tempered(held_out, self.temperature_))
            if self.sure_at is not None:
                found = threshold_for(*guesses(numbers, tempered(held_out, self.temperature_)), self.sure_at)
                self.sure_above_, self.coverage_ = (found.confidence, found.coverage) if found else (NEVER, 0.0)
        self.fitted_ = fit(self.estimator, X, numbers, np.asarray(groups))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, shape (n, classes), of features of shape (n, columns)."""
        check_is_fitted(self)
        return tempered(np.asarray(self.fitted_.predict_proba(X), dtype=np.float64), self.temperature_)

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row, shape (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]  # type: ignore[no-any-return]

    def _held_out(self, X: NDArray[Any], y: NDArray[np.intp], speakers: NDArray[Any]) -> NDArray[np.float64] | None:
        """What models say of speakers that they had not heard, shape (n, classes)."""
        probabilities = np.zeros((len(y), len(self.classes_)))
        try:
            pairs = list(SpeakerSplit(self.folds, self.seed).split(X, y, speakers))
        except TrainingError:
            return None
        for train, test in pairs:
            fitted = fit(self.estimator, X[train], y[train], speakers[train])
            probabilities[np.ix_(test, fitted.classes_)] = fitted.predict_proba(X[test])
        return probabilities
