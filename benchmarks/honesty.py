"""The same models under every protocol: what a random split says, and what is true of new voices and other recordings.

RAVDESS with eight emotions and with the prototype's four, and EMO-DB; the default features with a neural network and
with support vector machines, and as an outside check openSMILE's eGeMAPS and ComParE 2016 with the same support vector
machines. Each family has its defaults: nothing is chosen by the clips that test it. Where features are standardised per
speaker the row says so: that takes all clips of a tested speaker at once.

Rewrites the tables between the marks of docs/honest-scores.md. What is measured and scored is kept in a folder, so
that a run that was stopped goes on; `--fresh` forgets both, which a change of how features are measured asks for.

    python benchmarks/honesty.py [RAVDESS] [EMODB] [--keep FOLDER] [--quick] [--page PAGE] [--workers N] [--fresh]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import platformdirs

from run import PAGE as BENCHMARKS
from run import between, write
from speech_emotion import corpora
from speech_emotion.corpora.utterance import Corpus, Utterance
from speech_emotion.emotions import CALM4
from speech_emotion.evaluation.breakdown import parts
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.evaluation.intervals import Score
from speech_emotion.evaluation.resume import describe
from speech_emotion.evaluation.together import together
from speech_emotion.features.extract import extract, forget
from speech_emotion.features.table import PER_UTTERANCE, FeatureTable
from speech_emotion.training.families import family
from speech_emotion.training.per_speaker import PerSpeaker

PAGE = BENCHMARKS.parent / "honest-scores.md"
MARK = "honesty"
FOLDS = 6
"""Of `random` and `speaker`: as many as `emobox` has."""

SEED = 0
PROTOCOLS = ("random", "sentence", "speaker", "emobox")
CLASSIC = ("mel", "chroma", "mfcc")
SHARED = ("neutral", "happy", "sad", "angry")
"""Of EMO-DB; RAVDESS has them too."""


@dataclass(frozen=True)
class Recipe:
    """A row of the tables.

    Attributes:
        name: as the row says.
        features: groups.
        family: of classifiers, with its defaults.
        known: what an earlier experiment reached: UAR in percent, RAVDESS, eight emotions, six folds of speakers.
        per_speaker: whether features are standardised per speaker.
    """

    name: str
    features: tuple[str, ...]
    family: str
    known: str = "–"
    per_speaker: bool = False

    def build(self) -> Any:
        """The estimator, not fitted."""
        pipeline = family(self.family).build(seed=SEED)
        return PerSpeaker(pipeline) if self.per_speaker else pipeline


RECIPES = (
    Recipe("mel, chroma, MFCC + mlp", CLASSIC, "mlp", known="38"),
    Recipe("mel, chroma, MFCC + svm", CLASSIC, "svm"),
    Recipe("eGeMAPS + svm", ("egemaps",), "svm", known="48.5"),
    Recipe("ComParE + svm", ("compare",), "svm", known="58"),
    Recipe("eGeMAPS + svm, per speaker", ("egemaps",), "svm", known="59", per_speaker=True),
    Recipe("ComParE + svm, per speaker", ("compare",), "svm", known="66", per_speaker=True),
)

Scores = dict[str, Score]
"""The UAR by what was tested: the protocol, or where the corpora differ the tested one."""


def main() -> None:
    given = arguments()
    given.keep.mkdir(parents=True, exist_ok=True)
    recipes = [recipe for recipe in RECIPES if not (given.quick and "compare" in recipe.features)]
    groups = [group for recipe in recipes for group in recipe.features]
    ravdess, emodb = (
        measured(name, archive, groups, given) for name, archive in (("ravdess", given.ravdess), ("emodb", given.emodb))
    )
    alone = {
        "RAVDESS, eight emotions": ravdess,
        "RAVDESS, four emotions (calm, happy, fearful, disgust)": ravdess.select(CALM4),
        "EMO-DB, four emotions (neutral, happy, sad, angry)": emodb,
    }
    across = {
        "as they are": together([ravdess, emodb])[0],
        "calm read as neutral": together([ravdess, emodb], fold={"calm": "neutral"})[0],
    }
    if given.quick:
        del alone["RAVDESS, eight emotions"]
    judge = judging(given)
    blocks = [own_table(title, table, recipes, judge) for title, table in alone.items()]
    blocks.append(cross_table(across, recipes, judge))
    content = "\n\n".join(blocks)
    print(content)
    if given.page:
        write(given.page, between(given.page.read_text(encoding="utf-8"), MARK, content))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("ravdess", "emodb"):
        parser.add_argument(name, type=Path, nargs="?", default=corpora.find(name), help=f"{name}'s archive or folder")
    parser.add_argument(
        "--keep", type=Path, default=platformdirs.user_cache_path("speech-emotion") / "honesty", help="for tables"
    )
    parser.add_argument("--quick", action="store_true", help="few clips and folds, no ComParE: to see it run")
    parser.add_argument(
        "--page", type=Path, help="the page with the marks; by default the docs', and with --quick none"
    )
    parser.add_argument("--workers", type=int, help="processes; all cores if not given")
    parser.add_argument("--fresh", action="store_true", help="measure and score again what was before")
    given = parser.parse_args()
    given.page = given.page or (None if given.quick else PAGE)
    for name in ("ravdess", "emodb"):
        if getattr(given, name) is None or not getattr(given, name).exists():
            parser.error(f"needs {name}: name its archive, or fetch it: speech-emotion corpus fetch {name}")
    return given


def measured(name: str, archive: Path, groups: list[str], given: argparse.Namespace) -> FeatureTable:
    """The corpus's features, kept from the last run where that was of the same recordings."""
    corpus = corpora.open(name, archive)
    if name == "emodb":
        corpus = corpus.select(emotions=SHARED)
    if given.quick:
        corpus = few(corpus)
    file = given.keep / f"{name}{'-quick' if given.quick else ''}.npz"
    if file.exists() and not given.fresh:
        table = FeatureTable.load(file)
        if table.paths.tolist() == [utterance.path for utterance in corpus.utterances]:
            return table
    rest = given.keep / f"{file.stem}.parts"
    table = extract(corpus, groups, workers=given.workers, resume=rest, progress=lambda *done: told(name, *done))
    table.save(file)
    forget(rest)
    return table


