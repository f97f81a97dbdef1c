"""What linear classifiers have in common: logits by slopes, probabilities by softmax."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..models.calibration import softmax

FLOATS = [np.float32, np.float64]


class LinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers of a classifier that has ``classes_``, ``coef_`` and ``intercept_``, as scikit-learn's have them."""

    classes_: NDArray[Any]
    coef_: NDArray[np.float64]
    intercept_: NDArray[np.float64]

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Logits, shape (n, classes); of two classes (n,), of the second."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=FLOATS)
        found: NDArray[np.float64] = X @ self.coef_.T + self.intercept_
        return found[:, 0] if len(self.classes_) == 2 else found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, shape (n, classes), of features of shape (n, columns)."""
        logits = self.decision_function(X)
        if logits.ndim == 1:
            logits = np.stack([np.zeros_like(logits), logits], axis=1)
        return softmax(logits)

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row, shape (n,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]  # type: ignore[no-any-return]

    def _taken(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[np.intp]]:
        """What is to be learnt, checked: features, shape (n, columns), and the position of each label, shape (n,)."""
        X, y = validate_data(self, X, y, dtype=FLOATS)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"needs two classes or more, not one class: {self.classes_[0]}")
        return X, numbers


def balanced(numbers: NDArray[np.intp], classes: int) -> NDArray[np.float64]:
    """The weight of each row, shape (n,), by which every class counts the same; on average 1."""
    return len(numbers) / (classes * np.bincount(numbers, minlength=classes)[numbers])
