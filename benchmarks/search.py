"""What the search finds and how fast, in parts, each of which can be run by itself.

``strategies``: evolution against random, in equal time; ``halves``: the same among half of the speakers, tested on the
others; ``rule``: so, too, what a search takes against its highest score; ``speed`` and ``speed-tone``: trials a minute
against scikit-learn's RandomizedSearchCV, given the same candidates and folds on two cores; ``classic`` and ``tone``:
the whole search as a procedure, in outer folds, against the plain classifier and the built-in recipe on the same folds;
``four``: the whole search for four emotions, in the random split beside new speakers; ``same``: one worker, two, and
killed and resumed.

    python benchmarks/search.py [RAVDESS] [--part NAME …] [--seconds 60] [--seeds 5] [--keep FOLDER] [--json]

``--seconds`` is the budget of each search; ``--keep`` holds feature tables. Scores are UAR in %.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from accuracy import table_of
from speech_emotion import corpora, workers
from speech_emotion.emotions import CALM4
from speech_emotion.evaluation.fitting import Fold, examples, fit, guess, judge, learnt, numbered
from speech_emotion.evaluation.metrics import confusion, uar
from speech_emotion.evaluation.protocols import SpeakerSplit
from speech_emotion.features.defaults import AS_IN_LIFE, CLASSIC, SEARCHED, TEMPI
from speech_emotion.features.table import FeatureTable
from speech_emotion.training.families import family
from speech_emotion.training.leaderboard import SearchResult
from speech_emotion.training.locked import lock_away
from speech_emotion.training.search import search
from speech_emotion.training.search_space import SearchSpace
from speech_emotion.training.train import recipe
from speech_emotion.training.trial import Trial

CORES = 2
OUTER = 4
Row = dict[str, str]


def main() -> None:
    given = arguments()
    for name in given.part or PARTS:
        for row in PARTS[name](given):
            print(json.dumps(row) if given.json else "  ".join(row.values()), flush=True)


def strategies(given: argparse.Namespace) -> Iterator[Row]:
    """Evolution against random, seed by seed."""
    for task, table in tasks(given).items():
        how = f"{task}, {given.seconds} s, median of {given.seeds} seeds"
        rows = {
            f"evolution against random, {how}: outer UAR": "≥ random",
            f"the same, of the ensemble where it was kept, {task}": "≥ random",
            f"the same, inner UAR, {task}": "–",
        }
        scores: dict[str, list[list[float]]] = {"evolution": [], "random": []}
        reached = []
        for seed in range(given.seeds):
            found = {name: searched(table, name, given.seconds, seed) for name in scores}
            for name, result in found.items():
                single = result.kept[0]
                saved = result.ensemble if result.joined else single
                highest = max(trial.inner["uar"].value for trial in result.leaderboard if trial.inner)
                tested = (of.outer["uar"].value for of in (single, saved))
                scores[name].append([100 * uar for uar in (*tested, highest)])
            _, _, aim = scores["random"][-1]
            reached.append(time_to(found["evolution"], aim) / given.seconds)
        medians = [np.median(each, axis=0) for each in scores.values()]
        for (title, goal), ours, theirs in zip(rows.items(), *medians, strict=True):
            yield row(title, f"{ours:.1f}", f"{theirs:.1f}", goal)
        share = statistics.median(reached)
        told = "not reached" if share == float("inf") else f"{share:.2f} of its time"
        yield row(f"the same, to random's last best inner UAR, {task}", told, "1", "≤ 0.5")


def halves(given: argparse.Namespace) -> Iterator[Row]:
    """Evolution against random among half of the speakers, what they choose tested on all of the others."""
    for task, table in tasks(given).items():
        found: dict[str, list[float]] = {"evolution": [], "random": []}
        for seed in range(given.seeds):
            for half, others in parted(table, seed):
                for strategy, scores in found.items():
                    result = searched(half, strategy, given.seconds, seed)
                    scores.append(on_others(result, result.kept[0], half, others))
        pairs = list(zip(*found.values(), strict=True))
        ahead = sum(ours > theirs for ours, theirs in pairs)
        yield row(
            f"evolution against random, {task}, {given.seconds} s among half of the speakers, UAR of the other half: "
            f"mean of {len(pairs)} (ahead in {ahead})",
            *(f"{statistics.mean(scores):.1f}" for scores in found.values()),
            "≥ random",
        )  # fmt: skip


def rule(given: argparse.Namespace) -> Iterator[Row]:
    """What a search takes by the one-standard-error rule against the highest score, among half of the speakers."""
    for name, table in {"tone-large": tone(given, "tone-large"), "classic": classic(given, TEMPI)}.items():
        pairs = []
        for seed in range(given.seeds):
            for half, others in parted(table, seed):
                result = searched(half, "evolution", given.seconds, seed)
                taken = result.kept[0]
                highest = result.passed_over.trial if result.passed_over else taken
                pairs.append([on_others(result, each, half, others) for each in (taken, highest)])
        ahead, behind = (sum(sign * (ours - theirs) > 0 for ours, theirs in pairs) for sign in (1, -1))
        yield row(
            f"what is taken against the highest score, {name}, 8 emotions, {given.seconds} s among half of the "
            f"speakers, UAR of the other half: mean of {len(pairs)} (ahead in {ahead}, behind in {behind})",
            *(f"{statistics.mean(scores):.1f}" for scores in zip(*pairs, strict=True)),
            "≥ that",
        )  # fmt: skip


def parted(table: FeatureTable, seed: int) -> Iterator[tuple[FeatureTable, FeatureTable]]:
    """The recordings of half of the speakers and of the others; and the other way round."""
    speakers = np.random.default_rng(seed).permutation(np.unique(table.speakers))
    inside = np.isin(table.speakers, speakers[: len(speakers) // 2])
    parts = table.rows(np.flatnonzero(inside)), table.rows(np.flatnonzero(~inside))
    yield parts
    yield parts[::-1]


def on_others(result: SearchResult, trial: Trial, half: FeatureTable, others: FeatureTable) -> float:
    """The UAR, in %, of a candidate on other speakers, fitted on those that it was chosen by."""
    candidate = trial.candidate
    config = candidate.config(half.config)
    development = half.rows(np.flatnonzero(np.isin(half.speakers, result.development_speakers)))
    learnt_from = development.narrow(config.features, config.statistics)
    fitted = fit(candidate.estimator(result.seed), *examples(learnt_from), learnt_from.speakers)
    asked = others.narrow(config.features, config.statistics)
    answers = guess(fitted, asked.values, len(half.classes)).argmax(axis=1)
    return 100 * float(uar(confusion(numbered(asked.emotions, half.classes), answers, len(half.classes))))


def speed(given: argparse.Namespace) -> Iterator[Row]:
    """Trials a minute over mel, chroma and MFCC."""
    yield trials_a_minute(given, "classic", classic(given))


def speed_tone(given: argparse.Namespace) -> Iterator[Row]:
    """The same over the small encoder's layers."""
    yield trials_a_minute(given, "tone", tone(given, "tone"))


