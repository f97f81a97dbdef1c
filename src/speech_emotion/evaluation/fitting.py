"""Fitting an estimator and asking it, the same way everywhere, so that the same seed gives the same bits."""

from __future__ import annotations

import importlib.util
import inspect
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError, TrainingError, UsageError
from ..features.table import FeatureTable

LARGEST = 1e15
"""Of a feature; the squares of some thousand such are still numbers in single precision."""


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One model to fit and judge: a task for one worker.

    Attributes:
        estimator: to be copied and fitted.
        values: shape (n, features).
        labels: integers from 0, shape (n,).
        train: rows to fit on.
        test: rows to judge on.
        classes: how many there are, also where ``train`` lacks one.
        speakers: who spoke each row, shape (n,), for estimators that ask: whose ``fit`` or ``predict_proba`` takes
            ``groups``.
        copies: more values of the same rows, each of shape (n, features); those of ``train`` are learnt as well.
    """

    estimator: Any
    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    classes: int
    speakers: NDArray[np.str_] | None = None
    copies: tuple[NDArray[np.float32], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a model says of the tested rows of a fold.

    Attributes:
        probabilities: shape (test, classes).
        sure_above: the confidence under which it is not sure.
        centre: what the logarithms of its probabilities are on average, shape (classes,), for adaptation; empty where
            it does not know.
    """

    probabilities: NDArray[np.float64]
    sure_above: float = 0.0
    centre: tuple[float, ...] = ()

    @property
    def sure(self) -> NDArray[np.bool_]:
        """Of which rows it is, shape (test,)."""
        found: NDArray[np.bool_] = self.probabilities.max(axis=1) >= self.sure_above
        return found


def require(purpose: str) -> None:
    """Raise where the libraries that fit models are not installed.

    Raises:
        MissingExtraError: naming the extra that brings them.
    """
    if importlib.util.find_spec("sklearn") is None:
        raise MissingExtraError(purpose, "train")


def judge(fold: Fold) -> NDArray[np.float64]:
    """What a copy fitted on the training rows says of the others: probabilities, shape (test, classes)."""
    return answer(fold).probabilities


def answer(fold: Fold) -> Answer:
    """As :func:`judge`, with what a calibrated model knows of its own answers."""
    values, labels, speakers = learnt(fold.values, fold.labels, fold.speakers, fold.copies, fold.train)
    fitted = fit(fold.estimator, values, labels, speakers)
    tested = None if fold.speakers is None else fold.speakers[fold.test]
    probabilities = guess(fitted, fold.values[fold.test], fold.classes, tested)
    sure_above, centre = getattr(fitted, "sure_above_", 0.0), getattr(fitted, "centre_", ())
    return Answer(probabilities, sure_above, centre if len(centre) == fold.classes else ())


def learnt(
    values: NDArray[np.float32],
    labels: NDArray[np.int64],
    speakers: NDArray[np.str_] | None,
    copies: Sequence[NDArray[np.float32]] = (),
    rows: NDArray[np.intp] | slice = slice(None),
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.str_] | None]:
    """What a model learns from: some rows, and after them their copies.

    Args:
        values: shape (n, features).
        labels: shape (n,).
        speakers: shape (n,), where they matter.
        copies: more values of the same rows, each of shape (n, features).
        rows: which are learnt.

    Returns:
        Values, labels and speakers of ``1 + len(copies)`` times as many rows.
    """
    times = 1 + len(copies)
    return (
        np.concatenate([values[rows], *(copy[rows] for copy in copies)]) if copies else values[rows],
        np.tile(labels[rows], times),
        None if speakers is None else np.tile(speakers[rows], times),
    )


def fit(
    estimator: Any,
    values: NDArray[np.float32],
    labels: NDArray[np.int64],
    speakers: NDArray[Any] | None = None,
    held: bool = False,
) -> Any:
    """A fitted copy of an estimator; the given one stays as it is.

    On one thread, so that the same rows and seed give the same bits on any number of cores. That a model ran
    out of iterations, or has fewer rows than a batch, is part of its recipe: such warnings are not passed on.

    Args:
        estimator: to be copied.
        values: shape (n, features).
        labels: integers from 0, shape (n,).
        speakers: who spoke each row, shape (n,); passed on as ``groups`` where ``fit`` takes that.
        held: whether the caller holds the libraries to one thread already: looking for them takes milliseconds.

    Raises:
        TrainingError: if the estimator refuses such rows, such as discriminants a clip or two of each emotion.
    """
    from sklearn.base import clone
    from sklearn.exceptions import ConvergenceWarning

    with nullcontext() if held else _one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Got `batch_size`")
        copy = clone(estimator, safe=False)
        try:
            return copy.fit(values, labels, **_asked_for(copy.fit, speakers))
        except UsageError:
            raise
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise TrainingError(f"this model cannot learn from these recordings: {reason}") from error


def guess(
    fitted: Any,
    values: NDArray[np.float32],
    classes: int,
    speakers: NDArray[np.str_] | None = None,
    held: bool = False,
) -> NDArray[np.float64]:
    """What a fitted estimator says, on one thread.

    Args:
        fitted: by :func:`fit`.
        values: shape (n, features).
        classes: how many there are; one that it has never met gets the probability 0.
        speakers: who spoke each row, shape (n,); passed on as ``groups`` where ``predict_proba`` takes that.
        held: whether the caller holds the libraries to one thread already.

    Returns:
        Probabilities, shape (n, classes).
    """
    probabilities = np.zeros((len(values), classes))
    with nullcontext() if held else _one_thread():
        probabilities[:, fitted.classes_] = fitted.predict_proba(values, **_asked_for(fitted.predict_proba, speakers))
    return probabilities


def examples(table: FeatureTable) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """A table's values, and its emotions as numbers: positions in ``table.classes``.

    Raises:
        TrainingError: if there is nothing to tell apart, or a value is no number below :data:`LARGEST`.
    """
    if len(table.classes) < 2:
        has = f"only '{table.classes[0]}'" if table.classes else "no recordings"
        raise TrainingError(f"two emotions or more are needed, and the table has {has}")
    for values in (table.values, *table.copies.values()):
        wrong = np.argwhere(~(np.abs(values) <= LARGEST))
        if len(wrong):
            row, column = wrong[0]
            raise TrainingError(
                f"{table.columns[column]} of {table.paths[row]} is {values[row, column]}; "
                "leave that recording out, or extract again"
            )
    return table.values, numbered(table.emotions, table.classes)


def numbered(emotions: NDArray[np.str_], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """The position of each emotion in ``classes``, shape (n,)."""
    position = {emotion: number for number, emotion in enumerate(classes)}
    return np.array([position[emotion] for emotion in emotions.tolist()], dtype=np.int64)


def _asked_for(method: Any, speakers: NDArray[Any] | None) -> dict[str, Any]:
    """The speakers, under the name by which a method, the last step of a pipeline, or a search asks for them."""
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

    name: str = "groups"
    owner: Any = getattr(method, "__self__", None)
    if method.__name__ == "fit" and hasattr(owner, "steps"):
        step, estimator = owner.steps[-1]
        name, method = f"{step}__groups", estimator.fit
    # these take them, and do not say so
    searches = method.__name__ == "fit" and isinstance(owner, (GridSearchCV, RandomizedSearchCV))
    asks = speakers is not None and (searches or "groups" in inspect.signature(method).parameters)
    return {name: speakers} if asks else {}


def _one_thread() -> Any:
    from threadpoolctl import threadpool_limits

    return cast(Any, threadpool_limits(limits=1))
