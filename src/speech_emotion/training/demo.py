"""The whole road on one corpus: features, honest scores, a short search, one prediction, a page.

The clip that is predicted at the end is by a speaker whom the search had not heard.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..corpora.utterance import Corpus
from ..emotions import CALM4
from ..errors import TrainingError, counted
from ..evaluation.figures import confusion_png
from ..evaluation.fitting import require
from ..evaluation.quick_check import length_warning
from ..evaluation.report import Page, write
from ..evaluation.side_by_side import Step, silent, study
from ..evaluation.study import Study
from ..features.defaults import CLASSIC
from ..features.extract import extract, forget
from ..features.table import FeatureTable
from ..models.prediction import Prediction
from ..writing import writable
from .families import family
from .leaderboard import SearchResult
from .search import parse_budget, search
from .trial import Trial

FAMILY = "mlp"
"""The prototype's classifier."""


@dataclass(frozen=True, slots=True, eq=False)
class Demonstration:
    """What the road led to.

    Attributes:
        table: the features.
        seconds: what reading, resampling and measuring all recordings took.
        studies: random split beside new speakers, for each task.
        result: of the search.
        clip: the recording that was predicted.
        truth: its emotion.
        speaker: who speaks it; one of ``result.test_speakers``.
        prediction: what the best model hears.
        page: the HTML report.
        picture: the confusion matrix.
    """

    table: FeatureTable
    seconds: float
    studies: tuple[Study, ...]
    result: SearchResult
    clip: str
    truth: str
    speaker: str
    prediction: Prediction
    page: Path
    picture: Path


def demonstrate(
    corpus: Corpus,
    folder: Path,
    *,
    budget: str | float = "60s",
    seed: int = 0,
    workers: int | None = None,
    repeat: str = "",
    warning: str = "",
    step: Step = silent,
) -> Demonstration:
    """Walk the whole road, and leave a page, a picture, the features and the models in a folder.

    Args:
        corpus: recordings of three speakers or more.
        folder: where to leave everything; made where it is missing.
        budget: time for the search, as in :func:`speech_emotion.training.search.search`.
        seed: of everything random.
        workers: processes; None takes all cores.
        repeat: the command that does this again, for the page.
        warning: what the page must say first.
        step: who is told of each step.

    Raises:
        TrainingError: if there are fewer than three speakers.
        SpeechEmotionError: whatever a step refuses.
    """
    require("the demo")
    seconds_to_search = parse_budget(budget)
    if len(corpus.speakers) < 3:
        raise TrainingError(f"the demo needs 3 speakers or more, and {corpus.name} has {len(corpus.speakers)}")
    writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    parts = folder / "features.npz.parts"
    with step(f"reading {len(corpus)} recordings at 16 kHz: mel, chroma, MFCC") as progress:
        table = extract(corpus, CLASSIC, workers=workers, resume=parts, progress=progress)
    seconds = time.perf_counter() - begun
    table.save(folder / "features.npz")
    forget(parts)
    tasks = _tasks(table)
    studies = []
    for task, part in tasks.items():
        found = study(
            family(FAMILY).build(seed=seed),
            part,
            beside=("random",),
            seed=seed,
            workers=workers,
            step=lambda line, task=task: step(f"{family(FAMILY).summary}, {task}: {line}"),  # type: ignore[misc]
        )
        leaks = found.leaks
        if part is not table:  # all else is told of the whole table
            leaks = tuple(f"among the {task}, {line}" for line in [length_warning(part, seed=seed)] if line)
        studies.append(replace(found, about=(), left_out={}, leaks=leaks))  # the page tells the rest once
    task, part = next(iter(tasks.items()))
    with step(f"searching for a better model of {task} for {budget}") as progress:
        begun_search = time.monotonic()

        def elapsed(trial: Trial) -> None:
            progress(min(round(time.monotonic() - begun_search), round(seconds_to_search)), round(seconds_to_search))

        result = search(
            part, "evolution", budget=budget, folder=folder / "models", seed=seed, workers=workers, on_trial=elapsed
        )
    row = int(np.flatnonzero(part.speakers == result.test_speakers[0])[0])
    clip, truth = str(part.paths[row]), str(part.emotions[row])
    prediction = result.best.recognize(clip)
    picture, page = folder / "confusion.png", folder / "report.html"
    confusion_png(studies[0].honest, picture)
    shown = Demonstration(
        table,
        seconds,
        tuple(studies),
        result,
        clip,
        truth,
        str(part.speakers[row]),
        prediction,
        page,
        picture,
    )
    write(_page(corpus, shown, repeat, warning), page)
    return shown


def search_lines(result: SearchResult) -> list[str]:
    """What a search found, in words: what was tried, what won, and what it is worth."""
    joined = result.ensemble if result.joined else None
    alone = result.kept[0]
    best = joined or alone
    name = f"{alone.candidate.family} on {', '.join(alone.candidate.features)}"
    if joined:
        name = f"an ensemble of {len(joined.members)} of them"
    outer = best.outer or {}
    own, others = (counted(len(voices), "speaker") for voices in (result.development_speakers, result.test_speakers))
    lines = [
        f"{len(result.leaderboard)} models were tried and judged on {own}. Taken is {name}: UAR "
        f"{best.inner['uar']} among these speakers."
    ]
    if "uar" in outer:
        lines.append(
            f"On {others} that no choice saw its UAR is {outer['uar']}; chance is {100 * result.chance:.1f} %. Those "
            "are a few of the speakers that the table is of, by themselves: the two do not compare."
        )
    return lines


def _tasks(table: FeatureTable) -> dict[str, FeatureTable]:
    """The prototype's four emotions first, where the corpus has them, then all."""
    everything = {f"{len(table.classes)} emotions": table}
    if set(CALM4) < set(table.classes):
        return {"4 emotions": table.select(CALM4), **everything}
    return everything


def _not_used(corpus: Corpus, table: FeatureTable) -> str:
    counts = {**corpus.left_out, "could not be read": len(table.failures)}
    return ", ".join(f"{count} {reason}" for reason, count in counts.items() if count) or "nothing"


def _page(corpus: Corpus, shown: Demonstration, repeat: str, warning: str) -> Page:
    table = shown.table
    about = [
        ("Recordings", f"{corpus.name}: {len(table)} utterances, {len(set(table.speakers))} speakers"),
        ("Licence", corpus.licence),
        ("To cite", corpus.citation),
        ("Not used", _not_used(corpus, table)),
        ("Features", f"{', '.join(table.config.features)}: {len(table.columns)} numbers an utterance"),
        ("Time for them", f"{shown.seconds:.1f} s"),
        ("Classifier of the table", family(FAMILY).summary),
        ("Split", f"{shown.studies[0].honest.folds} folds, seed {shown.result.seed}"),
    ]
    return Page(
        title=f"Emotions in {corpus.name}",
        about=about,
        studies=shown.studies,
        winner=search_lines(shown.result),
        heard=(shown.clip, shown.truth, shown.prediction.scores),
        repeat=repeat,
        warning=warning,
    )