def trials_a_minute(given: argparse.Namespace, name: str, table: FeatureTable) -> Row:
    """Of the same candidates on the same folds: as many as the random search tries in its time."""
    development, _ = lock_away(table, 0)
    result = searched(table, "random", given.seconds, 0)
    candidates = [trial.candidate for trial in sorted(result.leaderboard, key=lambda trial: trial.number)]
    values, labels = examples(development)
    folds = list(SpeakerSplit(5, 0).split(values, development.emotions, development.speakers))
    rows, numbers, speakers = learnt(values, labels, development.speakers, tuple(development.copies.values()))
    times = 1 + len(development.copies)
    cv = [(np.concatenate([train + copy * len(values) for copy in range(times)]), test) for train, test in folds]
    theirs = RandomizedSearchCV(
        Recipe(space=result.space), {"candidate": candidates}, n_iter=len(candidates), cv=cv, n_jobs=CORES,
        refit=False, scoring="balanced_accuracy", error_score=0.0,
    )  # fmt: skip
    begin = time.perf_counter()
    theirs.fit(rows, numbers, groups=speakers)
    minutes = (time.perf_counter() - begin) / 60
    ours, others = result.trials_per_minute, len(candidates) / minutes
    return row(
        f"trials a minute, {CORES} cores, {name}: the {len(candidates)} random candidates of {given.seconds} s, "
        "against RandomizedSearchCV",
        f"{ours:.0f}", f"{others:.0f} ({ours / others:.1f} times)", "≥ 5 times",
    )  # fmt: skip


