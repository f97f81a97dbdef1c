"""What linear classifiers have in common: logits by slopes, probabilities by softmax."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from ..models.calibration import softmax
from .classifier import Classifier

FLOATS = [np.float32, np.float64]


class LinearClassifier(Classifier):
    """Answers of a classifier that has ``classes_``, ``coef_`` and ``intercept_``, as scikit-learn's have them."""

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


def balanced(numbers: NDArray[np.intp], classes: int) -> NDArray[np.float64]:
    """The weight of each row, shape (n,), by which every class counts the same; on average 1."""
    return len(numbers) / (classes * np.bincount(numbers, minlength=classes)[numbers])


def two_as_one(
    coef: NDArray[np.float64], intercept: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As scikit-learn has them: of two classes, the second's against the first's alone.

    Args:
        coef: shape (classes, columns).
        intercept: shape (classes,).
    """
    return (coef[1:] - coef[:1], intercept[1:] - intercept[:1]) if len(coef) == 2 else (coef, intercept)
