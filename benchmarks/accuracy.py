"""How right the models are, on voices that they have heard and on new ones.

The prototype's classifier (mel, chroma and MFCC means, a multilayer perceptron of 300 units), and the recipes of the
built-in models: ridge regression on the tone encoders' layers, learnt from each clip also slower, faster, and in
another room and microphone. Every recipe is fitted anew for each fold, calibration and adaptation's starting point
included; nothing is chosen by a test speaker. ``after 10 clips``: adapted to ten other clips of the same speaker, drawn
at random, their emotions unknown; ``after all``: to all of the others; ``session``: to all other clips of the test.

    python benchmarks/accuracy.py [RAVDESS] [EMODB] [--quick] [--keep FOLDER] [--json]

``--quick`` is the first of the six folds, with the small encoder and without copies.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speech_emotion import corpora, workers
from speech_emotion.emotions import CALM4
from speech_emotion.evaluation.breakdown import gap_between_sexes
from speech_emotion.evaluation.evaluate import Report, evaluate, report
from speech_emotion.evaluation.fitting import examples, fit, guess, learnt
from speech_emotion.evaluation.protocols import folds_of
from speech_emotion.evaluation.together import together
from speech_emotion.features.extract import extract
from speech_emotion.features.table import FeatureTable
from speech_emotion.models.adaptation import Adaptation
from speech_emotion.training.families import family
from speech_emotion.training.train import recipe

AS_IN_LIFE = ("slower", "faster", "far")
HEARD = 10
FOUR = {"calm": "neutral"}
GOALS = {
    "tone, emobox": "78; spike 77.3; published record 75.3",
    "tone-large, emobox": "82; spike 79.3",
    f"tone-large, emobox, after {HEARD} clips": "87; spike 83.5",
    "tone-large, emobox, after all": "90; spike 85.7",
    "4 emotions, tone-large, new speakers": "92; spike 85",
    "4 emotions, tone-large, random split": "98; spike 93",
    "EMO-DB, tone-large, new speakers": "92",
    "RAVDESS → EMO-DB, tone-large": "70; spike 58–60",
    "RAVDESS → EMO-DB, tone-large, session": "80; spike 62",
    "4 emotions, random split": "≈ 80",
    "4 emotions, new speakers": "≈ 55",
    "8 emotions, new speakers": "≈ 38",
}
"""UAR in %: what is aimed at, and what was known before."""


def main() -> None:
    given = arguments()
    rows = quick(given) if given.quick else every(given)
    for row in rows:
        print(json.dumps(row) if given.json else "  ".join(row.values()), flush=True)


def quick(given: argparse.Namespace) -> Iterator[dict[str, str]]:
    """One fold, so that it is known to run."""
    table = extract(corpora.open(f"ravdess:{given.ravdess}"), ["tone"])
    pair = folds_of("emobox", table, 6, 0)[0]
    yield row("tone, emobox, first fold", judged(table, [pair], "none"))


def every(given: argparse.Namespace) -> Iterator[dict[str, str]]:
    """All rows of the table."""
    classic = table_of("ravdess", given.ravdess, ("mel", "chroma", "mfcc"), (), given.keep)
    for task, part in {"4": classic.select(CALM4), "8": classic}.items():
        for protocol, how in {"random": "random split", "speaker": "new speakers"}.items():
            yield row(f"{task} emotions, {how}", evaluate(family("mlp").build(seed=0), part, protocol, seed=0))
    for name in ("tone", "tone-large"):
        ravdess = table_of("ravdess", given.ravdess, (name,), AS_IN_LIFE, given.keep)
        emodb = table_of("emodb", given.emodb, (name,), AS_IN_LIFE, given.keep)
        answered = answers(ravdess, folds_of("emobox", ravdess, 6, 0))
        for heard, how in {"none": "", "some": f", after {HEARD} clips", "others": ", after all"}.items():
            yield row(f"{name}, emobox{how}", judged(ravdess, None, heard, answered))
        plain = family("ridge").build()
        yield row(f"{name}, random split", evaluate(plain, ravdess, "random"))
        four = ravdess.select(CALM4)
        yield row(f"4 emotions, {name}, new speakers", evaluate(plain, four, "emobox"))
        yield row(f"4 emotions, {name}, random split", evaluate(plain, four, "random"))
        yield row(f"EMO-DB, {name}, new speakers", evaluate(plain, emodb, "loso"))
        both, _ = together([ravdess, emodb], FOUR)
        strange = both.corpora == "emodb"
        for train, test, how in ((~strange, strange, "RAVDESS → EMO-DB"), (strange, ~strange, "EMO-DB → RAVDESS")):
            pair = (np.flatnonzero(train), np.flatnonzero(test))
            answered = answers(both, [pair])
            for heard, adapted in {"none": "", "session": ", session", "others": ", speaker, after all"}.items():
                yield row(f"{how}, {name}{adapted}", judged(both, [pair], heard, answered))


@dataclass(frozen=True, eq=False)
class Task:
    """One model to fit, and clips to ask it about."""

    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    speakers: NDArray[np.str_]
    test: NDArray[np.float32]
    classes: int


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of the clips of one fold, and its logarithms' average, which adaptation starts from."""

    test: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    centre: tuple[float, ...]