def classic_procedure(given: argparse.Namespace) -> Iterator[Row]:
    """The whole search over mel, chroma and MFCC."""
    plain = family("mlp").build(seed=0)
    yield from procedure(given, "classic", classic(given, TEMPI), "the plain mlp", plain, "≥ 48")


def tone_procedure(given: argparse.Namespace) -> Iterator[Row]:
    """The whole search over the large encoder's layers."""
    plain = recipe("ridge", calibrate=False, copies=len(AS_IN_LIFE))
    yield from procedure(given, "tone-large", tone(given, "tone-large"), "the built-in recipe", plain, "≥ that")


def procedure(
    given: argparse.Namespace, name: str, table: FeatureTable, beside: str, plain: BaseEstimator, goal: str
) -> Iterator[Row]:
    """A search in outer folds, and one recipe on the same folds."""
    result = searched(table, "evolution", given.seconds, 0, outer=OUTER)
    assert result.procedure is not None
    folds = [lock_away(table, 0, OUTER, part)[1] for part in range(OUTER)]
    labels = np.zeros(len(table), dtype=int)
    for number, test in enumerate(folds):
        labels[test] = number
    found = of_recipe(plain, table, labels)
    yield row(
        f"{name}, eight emotions, new speakers: the whole search in {OUTER} outer folds of {given.seconds} s, "
        f"against {beside}",
        str(result.procedure.scores["uar"]), f"{100 * found:.1f} %", goal,
    )  # fmt: skip


def four(given: argparse.Namespace) -> Iterator[Row]:
    """Four emotions: the whole search for known voices, and for new ones."""
    table = tone(given, "tone-large", TEMPI).select(CALM4)  # the copies of the command
    found = {
        protocol: searched(table, "evolution", given.seconds, 0, outer=OUTER, protocol=protocol).procedure
        for protocol in ("random", "speaker")
    }
    shuffled, honest = (str(each.scores["uar"]) for each in found.values() if each is not None)
    yield row(
        f"four emotions, tone-large: the whole search in {OUTER} outer folds of {given.seconds} s, random split, "
        "beside new speakers",
        shuffled, f"new speakers {honest}", "≥ 98",
    )  # fmt: skip


def same(given: argparse.Namespace) -> Iterator[Row]:
    """One leaderboard, byte for byte."""
    table = classic(given).select(CALM4)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for workers in (1, 2):
            search(table, trials=80, folder=place / str(workers), workers=workers, seed=3)
        table.save(place / "table.npz")
        killed_at = killed(place, given)
        search(table, trials=80, folder=place / "killed", workers=2, seed=3, resume=True)
        digests = {
            hashlib.sha256((place / name / "leaderboard.csv").read_bytes()).hexdigest() for name in ("1", "2", "killed")
        }
    how = f"1 worker, 2 workers, killed -9 after {killed_at} of 80 trials and resumed"
    yield row(f"same seed: {how}", f"{len(digests)} leaderboard", "3 runs", "identical")


def killed(place: Path, given: argparse.Namespace) -> int:
    """Begin a search and kill it; how many trials it had told."""
    code = (
        "import sys; from speech_emotion.features.table import FeatureTable; "
        "from speech_emotion.training.search import search; "
        "search(FeatureTable.load(sys.argv[1]), trials=80, folder=sys.argv[2], workers=2, seed=3, "
        "on_trial=lambda t: print(t.number, flush=True))"
    )
    command = [sys.executable, "-c", code, str(place / "table.npz"), str(place / "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 45:
                os.kill(process.pid, signal.SIGKILL)
                return 45
    raise SystemExit("the search ended before it could be killed")


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Row]]] = {
    "strategies": strategies,
    "halves": halves,
    "rule": rule,
    "speed": speed,
    "speed-tone": speed_tone,
    "classic": classic_procedure,
    "tone": tone_procedure,
    "four": four,
    "same": same,
}


