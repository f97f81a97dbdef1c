"""A neural network with one or two hidden layers, learnt a batch at a time by Adam (Kingma & Ba, 2015).

It is scikit-learn's ``MLPClassifier``: the same first weights and the same batches of the same seed, the same loss,
and the same rule for when to stop, so that both learn the same to rounding. What differs is what a step costs: all
weights lie in one vector of single precision, and a step allocates nothing of its size. Of two classes it has an output
each, where scikit-learn has one for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import saxpy
from sklearn.utils import check_random_state, shuffle
from sklearn.utils.validation import check_is_fitted, validate_data

from .classifier import Classifier

Floats = NDArray[np.float32]

FADING, FADING_SQUARES = np.float32(0.9), np.float32(0.999)
"""How much of Adam's running sums of the gradient and of its square is left after a step."""

BETTER, PATIENCE = 1e-4, 10
"""Learning ends when the loss has not become better by so much for more than so many rounds."""

BLOCK = 32768
"""So many weights are moved at a time: what Adam keeps of them stays in the processor's cache."""

LEAST = float(np.finfo(np.float32).eps)
"""Of a probability, in the loss."""


class MLP(Classifier):
    """A multilayer perceptron.

    Args:
        hidden_layer_sizes: units of each hidden layer.
        activation: ``"relu"`` or ``"tanh"``.
        alpha: half of it times the squared weights is added to the loss of a batch's sum.
        batch_size: rows of a step.
        epsilon: added to Adam's divisor.
        learning_rate_init: of Adam.
        max_iter: rounds through all rows at most.
        random_state: of the first weights and the order of rows.

    Attributes:
        classes_: the labels, sorted, shape (classes,).
        coefs_: weights of each layer, shape (units before, units after).
        intercepts_: of each layer, shape (units after,).
        loss_curve_: the loss of each round.
        n_iter_: how many there were.
    """

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] = (100,),
        activation: str = "relu",
        alpha: float = 1e-4,
        batch_size: int = 200,
        epsilon: float = 1e-8,
        learning_rate_init: float = 1e-3,
        max_iter: int = 200,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.alpha = alpha
        self.batch_size = batch_size
        self.epsilon = epsilon
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> MLP:
        """Train on standardised features, shape (n, columns), and their labels, shape (n,).

        Raises:
            ValueError: if there is one class only, or the features are so large that the weights become infinite.
        """
        X, numbers = self._taken(X, y, dtype=np.float32, order="C")
        rng = check_random_state(self.random_state)
        weights = _Weights((X.shape[1], *self.hidden_layer_sizes, len(self.classes_)), rng)
        self.coefs_, self.intercepts_ = weights.coefs, weights.intercepts
        self.loss_curve_: list[float] = []
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what that leads to is told below
            for loss in self._rounds(X, numbers, weights, rng):
                self.loss_curve_.append(loss)
                if len(self.loss_curve_) > PATIENCE and _settled(self.loss_curve_):
                    break
        self.n_iter_ = len(self.loss_curve_)
        if not np.isfinite(weights.all).all():
            raise ValueError("the weights became infinite; scale the features, or lower learning_rate_init")
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities, shape (n, classes), of features of shape (n, columns)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float32)
        return _Pass(self.activation, self.coefs_, self.intercepts_, len(X)).forward(X)

    def _rounds(self, X: Floats, numbers: NDArray[np.intp], weights: _Weights, rng: Any) -> Iterator[float]:
        """Learn, round by round; the loss of each, as it was on the way."""
        rows = len(X)
        size = min(self.batch_size, rows)
        adam = _Adam(weights.all, self.learning_rate_init, self.epsilon)
        passes = {
            count: _Pass(self.activation, weights.coefs, weights.intercepts, count)
            for count in {size, rows % size or size}
        }
        order = np.arange(rows)
        for _ in range(self.max_iter):
            order = shuffle(order, random_state=rng)
            total = 0.0
            for start in range(0, rows, size):
                batch = order[start : start + size]
                one = passes[len(batch)]
                np.take(X, batch, axis=0, out=one.layers[0], mode="clip")
                total += one.backward(numbers[batch], weights, self.alpha)
                adam.step(weights.gradient)
            yield total / rows


class _Weights:
    """All weights in one vector, and their gradient in another; each layer's are views of them."""

    def __init__(self, units: tuple[int, ...], rng: Any) -> None:
        shapes = [*pairwise(units), *((after,) for after in units[1:])]
        self.all = np.empty(sum(int(np.prod(shape)) for shape in shapes), dtype=np.float32)
        self.gradient = np.zeros_like(self.all)
        layers = len(units) - 1
        views, gradients = _views(self.all, shapes), _views(self.gradient, shapes)
        self.coefs, self.intercepts = views[:layers], views[layers:]
        self.coef_gradients, self.intercept_gradients = gradients[:layers], gradients[layers:]
        self.matrices = sum(coef.size for coef in self.coefs)
        for coef, intercept in zip(self.coefs, self.intercepts, strict=True):
            bound = np.sqrt(6 / sum(coef.shape))  # Glorot & Bengio, 2010
            coef[:] = rng.uniform(-bound, bound, coef.shape)
            intercept[:] = rng.uniform(-bound, bound, intercept.shape)


