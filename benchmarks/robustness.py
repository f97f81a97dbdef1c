"""What worse sound leaves of a model on RAVDESS's eight emotions and new speakers; rewrites docs/robustness.md.

Mel, chroma and MFCC means and support vector machines, fitted on recordings as they are and tested on degraded ones;
five folds; intervals over speakers. Without ``--clips``, four clips of each emotion of each speaker are tested.

    python benchmarks/robustness.py [ARCHIVE] [--clips N] [--json]
"""

from __future__ import annotations

import json
from pathlib import Path

import measuring
from run import between, table, write
from speech_emotion.corpora import ravdess
from speech_emotion.evaluation.intervals import Score
from speech_emotion.evaluation.robustness import robustness
from speech_emotion.training.families import family

PAGE = Path(__file__).resolve().parent.parent / "docs" / "robustness.md"


def main() -> None:
    given = measuring.arguments(__doc__, clips=768)
    found = robustness(family("svm").build(seed=0), ravdess.read(given.archive), seed=0, clips=given.clips)
    rows = [told("as it is", found.clean, None, None, found.clean_sex_gap)]
    for row in found.rows:
        rows.append(told(row.title, row.uar, row.drop, row.unchanged, row.sex_gap, row.missing))
    for row in rows:
        print(json.dumps(row) if given.json else "  ".join(row.values()), flush=True)
    if not given.json:
        text = (
            f"{found.clips} clips of {found.speakers} speakers; chance is {100 * found.chance:.1f} %.\n\n{table(rows)}"
        )
        write(PAGE, between(PAGE.read_text(encoding="utf-8"), "robustness", text))


def told(
    condition: str,
    uar: Score | None,
    drop: Score | None,
    unchanged: Score | None,
    gap: Score | None,
    missing: str = "",
) -> dict[str, str]:
    return {
        "condition": condition,
        "UAR": str(uar) if uar else missing,
        "lost, in points": points(drop),
        "same answer": str(unchanged) if unchanged else "–",
        "women less men, in points": points(gap),
    }


def points(score: Score | None) -> str:
    """A difference of two scores as people read it: ``+5.1 (-2.0 to +12.3)``."""
    if score is None:
        return "–"
    return f"{100 * score.value:+.1f} ({100 * score.low:+.1f} to {100 * score.high:+.1f})"


if __name__ == "__main__":
    main()