class Recipe(ClassifierMixin, BaseEstimator):
    """What a user of RandomizedSearchCV would write: a candidate as an estimator of all columns."""

    def __init__(self, space: SearchSpace | None = None, candidate: object = None) -> None:
        self.space = space
        self.candidate = candidate

    def fit(self, X: object, y: object, groups: object = None) -> Recipe:
        config = self.space.config
        position = {name: number for number, name in enumerate(config.columns)}
        self.columns_ = [position[name] for name in self.candidate.config(config).columns]
        self.fitted_ = of_scikit_learn(self.candidate.estimator(0)).fit(X[:, self.columns_], y)
        self.classes_ = self.fitted_.classes_
        return self

    def predict(self, X: object) -> object:
        return self.fitted_.predict(X[:, self.columns_])


def of_scikit_learn(pipeline: Pipeline) -> Pipeline:
    """The same pipeline with scikit-learn's own classifier, where this package's is a faster one of the same model."""
    name, ours = pipeline.steps[-1]
    theirs = {"MLP": MLPClassifier, "Logistic": LogisticRegression}.get(type(ours).__name__)
    return Pipeline([*pipeline.steps[:-1], (name, theirs(**ours.get_params()) if theirs else ours)])


def of_recipe(estimator: object, table: FeatureTable, fold: np.ndarray) -> float:
    """The UAR of a recipe over folds that are given."""
    values, labels = examples(table)
    parts = [
        Fold(
            estimator,
            values,
            labels,
            np.flatnonzero(fold != one),
            np.flatnonzero(fold == one),
            len(table.classes),
            table.speakers,
            tuple(table.copies.values()),
        )
        for one in np.unique(fold)
    ]
    named = np.zeros(len(table), dtype=int)
    for part, answer in zip(parts, workers.run(judge, parts, 1), strict=True):
        named[part.test] = answer.argmax(axis=1)
    return float(uar(confusion(labels, named, len(table.classes))))


def searched(
    table: FeatureTable, strategy: str, seconds: float, seed: int, outer: int | None = None, protocol: str = "speaker",
) -> SearchResult:  # fmt: skip
    """A search in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return search(
            table, strategy, budget=seconds, keep=1, folder=folder, seed=seed, workers=CORES, protocol=protocol,
            outer=outer,
        )  # fmt: skip


def time_to(result: SearchResult, score: float) -> float:
    """Seconds until an inner UAR in % was reached; infinite where it was not."""
    trials = sorted(result.leaderboard, key=lambda trial: trial.number)
    there = (trial.at for trial in trials if trial.inner and 100 * trial.inner["uar"].value >= score - 1e-9)
    return next(there, float("inf"))


def tasks(given: argparse.Namespace) -> dict[str, FeatureTable]:
    whole = classic(given)
    return {"4 emotions": whole.select(CALM4), "8 emotions": whole}


def classic(given: argparse.Namespace, copies: tuple[str, ...] = ()) -> FeatureTable:
    return table_of("ravdess", given.archive, CLASSIC, TEMPI, given.keep, SEARCHED).with_copies(copies)


def tone(given: argparse.Namespace, name: str, copies: tuple[str, ...] = AS_IN_LIFE) -> FeatureTable:
    return table_of("ravdess", given.archive, (name,), copies, given.keep)


def row(figure: str, ours: str, theirs: str, goal: str) -> Row:
    return {"name": "search", "figure": figure, "ours": ours, "beside": theirs, "goal": goal}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="?", default=corpora.find("ravdess"), help="RAVDESS's zip archive")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; may be given again")
    parser.add_argument("--seconds", type=int, default=60, help="budget of each search")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="keep feature tables here; not those of other encoders")
    parser.add_argument("--json", action="store_true", help="print one JSON object a row")
    given = parser.parse_args()
    if given.archive is None or not given.archive.is_file():
        parser.error("needs RAVDESS's zip archive: name it, or fetch it: speech-emotion corpus fetch ravdess")
    return given


if __name__ == "__main__":
    main()
