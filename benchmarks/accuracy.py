"""The prototype's classifier on RAVDESS, with the speakers shuffled and with speakers never heard.

Mel, chroma and MFCC means, standardised, and a multilayer perceptron of 300 units; five folds; intervals over speakers.
The random split is what this field usually reports; the difference is what a new voice loses.

    python benchmarks/accuracy.py [ARCHIVE] [--json]
"""

from __future__ import annotations

import json

import measuring
from speech_emotion.corpora import ravdess
from speech_emotion.emotions import CALM4
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.features.extract import extract
from speech_emotion.training.families import family

KNOWN = {("4", "random"): "≈ 80 %", ("4", "speaker"): "≈ 55 %", ("8", "speaker"): "≈ 38 %"}


def main() -> None:
    given = measuring.arguments(__doc__)
    table = extract(ravdess.read(given.archive))
    for task, part in {"4": table.select(CALM4), "8": table}.items():
        for protocol in ("random", "speaker"):
            report = evaluate(family("mlp").build(seed=0), part, protocol, seed=0)
            uar, accuracy = (report.scores[name] for name in ("uar", "accuracy"))
            row = {
                "figure": f"{task} emotions, {'random split' if protocol == 'random' else 'new speakers'}",
                "UAR": str(uar),
                "accuracy": str(accuracy),
                "chance": f"{100 * report.chance:.1f} %",
                "known": KNOWN.get((task, protocol), "–"),
            }
            print(json.dumps(row) if given.json else "  ".join(row.values()), flush=True)


if __name__ == "__main__":
    main()
