"""Train the built-in model `classic` on RAVDESS and put it, with its origin and checksum, into the package.

    python tools/train_builtin.py [CORPUS]

Same recordings, same libraries, same bytes. The scores in its card are of models that had not heard the speakers they
were tested on; the shipped weights are then fitted on all speakers.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import speech_emotion as se

TARGET = Path(__file__).resolve().parent.parent / "src" / "speech_emotion" / "models" / "builtin" / "classic.semodel"


def main() -> None:
    corpus = se.corpora.open(sys.argv[1] if len(sys.argv) > 1 else "ravdess")
    table = se.extract(corpus)
    model = se.train(table, family="mlp", seed=0, name="classic")
    model.save(TARGET)
    checksum = hashlib.sha256(TARGET.read_bytes()).hexdigest()
    (TARGET.parent / "README.md").write_text(
        "# Built-in models\n\n"
        "| file | trained by | on | licence | SHA-256 |\n|---|---|---|---|---|\n"
        f"| `{TARGET.name}` | `tools/train_builtin.py` | {corpus.name}: {len(table)} utterances | "
        f"{corpus.licence} (weights derived from the recordings) | `{checksum}` |\n\n"
        f"{corpus.name}: {corpus.citation} <{corpus.homepage}>\n",
        encoding="utf-8",
    )
    for protocol, scores in model.provenance.scores.items():
        print(protocol, {name: round(score["value"], 3) for name, score in scores.items()})
    print(TARGET, TARGET.stat().st_size, "bytes", checksum)


if __name__ == "__main__":
    main()
