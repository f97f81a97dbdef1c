"""Ideas for the recipes of the built-in models, each with its score among training speakers: how a choice is made.

No test speaker of an `emobox` fold is looked at: the twenty training actors of a fold are divided into four groups, and
an idea's score is the mean UAR on each group of a model of the three others. ``far``: tested on clips as they sound in
a room, by another microphone, in noise. ``men ↔ women``: learnt from the men among the training actors, tested on the
women, and the other way. ``EMO-DB → RAVDESS``: four emotions, learnt from another corpus; this direction is for
choosing, and the other one is the test.

    python benchmarks/ideas.py [RAVDESS] [EMODB] [--features tone,tone-large] [--folds 1,3,5] [--keep DIR]
                               [--heads] [--page]

With ``--keep``, feature tables and scores are kept there, and what is there is not computed again. With ``--page`` the
table is written into docs/accuracy.md; with ``--heads`` other classifiers are judged instead.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accuracy import FOUR, table_of
from run import PAGE, between, table, write
from speech_emotion import corpora, workers
from speech_emotion.evaluation.fitting import fit, guess, learnt, numbered
from speech_emotion.evaluation.protocols import SpeakerSplit, folds_of
from speech_emotion.evaluation.together import together
from speech_emotion.features.defaults import AS_IN_LIFE, TEMPI
from speech_emotion.features.table import FeatureTable
from speech_emotion.training.families import family

ACCURACY = PAGE.with_name("accuracy.md")

PARTS = 4
"""Groups that the training speakers of a fold are divided into."""

Learnt = tuple[Any, ...]
Columns = Callable[[tuple[str, ...]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Idea:
    """Something else than the recipe that was taken.

    Attributes:
        what: in a few words.
        family: of classifiers.
        hyperparameters: that are not the family's own defaults, nor the recipe's penalty.
        copies: of the training clips.
        columns: which of the features, from their names; None is all.
        other: whether another corpus is learnt from, too.
    """

    what: str
    family: str = "ridge"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    copies: tuple[str, ...] = AS_IN_LIFE
    columns: Columns | None = None
    other: bool = False

    def estimator(self) -> Any:
        return family(self.family).build(**self.asked)

    @property
    def asked(self) -> Mapping[str, Any]:
        """All hyperparameters."""
        return {**family(self.family).usual(len(self.copies)), **self.hyperparameters}

    @property
    def key(self) -> str:
        """The same for the same idea, whatever it was called before."""
        return f"{self.what} {self.copies} {dict(self.asked)}"

    def chosen(self, table: FeatureTable) -> NDArray[np.bool_] | slice:
        return slice(None) if self.columns is None else self.columns(table.columns)


def layers(*numbers: int) -> Columns:
    return lambda names: np.array([int(name.split("_")[-3]) in numbers for name in names])


def statistic(wanted: str) -> Columns:
    return lambda names: np.array([name.split("_")[-2] == wanted for name in names])


def without(copy: str) -> tuple[str, ...]:
    """All copies but one."""
    return tuple(name for name in AS_IN_LIFE if name != copy)


QUESTIONS = ("new speakers", "men ↔ women", "EMO-DB → RAVDESS")

HARDER = ("far", "telephone")
"""The copies that are tested, too."""

PENALTY = family("ridge").usual(len(AS_IN_LIFE))["penalty"]
"""The recipe's."""

IDEAS = (
    Idea(
        f"the recipe: mean and deviation of all layers, ridge, penalty {PENALTY:g}, "
        "speakers centred by 0.75, all copies"
    ),
    Idea("no copies", copies=()),
    Idea("slower and faster only", copies=TEMPI),
    Idea("far only", copies=("far",)),
    *(Idea(f"no {copy}", copies=without(copy), hyperparameters={"penalty": PENALTY}) for copy in AS_IN_LIFE[3:]),
    *(Idea(f"speakers centred by {share:g}", hyperparameters={"centred": share}) for share in (0, 0.5, 1)),
    *(Idea(f"penalty {penalty:g}", hyperparameters={"penalty": penalty}) for penalty in (0.25, 1, 4, 16)),
    Idea("means only", columns=statistic("mean")),
    Idea("deviations only", columns=statistic("std")),
    *(Idea(f"layer {number} alone", columns=layers(number)) for number in (2, 3, 4)),
    Idea("EMO-DB learnt as well", other=True),
)

HEADS = tuple(
    Idea(what, name, hyperparameters, copies=TEMPI)
    for what, name, hyperparameters in (
        ("ridge", "ridge", {}),
        ("lda, shrinkage by Ledoit and Wolf", "lda", {}),
        ("lda, shrinkage 0.5", "lda", {"shrinkage": 0.5}),
        ("logistic, C 0.0003", "logistic", {"C": 0.0003}),
        ("svm, radial kernel, C 3", "svm", {"C": 3.0}),
        ("mlp, 300 units, 30 rounds", "mlp", {"max_iter": 30}),
    )
)
"""Other classifiers (``--heads``); some take minutes to fit."""


@dataclass(frozen=True, eq=False)
class Task:
    """One idea, one training set, and its tests."""

    estimator: Any
    learnt: Learnt
    tests: tuple[NDArray[np.float32], ...]
    truth: NDArray[np.int64]
    classes: int


def scores(task: Task) -> list[float]:
    """The UAR in each test."""
    fitted = fit(task.estimator, *task.learnt)
    found = [guess(fitted, values, task.classes).argmax(axis=1) for values in task.tests]
    known = np.unique(task.truth)
    return [float(np.mean([np.mean(named[task.truth == label] == label) for label in known])) for named in found]


