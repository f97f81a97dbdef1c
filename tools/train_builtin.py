"""Train the built-in models and put them, with their origin and checksums, into the package.

    python tools/train_builtin.py [NAME…] [--keep FOLDER]

Without names all are trained. ``--keep`` keeps feature tables, which take minutes. Same recordings, same libraries,
same bytes. The scores in a card are of models that had not heard the speakers they were tested on; the shipped weights
are then fitted on all speakers.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

import speech_emotion as se
from speech_emotion.features.defaults import AS_IN_LIFE, CLASSIC
from speech_emotion.models import bundle

FOLDER = Path(bundle.__file__).with_name("builtin")


@dataclass(frozen=True)
class Recipe:
    """How a built-in model is made.

    Attributes:
        what: in a few words.
        corpus: that it learns from.
        family: of classifiers.
        features: that it reads.
        copies: of the training clips, that it learns from as well.
        sure_at: the accuracy wanted of its answers on new speakers; None answers always.
        clips: how many of the test clips are also degraded, for its card.
    """

    what: str
    corpus: str
    family: str
    features: tuple[str, ...]
    copies: tuple[str, ...] = ()
    sure_at: float | None = None
    clips: int = 192


RECIPES = {
    "tone": Recipe("the default: small and fast", "ravdess", "ridge", ("tone",), AS_IN_LIFE, sure_at=0.8),
    "tone-large": Recipe("the most accurate on RAVDESS", "ravdess", "ridge", ("tone-large",), AS_IN_LIFE, sure_at=0.8),
    "tone-free": Recipe("free to use: four emotions", "emodb", "ridge", ("tone",), AS_IN_LIFE, sure_at=0.9),
    "classic": Recipe("the prototype's features and network", "ravdess", "mlp", CLASSIC),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(RECIPES), metavar="NAME", help=", ".join(RECIPES))
    parser.add_argument("--keep", type=Path, help="keep feature tables here; not those of other encoders")
    given = parser.parse_args()
    for name in given.names:
        recipe = RECIPES[name]
        model = se.train(
            table_of(recipe, given.keep),
            family=recipe.family,
            seed=0,
            sure_at=recipe.sure_at,
            degraded=True,
            clips=recipe.clips,
            name=name,
        )
        model.save(FOLDER / f"{name}{bundle.SUFFIX}")
        for protocol, scores in model.provenance.scores.items():
            print(name, protocol, {metric: round(score["value"], 3) for metric, score in scores.items()}, flush=True)
    (FOLDER / "README.md").write_text(readme(), encoding="utf-8")


def table_of(recipe: Recipe, keep: Path | None) -> se.FeatureTable:
    """The features that a recipe learns from, computed or kept."""
    file = keep / f"{'-'.join([recipe.corpus, *recipe.features, *recipe.copies])}.npz" if keep else None
    if file is not None and file.exists():
        return se.FeatureTable.load(file)
    table = se.extract(se.corpora.open(recipe.corpus), recipe.features, copies=recipe.copies)
    if file is not None:
        table.save(file)
    return table


def readme() -> str:
    """What there is, where it comes from, under which licence, and its checksum."""
    rows, origins = [], {}
    for name in bundle.builtin_names():
        file = FOLDER / f"{name}{bundle.SUFFIX}"
        made = bundle.verify(name).provenance
        data = file.read_bytes()
        rows.append(
            f"| `{file.name}` | {RECIPES[name].what} | {len(data):,} | {made.family} on "
            f"{', '.join(RECIPES[name].features)} | {', '.join(origin.name for origin in made.origins)}: "
            f"{made.utterances} utterances | {made.licence} | `{hashlib.sha256(data).hexdigest()}` |"
        )
        origins |= {origin.name: origin for origin in made.origins}
    cited = "\n\n".join(f"{origin.name}: {origin.citation} <{origin.homepage}>" for origin in origins.values())
    return (
        "# Built-in models\n\n"
        "Trained by `python tools/train_builtin.py`. A licence is that of the recordings that weights derive from.\n\n"
        "| file | what | bytes | trained | on | licence | SHA-256 |\n|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\n{cited}\n"
    )


if __name__ == "__main__":
    main()