def answers(table: FeatureTable, pairs: list[tuple[NDArray[np.intp], NDArray[np.intp]]]) -> list[Answers]:
    """The calibrated recipe, fitted on the training part of each fold and asked about the other."""
    values, labels = examples(table)
    copies = tuple(table.copies.values())
    tasks = [
        Task(*learnt(values, labels, table.speakers, copies, train), values[test], len(table.classes))
        for train, test in pairs
    ]
    found = workers.run(answer, tasks)
    return [Answers(test, *each) for (_, test), each in zip(pairs, found, strict=True)]


def answer(task: Task) -> tuple[NDArray[np.float64], tuple[float, ...]]:
    fitted = fit(recipe("ridge"), task.values, task.labels, task.speakers)
    return guess(fitted, task.test, task.classes), fitted.centre_


def judged(
    table: FeatureTable,
    pairs: list[tuple[NDArray[np.intp], NDArray[np.intp]]] | None,
    heard: str,
    answered: list[Answers] | None = None,
) -> Report:
    """The scores of all tested clips, after adaptation to ``none``, ``some`` or all ``others`` of the speaker's clips,
    or to the ``session``, which is the whole fold."""
    answered = answered or answers(table, pairs or [])
    tested = np.concatenate([each.test for each in answered])
    rng = np.random.default_rng(0)
    rows = np.concatenate([adapted(each, table.speakers[each.test], heard, rng) for each in answered])
    fold = np.concatenate([np.full(len(each.test), number) for number, each in enumerate(answered)])
    labels = examples(table)[1]
    return report(
        rows,
        labels[tested],
        table.speakers[tested],
        table.classes,
        protocol="emobox" if len(answered) > 1 else "speaker",
        folds=len(answered),
        seed=0,
        fold=fold if len(answered) > 1 else None,
        aspects={"sex": table.sexes[tested]},
    )


def adapted(each: Answers, speakers: NDArray[np.str_], heard: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Probabilities after adaptation."""
    rows = each.probabilities
    if heard == "session":
        return Adaptation(each.centre).adapted_together(rows)
    if heard == "none":
        return rows
    out = np.empty_like(rows)
    for speaker in np.unique(speakers):
        own = np.flatnonzero(speakers == speaker)
        if heard == "others":
            out[own] = Adaptation(each.centre).adapted_together(rows[own])
            continue
        for clip in own:
            others = own[own != clip]
            voice = Adaptation(each.centre)
            voice.hear(rows[rng.choice(others, min(HEARD, len(others)), replace=False)])
            out[clip] = voice.adapted(rows[clip][None])[0]
    return out


def row(figure: str, found: Report) -> dict[str, str]:
    """A line of the table."""
    named = found.probabilities.argmax(axis=1)
    sexes = found.aspects.get("sex")
    gap = None
    if sexes is not None and len(sexes):
        gap = gap_between_sexes(found.truth, named, found.speakers, sexes, len(found.emotions), seed=0)
    return {
        "figure": figure,
        "UAR": str(found.scores["uar"]),
        "accuracy": str(found.scores["accuracy"]),
        "ECE": f"{found.scores['ece'].value:.3f}",
        "women − men": "–" if gap is None else f"{100 * gap.value:+.1f}",
        "chance": f"{100 * found.chance:.1f} %",
        "goal": GOALS.get(figure, "–"),
    }


def table_of(
    name: str, place: Path, features: tuple[str, ...], copies: tuple[str, ...], keep: Path | None
) -> FeatureTable:
    """The features of a corpus, computed or kept."""
    file = keep / f"{name}-{'-'.join(features)}.npz" if keep else None
    if file is not None and file.exists():
        return FeatureTable.load(file).with_copies(copies)
    print(f"… {', '.join(features)} of {name}", file=sys.stderr, flush=True)
    table = extract(corpora.open(f"{name}:{place}"), features, copies=copies)
    if file is not None:
        table.save(file)
    return table


def arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ravdess", type=Path, nargs="?", default=corpora.find("ravdess"))
    parser.add_argument("emodb", type=Path, nargs="?", default=corpora.find("emodb"))
    parser.add_argument("--quick", action="store_true", help="one fold, minutes")
    parser.add_argument("--keep", type=Path, help="keep feature tables here")
    parser.add_argument("--json", action="store_true", help="print one JSON object a row")
    given = parser.parse_args()
    if given.ravdess is None or (given.emodb is None and not given.quick):
        parser.error(
            "needs RAVDESS and EMO-DB: name their archives, or fetch them: speech-emotion corpus fetch ravdess"
        )
    return given


if __name__ == "__main__":
    main()
