"""What this package's own classifiers have in common, as scikit-learn's estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose answer is the likeliest of its ``classes_``, by its ``predict_proba``."""

    classes_: NDArray[Any]

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row, shape (n,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]  # type: ignore[no-any-return]

    def _taken(self, X: Any, y: Any, **options: Any) -> tuple[NDArray[Any], NDArray[np.intp]]:
        """What is to be learnt, checked: features, shape (n, columns), and the position of each label, shape (n,).

        Args:
            X: features.
            y: labels, which become ``classes_``.
            **options: of scikit-learn's ``validate_data``.
        """
        X, y = validate_data(self, X, y, **options)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"needs two classes or more, not one class: {self.classes_[0]}")
        return X, numbers
