"""Networks and logistic regressions, on one core: this package's against scikit-learn's, which they learn the same as.

Both learn the same rows: seven statistics of mel, chroma and MFCC of the first 15 of RAVDESS's actors, of the columns
some or all, scaled or as they are, with the settings that a search tries. They take turns; medians are over all fits.

    python benchmarks/estimators.py [ARCHIVE] [--clips 1440] [--repeats 1] [--json]
"""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import measuring
from speech_emotion import corpora, extract
from speech_emotion.corpora.utterance import Corpus
from speech_emotion.features.defaults import CLASSIC, SEARCHED
from speech_emotion.training.logistic import Logistic
from speech_emotion.training.mlp import MLP

COLUMNS = (120, 900)
PRICES = (0.001, 0.1, 10.0)
LAYERS = ((64,), (600,), (300, 100))
BATCHES = (64, 256)
ROUNDS = 30


def main() -> None:
    given = measuring.arguments(__doc__, repeats=1)
    measuring.one_core()
    corpus = corpora.open(f"ravdess:{given.archive}")
    speakers = sorted({one.speaker for one in corpus.utterances})[:15]
    some = measuring.spread([one for one in corpus.utterances if one.speaker in speakers], given.clips)
    table = extract(Corpus(corpus.origin, tuple(some)), CLASSIC, SEARCHED, copies=(), workers=1)
    values, labels = table.values, table.emotions
    scaled = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    order = np.random.default_rng(0).permutation(values.shape[1])
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # scikit-learn's is not at the minimum yet
        warnings.filterwarnings("ignore", message="Got `batch_size`")
        for name, rows in {"standardised": scaled, "as measured": values}.items():
            pairs, behind = [], 0
            for count, price, _ in product(COLUMNS, PRICES, range(given.repeats)):
                learnt = np.ascontiguousarray(rows[:, order[:count]])
                ours, theirs = Logistic(C=price, max_iter=500), LogisticRegression(C=price, max_iter=2000)
                pairs.append(timed(ours, theirs, learnt, labels))
                behind += loss(theirs, learnt, labels) > loss(ours, learnt, labels) * 1.01
            note = f"scikit-learn's minimum is 1 % or more above ours in {behind} of {len(pairs)} fits"
            figure = f"logistic regression, columns {name}, against scikit-learn's"
            measuring.tell("estimators", figure, pairs, "s", "no slower", given.json, note)
        pairs, apart = [], 0.0
        for count, layers, batch, _ in product(COLUMNS, LAYERS, BATCHES, range(given.repeats)):
            learnt = np.ascontiguousarray(scaled[:, order[:count]])
            settings = {"hidden_layer_sizes": layers, "batch_size": batch, "max_iter": ROUNDS, "random_state": 0}
            ours, theirs = MLP(**settings), MLPClassifier(**settings)
            pairs.append(timed(ours, theirs, learnt, labels))
            apart = max(apart, abs(ours.loss_curve_[-1] - theirs.loss_curve_[-1]))
        measuring.tell(
            "estimators", f"networks, {ROUNDS} rounds, against scikit-learn's", pairs, "s",
            "twice as fast", given.json, note=f"the last losses differ by {apart:.1g} at most",
        )  # fmt: skip


def timed(ours: object, theirs: object, rows: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Seconds that each takes to learn the same."""
    return measuring.seconds(lambda: ours.fit(rows, labels)), measuring.seconds(lambda: theirs.fit(rows, labels))


def loss(fitted: object, rows: np.ndarray, labels: np.ndarray) -> float:
    """What a logistic regression minimises."""
    own = fitted.predict_proba(rows)[np.arange(len(rows)), np.searchsorted(fitted.classes_, labels)]
    return float((fitted.coef_**2).sum() / 2 - fitted.C * np.log(np.maximum(own, 1e-300)).sum())


if __name__ == "__main__":
    main()