def few(corpus: Corpus) -> Corpus:
    """One clip of each emotion by each speaker, of one sentence and another."""
    groups: dict[tuple[str, str], list[Utterance]] = {}
    for utterance in sorted(corpus.utterances, key=lambda one: (one.emotion, one.speaker)):
        groups.setdefault((utterance.emotion, utterance.speaker), []).append(utterance)
    chosen = (clips[number % len(clips)] for number, clips in enumerate(groups.values()))
    return replace(corpus, utterances=tuple(chosen))


Judge = Callable[[str, str, FeatureTable, Recipe, str], Scores]


def judging(given: argparse.Namespace) -> Judge:
    """What scores a recipe, or remembers how it scored when nothing that it depends on was different."""
    file = given.keep / f"scores{'-quick' if given.quick else ''}.jsonl"
    if given.fresh:
        file.unlink(missing_ok=True)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    known = {line["key"]: line["scores"] for line in map(json.loads, lines)}

    def judge(task: str, aspect: str, table: FeatureTable, recipe: Recipe, protocol: str) -> Scores:
        narrow, folds = table.narrow(recipe.features), 2 if given.quick else FOLDS
        rows = [getattr(narrow, name) for name in ("values", *PER_UTTERANCE)]
        key = sha256(describe([evaluate, recipe.build(), rows, protocol, folds, SEED, aspect]).encode()).hexdigest()
        if key not in known:
            told(f"{task} · {recipe.name} · {protocol}")
            report = evaluate(recipe.build(), narrow, protocol, folds=folds, seed=SEED, workers=given.workers)
            found = {part.name: part.uar for part in parts(report, aspect)} if aspect else {}
            known[key] = {name: uar.as_dict() for name, uar in {protocol: report.scores["uar"], **found}.items()}
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps({"key": key, "scores": known[key]}) + "\n")
        return {name: Score(**score) for name, score in known[key].items()}

    return judge


def own_table(title: str, table: FeatureTable, recipes: list[Recipe], judge: Judge) -> str:
    """One corpus: a row a recipe, a column a protocol."""
    eight = len(table.classes) == 8
    protocols = PROTOCOLS if table.name == "ravdess" else PROTOCOLS[:-1]

    def rows() -> Iterator[list[str]]:
        for recipe in recipes:
            cells = [
                "–"
                if recipe.per_speaker and protocol != "speaker"
                else str(judge(title, "", table, recipe, protocol)[protocol])
                for protocol in protocols
            ]
            yield [recipe.name, *cells, *([recipe.known] if eight else [])]
        chance = f"{100 / len(table.classes):.1f} %"
        yield ["chance", *([chance] * len(protocols)), *(["–"] if eight else [])]

    heads = [f"`{protocol}`" for protocol in protocols]
    return markdown(title, ["UAR", *heads, *(["`speaker`, known"] if eight else [])], rows())


def cross_table(tables: dict[str, FeatureTable], recipes: list[Recipe], judge: Judge) -> str:
    """Two corpora: a row a recipe, two columns for each way to read the labels."""
    ways = {"emodb": "RAVDESS → EMO-DB", "ravdess": "EMO-DB → RAVDESS"}

    def rows() -> Iterator[list[str]]:
        for recipe in recipes:
            scores = [
                judge(f"across, {reading}", "corpus", table, recipe, "corpus") for reading, table in tables.items()
            ]
            yield [recipe.name, *(str(found[tested]) for found in scores for tested in ways)]
        yield ["chance", *(f"{100 / len(table.classes):.1f} %" for table in tables.values() for _ in ways)]

    heads = [f"{way}, {reading}" for reading in tables for way in ways.values()]
    shared = ", ".join(next(iter(tables.values())).classes)
    return markdown(f"One corpus learnt, the other tested (`corpus`): {shared}", ["UAR", *heads], rows())


def markdown(title: str, heads: list[str], rows: Iterator[list[str]]) -> str:
    """A titled table."""
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]
    return "\n".join([f"**{title}**", "", *lines])


def told(what: str, *done: int) -> None:
    """Progress, a line, where a person or a file that they look into reads it."""
    print(what, *([f"{done[0]}/{done[1]}"] if done else []), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
