"""How right the models are, on voices that they have heard and on new ones.

The prototype's classifier (mel, chroma and MFCC means, a multilayer perceptron of 300 units), and the recipes of the
built-in models: ridge regression on the tone encoders' layers, learnt from each clip also slower, faster, in another
room and microphone, over a telephone, among other voices and in noise. Every recipe is fitted anew for each fold,
calibration and adaptation's starting point included; nothing is chosen by a test speaker. ``after 10 clips``: adapted
to ten other clips of the same speaker, drawn at random, their emotions unknown; ``after all``: to all of the others;
``session``: to all other clips of the test.

    python benchmarks/accuracy.py [RAVDESS] [EMODB] [--quick] [--keep FOLDER] [--json]

``--quick`` is the first of the six folds, with the small encoder and without copies.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speech_emotion import corpora
from speech_emotion.emotions import CALM4
from speech_emotion.evaluation.breakdown import gap_between_sexes
from speech_emotion.evaluation.evaluate import Report, evaluate, report
from speech_emotion.evaluation.fitting import Fold, answer, examples
from speech_emotion.evaluation.protocols import folds_of
from speech_emotion.evaluation.together import together
from speech_emotion.features.defaults import AS_IN_LIFE, CLASSIC
from speech_emotion.features.extract import extract
from speech_emotion.features.table import FeatureTable
from speech_emotion.training.families import family
from speech_emotion.training.train import recipe

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
    table = extract(corpora.open(f"ravdess:{given.ravdess}"), ["tone"], copies=())
    train, test = folds_of("emobox", table, 6, 0)[0]
    found = answer(Fold(recipe("ridge"), *examples(table), train, test, len(table.classes), table.speakers))
    yield row("tone, emobox, first fold", scored(found.probabilities, table, test))


def every(given: argparse.Namespace) -> Iterator[dict[str, str]]:
    """All rows of the table."""
    classic = table_of("ravdess", given.ravdess, CLASSIC, (), given.keep)
    for task, part in {"4": classic.select(CALM4), "8": classic}.items():
        for protocol, how in {"random": "random split", "speaker": "new speakers"}.items():
            yield row(f"{task} emotions, {how}", evaluate(family("mlp").build(seed=0), part, protocol, seed=0))
    calibrated, plain = (recipe("ridge", calibrate=each, copies=len(AS_IN_LIFE)) for each in (True, False))
    for name in ("tone", "tone-large"):
        ravdess = table_of("ravdess", given.ravdess, (name,), AS_IN_LIFE, given.keep)
        emodb = table_of("emodb", given.emodb, (name,), AS_IN_LIFE, given.keep)
        found = evaluate(calibrated, ravdess, "emobox", adapt=(HEARD, "all"))
        for heard, how in {"": "", str(HEARD): f", after {HEARD} clips", "all": ", after all"}.items():
            yield row(f"{name}, emobox{how}", found.adapted.get(heard, found))
        yield row(f"{name}, random split", evaluate(plain, ravdess, "random"))
        four = ravdess.select(CALM4)
        yield row(f"4 emotions, {name}, new speakers", evaluate(plain, four, "emobox"))
        yield row(f"4 emotions, {name}, random split", evaluate(plain, four, "random"))
        yield row(f"EMO-DB, {name}, new speakers", evaluate(plain, emodb, "loso"))
        both, _ = together([ravdess, emodb], FOUR)
        found = evaluate(calibrated, both, "corpus", adapt=("session", "all"))
        for tested, how in {"emodb": "RAVDESS → EMO-DB", "ravdess": "EMO-DB → RAVDESS"}.items():
            for heard, adapted in {"": "", "session": ", session", "all": ", speaker, after all"}.items():
                probabilities, rows = (
                    found.adapted.get(heard, found).probabilities,
                    np.flatnonzero(both.corpora == tested),
                )
                yield row(f"{how}, {name}{adapted}", scored(probabilities[rows], both, rows))


def scored(probabilities: NDArray[np.float64], table: FeatureTable, rows: NDArray[np.intp]) -> Report:
    """The scores of some rows of a table."""
    return report(
        probabilities,
        examples(table)[1][rows],
        table.speakers[rows],
        table.classes,
        protocol="speaker",
        folds=1,
        seed=0,
        aspects={"sex": table.sexes[rows]},
    )


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
    name: str,
    place: Path,
    features: tuple[str, ...],
    copies: tuple[str, ...],
    keep: Path | None,
    statistics: tuple[str, ...] = ("mean",),
) -> FeatureTable:
    """The features of a corpus, computed or kept."""
    file = keep / f"{name}-{'-'.join([*features, *statistics[1:], *copies])}.npz" if keep else None
    if file is not None and file.exists():
        return FeatureTable.load(file)
    print(f"… {', '.join(features)} of {name}", file=sys.stderr, flush=True)
    table = extract(corpora.open(f"{name}:{place}"), features, copies=copies, statistics=statistics)
    if file is not None:
        table.save(file)
    return table


def arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ravdess", type=Path, nargs="?", default=corpora.find("ravdess"))
    parser.add_argument("emodb", type=Path, nargs="?", default=corpora.find("emodb"))
    parser.add_argument("--quick", action="store_true", help="one fold, minutes")
    parser.add_argument("--keep", type=Path, help="keep feature tables here; not those of other encoders")
    parser.add_argument("--json", action="store_true", help="print one JSON object a row")
    given = parser.parse_args()
    if given.ravdess is None or (given.emodb is None and not given.quick):
        parser.error(
            "needs RAVDESS and EMO-DB: name their archives, or fetch them: speech-emotion corpus fetch ravdess"
        )
    return given


if __name__ == "__main__":
    main()
