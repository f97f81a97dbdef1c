"""The families of classifiers, each with the space of its hyperparameters beside it.

Hyperparameters have scikit-learn's names. What a family builds is a scikit-learn pipeline, not yet fitted,
that takes features of shape (n, columns) and labels of shape (n,), and gives probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..errors import MissingExtraError, UsageError, unknown
from .scaling import scaled
from .spaces import Choice, Dimension, Real, Several, Whole

DEFAULT = "ridge"
"""The family where none is named."""

ABOVE_ZERO = Real(1e-12, 1e12)
NONE = Choice((None,))
WEIGHTS = Choice((None, "balanced"))
ROUNDS = Whole(1, 1_000_000)
WIDEST = 10_000
"""Units of a network's layer; two such layers are 400 MB of weights."""

DEEPEST = 20
"""Layers of a network."""


@dataclass(frozen=True)
class Family:
    """A kind of classifier.

    Attributes:
        name: as the user writes it.
        summary: one line.
        defaults: every hyperparameter and the value that it has where none is given and each clip is learnt once.
        limits: what each may be: a value of any of these.
        space: what a search may try.
        pipeline: builds it, from a seed and all hyperparameters.
        operations: multiplications that one prediction takes: from columns, rows learnt, classes and all
            hyperparameters.
        scales: whether its features are scaled; trees need none.
        wide: whether it takes columns by the thousand as they are; of others a search makes components first.
        with_copies: the defaults that change where each clip is learnt more often: from the number of its copies.
        effort: about how many times as long as ridge regression it takes to learn a few hundred columns: the medians of
            the trials of some searches of 60 s. It stands here once for all, so that a search that heeds it gives the
            same result on every machine.
    """

    name: str
    summary: str
    defaults: Mapping[str, Any]
    limits: Mapping[str, tuple[Dimension | Several, ...]]
    space: Mapping[str, Dimension]
    pipeline: Callable[..., Any]
    operations: Callable[..., int] = lambda columns, rows, classes, **_: columns * classes
    scales: bool = True
    wide: bool = False
    with_copies: Callable[[int], Mapping[str, Any]] = lambda copies: {}
    effort: int = 1

    def usual(self, copies: int = 0) -> dict[str, Any]:
        """All hyperparameters where none is given.

        Args:
            copies: of each clip, that are learnt as well.

        Example:
            >>> family("ridge").usual(2), family("ridge").usual(6)
            ({'penalty': 1.0, 'centred': 0.75}, {'penalty': 3.0, 'centred': 0.75})
        """
        return {**self.defaults, **self.with_copies(copies)}

    def build(
        self, seed: int = 0, *, scaling: str = "standard", components: int | None = None, **hyperparameters: Any
    ) -> Any:
        """A pipeline of this family.

        Args:
            seed: of everything random in it.
            scaling: of the features, a name from :data:`speech_emotion.training.scaling.SCALINGS`; heeded where the
                family ``scales``, or has components made.
            components: how many principal components are made of the scaled features; None leaves them.
            **hyperparameters: instead of the defaults.

        Returns:
            A ``sklearn.pipeline.Pipeline``, not fitted.

        Raises:
            UsageError: if the family has no hyperparameter, or there is no scaling, of that name, or a hyperparameter
                cannot have its value.
            MissingExtraError: if scikit-learn is not installed.
        """
        for name, value in hyperparameters.items():
            self.check(name, value)
        try:
            built = self.pipeline(seed, **{**self.defaults, **hyperparameters})
            return scaled(built, scaling if self.scales or components else "none", components)
        except ModuleNotFoundError as error:
            raise MissingExtraError("training", "train") from error

    def check(self, name: str, *values: Any) -> None:
        """See that a hyperparameter can have some values.

        Raises:
            UsageError: naming what it can be.

        Example:
            >>> family("ridge").check("penalty", -5)
            Traceback (most recent call last):
            speech_emotion.errors.UsageError: penalty of ridge cannot be -5; valid: 1e-12 to 1e+12
        """
        if name not in self.defaults:
            raise unknown("hyperparameter", name, self.defaults, owner=self.name)
        for value in values:
            if not any(limit.has(value) for limit in self.limits[name]):
                valid = " or ".join(map(str, self.limits[name]))
                raise UsageError(f"{name} of {self.name} cannot be {value!r}; valid: {valid}")


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
    from .mlp import MLP

    layers = (hidden_layer_sizes,) if isinstance(hidden_layer_sizes, int) else tuple(hidden_layer_sizes)
    return MLP(hidden_layer_sizes=layers, random_state=seed, **others)


def _svm(seed: int, **hyperparameters: Any) -> Any:
    from .svm import PairwiseSVC

    return PairwiseSVC(**hyperparameters)


def _lda(seed: int, **hyperparameters: Any) -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    return LinearDiscriminantAnalysis(solver="lsqr", **hyperparameters)


