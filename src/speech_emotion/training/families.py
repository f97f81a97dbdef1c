"""The families of classifiers, each with the space of its hyperparameters beside it.

Hyperparameters have scikit-learn's names. What a family builds is a scikit-learn pipeline, not yet fitted,
that takes features of shape (n, columns) and labels of shape (n,), and gives probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import MissingExtraError, unknown

DEFAULT = "ridge"
"""The family where none is named."""


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    values: tuple[Any, ...]

    def suggest(self, trial: Any, name: str) -> Any:
        """A value, as an Optuna trial chooses."""
        shown = {str(value): value for value in self.values}
        return shown[trial.suggest_categorical(name, list(shown))]


@dataclass(frozen=True)
class Real:
    """A number between two others, on a logarithmic scale where ``log``."""

    low: float
    high: float
    log: bool = False

    def suggest(self, trial: Any, name: str) -> float:
        """A value, as an Optuna trial chooses."""
        return float(trial.suggest_float(name, self.low, self.high, log=self.log))


@dataclass(frozen=True)
class Whole:
    """A whole number between two others, both included, on a logarithmic scale where ``log``."""

    low: int
    high: int
    log: bool = False

    def suggest(self, trial: Any, name: str) -> int:
        """A value, as an Optuna trial chooses."""
        return int(trial.suggest_int(name, self.low, self.high, log=self.log))


@dataclass(frozen=True)
class Family:
    """A kind of classifier.

    Attributes:
        name: as the user writes it.
        summary: one line.
        defaults: every hyperparameter and the value that it has where none is given.
        space: what a search may try.
    """

    name: str
    summary: str
    defaults: Mapping[str, Any]
    space: Mapping[str, Choice | Real | Whole]
    pipeline: Callable[..., Any]

    def build(self, seed: int = 0, **hyperparameters: Any) -> Any:
        """A pipeline of this family.

        Args:
            seed: of everything random in it.
            **hyperparameters: instead of the defaults.

        Returns:
            A ``sklearn.pipeline.Pipeline``, not fitted.

        Raises:
            UsageError: if the family has no hyperparameter of that name.
            MissingExtraError: if scikit-learn is not installed.
        """
        for name in hyperparameters:
            if name not in self.defaults:
                raise unknown("hyperparameter", name, self.defaults, owner=self.name)
        try:
            return self.pipeline(seed, **{**self.defaults, **hyperparameters})
        except ModuleNotFoundError as error:
            raise MissingExtraError("training", "train") from error


def family(name: str) -> Family:
    """The family of a name.

    Raises:
        UsageError: if there is none; the message lists those there are.

    Example:
        >>> family("lda").summary
        'linear discriminants with a shrunken covariance: fast, hard to beat on few recordings'
    """
    if name not in FAMILIES:
        raise unknown("family", name, FAMILIES)
    return FAMILIES[name]


def _mlp(seed: int, hidden_layer_sizes: Any, **others: Any) -> Any:
    from sklearn.neural_network import MLPClassifier

    layers = (hidden_layer_sizes,) if isinstance(hidden_layer_sizes, int) else tuple(hidden_layer_sizes)
    return _scaled(MLPClassifier(hidden_layer_sizes=layers, random_state=seed, **others))


def _svm(seed: int, **hyperparameters: Any) -> Any:
    from .svm import PairwiseSVC

    return _scaled(PairwiseSVC(**hyperparameters))


def _lda(seed: int, **hyperparameters: Any) -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    return _scaled(LinearDiscriminantAnalysis(solver="lsqr", **hyperparameters))


def _logistic(seed: int, **hyperparameters: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return _scaled(LogisticRegression(random_state=seed, **hyperparameters))


def _extra_trees(seed: int, **hyperparameters: Any) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.pipeline import make_pipeline

    # no scaling: trees need none, and a value that it rounds may fall on the other side of a threshold
    return make_pipeline(ExtraTreesClassifier(random_state=seed, **hyperparameters))


def _ridge(seed: int, **hyperparameters: Any) -> Any:
    from .ridge import BalancedRidge

    return _scaled(BalancedRidge(**hyperparameters))


def _scaled(classifier: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), classifier)


FAMILIES = {
    "mlp": Family(
        name="mlp",
        summary="a neural network with one or two hidden layers",
        # the prototype's
        defaults={
            "hidden_layer_sizes": (300,),
            "activation": "relu",
            "alpha": 0.01,
            "batch_size": 256,
            "epsilon": 1e-8,
            "learning_rate": "adaptive",
            "learning_rate_init": 0.001,
            "max_iter": 500,
        },
        space={
            "hidden_layer_sizes": Choice(((64,), (128,), (300,), (600,), (128, 64), (300, 100))),
            "activation": Choice(("relu", "tanh")),
            "alpha": Real(1e-4, 30, log=True),
            "batch_size": Choice((64, 128, 256)),
            "learning_rate_init": Real(3e-4, 1e-2, log=True),
            "max_iter": Whole(10, 300, log=True),
        },
        pipeline=_mlp,
    ),
    "svm": Family(
        name="svm",
        summary="support vector machines with a radial kernel, one for each pair of emotions",
        defaults={"C": 10.0, "gamma": "scale", "class_weight": None},
        space={
            "C": Real(0.3, 100, log=True),
            "gamma": Real(3e-4, 3e-2, log=True),
            "class_weight": Choice((None, "balanced")),
        },
        pipeline=_svm,
    ),
    "lda": Family(
        name="lda",
        summary="linear discriminants with a shrunken covariance: fast, hard to beat on few recordings",
        defaults={"shrinkage": "auto"},
        space={"shrinkage": Real(1e-3, 1, log=True)},
        pipeline=_lda,
    ),
    "ridge": Family(
        name="ridge",
        summary="ridge regression on the emotions: for features by the thousand, such as the tone encoder's",
        defaults={"penalty": 1.0, "centred": 0.75},
        space={"penalty": Real(0.03, 30, log=True), "centred": Real(0, 1)},
        pipeline=_ridge,
    ),
    "logistic": Family(
        name="logistic",
        summary="logistic regression: linear, fast, well calibrated",
        defaults={"C": 0.1, "class_weight": None, "max_iter": 2000},
        space={"C": Real(1e-4, 10, log=True), "class_weight": Choice((None, "balanced"))},
        pipeline=_logistic,
    ),
    "extra_trees": Family(
        name="extra_trees",
        summary="a forest of trees with random thresholds",
        defaults={"n_estimators": 200, "max_features": "sqrt", "min_samples_leaf": 2, "class_weight": None},
        space={
            "n_estimators": Choice((100, 200, 300)),
            "max_features": Choice(("sqrt", "log2", 0.2, 0.4)),
            "min_samples_leaf": Whole(1, 8),
            "class_weight": Choice((None, "balanced")),
        },
        pipeline=_extra_trees,
    ),
}
"""By name."""