@dataclass(frozen=True, eq=False)
class Data:
    """The recordings and the divisions of them that ideas are judged by."""

    ravdess: FeatureTable
    emodb: FeatureTable
    folds: tuple[int, ...]

    def inner(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Rows to learn from and rows to judge by, among the training speakers of each fold."""
        pairs = []
        for number in self.folds:
            development, _ = folds_of("emobox", self.ravdess, 6, 0)[number - 1]
            speakers, emotions = self.ravdess.speakers[development], self.ravdess.emotions[development]
            for train, test in SpeakerSplit(PARTS, 0).split(emotions, emotions, speakers):
                pairs.append((development[train], development[test]))
        return pairs

    def between_sexes(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        pairs = []
        for number in self.folds:
            development, _ = folds_of("emobox", self.ravdess, 6, 0)[number - 1]
            men = self.ravdess.sexes[development] == "male"
            pairs += [(development[men], development[~men]), (development[~men], development[men])]
        return pairs

    def tasks(self, idea: Idea, question: str) -> list[Task]:
        if question == "EMO-DB → RAVDESS":
            both, _ = together([self.emodb, self.ravdess], FOUR)
            strange = both.corpora != "emodb"
            return [task_of(idea, both, np.flatnonzero(~strange), np.flatnonzero(strange))]
        pairs = self.inner() if question == "new speakers" else self.between_sexes()
        beside = learning(idea, self.emodb, self.ravdess.classes) if idea.other else ()
        return [task_of(idea, self.ravdess, *pair, beside) for pair in pairs]


def task_of(
    idea: Idea, table: FeatureTable, train: NDArray[np.intp], test: NDArray[np.intp], beside: Learnt = ()
) -> Task:
    """What to learn and to test in one division of a table; ``beside`` is learnt as well."""
    own = learning(idea, table, table.classes, train)
    if beside:
        own = tuple(np.concatenate(pair) for pair in zip(own, beside, strict=True))
    wanted = idea.chosen(table)
    tests = tuple(values[test][:, wanted] for values in (table.values, *(table.copies[name] for name in HARDER)))
    truth = numbered(table.emotions[test], table.classes)
    return Task(idea.estimator(), own, tests, truth, len(table.classes))


def learning(
    idea: Idea, table: FeatureTable, classes: tuple[str, ...], rows: NDArray[np.intp] | slice = slice(None)
) -> Learnt:
    """Features, labels and speakers to learn from, copies included."""
    wanted = idea.chosen(table)
    copies = tuple(table.copies[name][:, wanted] for name in idea.copies)
    return learnt(table.values[:, wanted], numbered(table.emotions, classes), table.speakers, copies, rows)


def judged(idea: Idea, data: Data, questions: tuple[str, ...]) -> dict[str, str]:
    """A row: the mean score of an idea in each question."""
    row = {"idea": idea.what}
    for question in questions:
        columns = (question, *(f"{question}, {name}" for name in HARDER))
        if idea.other and question != "new speakers":
            row |= dict.fromkeys(columns, "–")
            continue
        with closing(workers.run(scores, data.tasks(idea, question))) as found:
            means = 100 * np.mean(list(found), axis=0)
        row |= {column: f"{mean:.1f}" for column, mean in zip(columns, means, strict=True)}
    return row


def main() -> None:
    given = arguments()
    for features in given.features:
        ravdess = table_of("ravdess", given.ravdess, (features,), AS_IN_LIFE, given.keep)
        emodb = table_of("emodb", given.emodb, (features,), AS_IN_LIFE, given.keep)
        data = Data(ravdess, emodb, given.folds)
        if given.heads:
            tell = (kept(given, f"{features}, head, {idea.key}", judged, idea, data, QUESTIONS[:1]) for idea in HEADS)
            print(f"heads {features}\n{table(list(tell))}\n", flush=True)
            continue
        ideas = [idea for idea in IDEAS if ravdess.values[:1, idea.chosen(ravdess)].size]
        rows = [kept(given, f"{features}, {idea.key}", judged, idea, data, QUESTIONS) for idea in ideas]
        print(f"ideas {features}\n{table(rows)}\n", flush=True)
        if given.page:
            write(ACCURACY, between(ACCURACY.read_text(encoding="utf-8"), f"ideas {features}", table(rows)))


def kept(given: argparse.Namespace, key: str, make: Callable[..., dict[str, str]], *about: Any) -> dict[str, str]:
    """What ``make`` gives of ``about``, or gave when it was last asked for by this key with the same folds."""
    key = f"{key} {given.folds} {HARDER}"
    file = given.keep / "ideas.jsonl" if given.keep else None
    if file is not None and file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            known, row = json.loads(line)
            if known == key:
                return dict(row)
    row = make(*about)
    print(row, file=sys.stderr, flush=True)
    if file is not None:
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps([key, row], ensure_ascii=False) + "\n")
    return row


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ravdess", type=Path, nargs="?", default=corpora.find("ravdess"))
    parser.add_argument("emodb", type=Path, nargs="?", default=corpora.find("emodb"))
    parser.add_argument("--features", type=lambda text: text.split(","), default=["tone", "tone-large"])
    parser.add_argument("--folds", type=lambda text: tuple(map(int, text.split(","))), default=(1, 3, 5))
    parser.add_argument("--keep", type=Path, help="keep feature tables and scores here")
    parser.add_argument("--heads", action="store_true", help="other classifiers instead; some take minutes to fit")
    parser.add_argument("--page", action="store_true", help="write the table into docs/accuracy.md")
    given = parser.parse_args()
    if given.ravdess is None or given.emodb is None:
        parser.error(
            "needs RAVDESS and EMO-DB: name their archives, or fetch them: speech-emotion corpus fetch ravdess"
        )
    return given


if __name__ == "__main__":
    main()