def _logistic(seed: int, **hyperparameters: Any) -> Any:
    from .logistic import Logistic

    return Logistic(**hyperparameters)


def _extra_trees(seed: int, **hyperparameters: Any) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(random_state=seed, **hyperparameters)


def _ridge(seed: int, **hyperparameters: Any) -> Any:
    from .ridge import BalancedRidge

    return BalancedRidge(**hyperparameters)


def _multiplied_layers(columns: int, rows: int, classes: int, hidden_layer_sizes: Any, **_: Any) -> int:
    layers = (hidden_layer_sizes,) if isinstance(hidden_layer_sizes, int) else tuple(hidden_layer_sizes)
    sizes = [columns, *layers, classes]
    return sum(one * other for one, other in pairwise(sizes))


def _compared_rows(columns: int, rows: int, classes: int, **_: Any) -> int:
    return rows * (columns + classes)  # at most: each row a support vector


def _walked_trees(columns: int, rows: int, classes: int, n_estimators: int, **_: Any) -> int:
    return n_estimators * (2 * max(1, rows).bit_length() + classes)


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
            "learning_rate_init": 0.001,
            "max_iter": 500,
        },
        limits={
            "hidden_layer_sizes": (Whole(1, WIDEST), Several(Whole(1, WIDEST), DEEPEST)),
            "activation": (Choice(("relu", "tanh")),),
            "alpha": (Real(0, 1e12),),
            "batch_size": (Whole(1, 1_000_000),),
            "epsilon": (ABOVE_ZERO,),
            "learning_rate_init": (Real(1e-12, 10),),
            "max_iter": (ROUNDS,),
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
        operations=_multiplied_layers,
        effort=9,
    ),
    "svm": Family(
        name="svm",
        summary="support vector machines with a radial kernel, one for each pair of emotions",
        defaults={"C": 10.0, "gamma": "scale", "class_weight": None, "slope": None},
        limits={
            "C": (ABOVE_ZERO,),
            "gamma": (Choice(("scale", "auto")), ABOVE_ZERO),
            "class_weight": (WEIGHTS,),
            "slope": (NONE, ABOVE_ZERO),
        },
        space={
            "C": Real(0.3, 100, log=True),
            "gamma": Real(3e-4, 3e-2, log=True),
            "class_weight": WEIGHTS,
        },
        pipeline=_svm,
        operations=_compared_rows,
        effort=2,
    ),
    "lda": Family(
        name="lda",
        summary="linear discriminants with a shrunken covariance: fast, hard to beat on few recordings",
        defaults={"shrinkage": "auto"},
        limits={"shrinkage": (Choice(("auto", None)), Real(0, 1))},
        space={"shrinkage": Real(1e-3, 1, log=True)},
        pipeline=_lda,
    ),
    "ridge": Family(
        name="ridge",
        summary="linear discriminants by ridge regression: for features by the thousand, such as the tone encoders'",
        defaults={"penalty": 1.0, "centred": 0.75},
        limits={"penalty": (ABOVE_ZERO,), "centred": (Real(0, 1),)},
        space={"penalty": Real(0.03, 30, log=True), "centred": Real(0, 1)},
        pipeline=_ridge,
        wide=True,
        with_copies=lambda copies: {"penalty": max(1.0, copies / 2)},  # 1 of two, 3 of six: docs/accuracy.md
    ),
    "logistic": Family(
        name="logistic",
        summary="logistic regression: linear, fast, well calibrated",
        defaults={"C": 0.1, "class_weight": None, "max_iter": 500},
        limits={"C": (ABOVE_ZERO,), "class_weight": (WEIGHTS,), "max_iter": (ROUNDS,)},
        space={"C": Real(1e-4, 10, log=True), "class_weight": WEIGHTS},
        pipeline=_logistic,
        effort=2,
    ),
    "extra_trees": Family(
        name="extra_trees",
        summary="a forest of trees with random thresholds",
        defaults={"n_estimators": 200, "max_features": "sqrt", "min_samples_leaf": 2, "class_weight": None},
        limits={
            "n_estimators": (Whole(1, 100_000),),
            "max_features": (Choice(("sqrt", "log2", None)), Whole(1, 1_000_000), Real(1e-6, 1)),
            "min_samples_leaf": (Whole(1, 1_000_000), Real(1e-6, 0.5)),
            "class_weight": (Choice((None, "balanced", "balanced_subsample")),),
        },
        space={
            "n_estimators": Choice((100, 200, 300)),
            "max_features": Choice(("sqrt", "log2", 0.1, 0.2)),
            "min_samples_leaf": Whole(1, 8),
            "class_weight": WEIGHTS,
        },
        pipeline=_extra_trees,
        operations=_walked_trees,
        effort=15,
        # a value that scaling rounds may fall on the other side of a threshold
        scales=False,
    ),
}
"""By name."""