def _views(vector: Floats, shapes: list[tuple[int, ...]]) -> list[Floats]:
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]


class _Pass:
    """So many rows on their way through the network and back; the memory is used again each time."""

    def __init__(self, activation: str, coefs: list[Floats], intercepts: list[Floats], rows: int) -> None:
        self.activation = activation
        self.coefs, self.intercepts = coefs, intercepts
        units = [coefs[0].shape[0], *(coef.shape[1] for coef in coefs)]
        self.layers = [np.empty((rows, count), dtype=np.float32) for count in units]
        self.missed = [np.empty((rows, count), dtype=np.float32) for count in units[1:]]

    def forward(self, rows: Floats) -> Floats:
        """Probabilities, shape (n, classes)."""
        self.layers[0] = rows
        for number, (coef, intercept) in enumerate(zip(self.coefs, self.intercepts, strict=True)):
            after = np.matmul(self.layers[number], coef, out=self.layers[number + 1])
            after += intercept
            if number + 1 < len(self.coefs):
                (np.tanh if self.activation == "tanh" else _relu)(after, out=after)
        found = self.layers[-1]
        found -= found.max(axis=1, keepdims=True)
        np.exp(found, out=found)
        found /= found.sum(axis=1, keepdims=True)
        return found

    def backward(self, numbers: NDArray[np.intp], weights: _Weights, alpha: float) -> float:
        """The summed loss of the rows in the first layer; its gradient, by row, goes into the weights'."""
        count = np.float32(len(numbers))
        found = self.forward(self.layers[0])
        own = np.arange(len(numbers)), numbers
        loss = -float(np.log(np.clip(found[own], LEAST, 1 - LEAST), dtype=np.float64).sum())
        found[own] -= 1
        missed = found
        for number in range(len(self.coefs) - 1, -1, -1):
            np.matmul(self.layers[number].T, missed, out=weights.coef_gradients[number])
            missed.sum(axis=0, out=weights.intercept_gradients[number])
            if number:
                before = np.matmul(missed, self.coefs[number].T, out=self.missed[number - 1])
                _sloped(self.activation, self.layers[number], before)
                missed = before
        matrices = weights.all[: weights.matrices]
        saxpy(matrices, weights.gradient, a=alpha)
        weights.gradient /= count
        return loss + alpha / 2 * float(matrices @ matrices)


def _relu(values: Floats, out: Floats) -> Floats:
    return np.maximum(values, 0, out=out)


def _sloped(activation: str, layer: Floats, missed: Floats) -> None:
    """Multiply by the slope of the activation, where a layer came out as it did; the layer is not needed any more."""
    if activation == "tanh":
        layer *= layer
        np.subtract(1, layer, out=layer)
        missed *= layer
    else:
        missed *= layer > 0


class _Adam:
    """Adam's steps of one vector of weights.

    Its running means are kept as sums, without their factors of 1 minus the fading: these are in the step.
    """

    def __init__(self, weights: Floats, rate: float, epsilon: float) -> None:
        self.blocks = [slice(start, start + BLOCK) for start in range(0, len(weights), BLOCK)]
        self.weights, self.rate, self.epsilon = weights, rate, epsilon
        self.sums, self.squares = np.zeros_like(weights), np.zeros_like(weights)
        self.room = np.empty(min(BLOCK, len(weights)), dtype=np.float32)
        self.steps = 0

    def step(self, gradient: Floats) -> None:
        """One step against the gradient, which is used up."""
        self.steps += 1
        first, second = (1 - float(fading) for fading in (FADING, FADING_SQUARES))
        rate = self.rate * np.sqrt(1 - float(FADING_SQUARES) ** self.steps) / (1 - float(FADING) ** self.steps)
        rate, epsilon = rate * first / np.sqrt(second), np.float32(self.epsilon / np.sqrt(second))
        for block in self.blocks:
            sums, squares, slope = self.sums[block], self.squares[block], gradient[block]
            room = self.room[: len(slope)]
            sums *= FADING
            sums += slope
            squares *= FADING_SQUARES
            slope *= slope
            squares += slope
            np.sqrt(squares, out=room)
            room += epsilon
            np.divide(sums, room, out=room)
            saxpy(room, self.weights[block], a=-rate)


def _settled(losses: list[float]) -> bool:
    """Whether the loss stopped falling, as scikit-learn sees it."""
    best, waited = float("inf"), 0
    for loss in losses:
        waited = waited + 1 if loss > best - BETTER else 0
        best = min(best, loss)
    return waited > PATIENCE
