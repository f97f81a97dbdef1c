"""A model judged under several protocols at once, so that none of them is taken for the truth."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..corpora.paths import exists
from ..errors import FeatureError, SpeechEmotionError, TrainingError, UsageError
from ..features.table import FeatureTable
from ..models.model import Model
from ..workers import Progress
from .adapted import Adapt
from .evaluate import Report, evaluate
from .known import as_known_to
from .quick_check import quick_warnings
from .robustness import robustness
from .study import Side, Study

BESIDE = ("random", "speaker", "sentence", "corpus")
"""The protocols of the honest table, in its order."""

Step = Callable[[str], AbstractContextManager[Progress]]
"""Called when a step begins, with what it is; what it gives is told how far the step is."""


@contextmanager
def silent(line: str) -> Iterator[Progress]:
    """A step that nobody is told of."""
    yield lambda done, total: None


def study(
    model: Any,
    table: FeatureTable,
    protocol: str = "speaker",
    *,
    beside: Sequence[str] = BESIDE,
    subject: str = "",
    folds: int = 5,
    seed: int = 0,
    workers: int | str | None = None,
    step: Step = silent,
    allow_overlap: bool = False,
    resume: str | os.PathLike[str] | None = None,
    degraded: bool = False,
    clips: int | None = None,
    adapt: Adapt = (),
) -> Study:
    """Judge a model under a protocol and, beside it, under others.

    Under the others a calibrated recipe is judged without its calibration, which takes most of the time and changes
    no answer; but not so for new speakers.

    Args:
        model: as for :func:`speech_emotion.evaluation.evaluate.evaluate`.
        table: the recordings.
        protocol: the one that is asked for; where it does not work, that is an error.
        beside: others; where one does not work, the study says why.
        subject: the model, in words, for the page.
        folds: how many, from 2; only ``speaker`` and ``random`` heed it.
        seed: of the splits and of the intervals.
        workers: how many processes; None takes all cores; or a Dask scheduler's address.
        step: who is told of each step.
        allow_overlap: judge a saved model also on speakers that it was trained on.
        resume: a folder for finished folds.
        degraded: also ask the models about degraded recordings, which are read again. Where that fails, the study
            says why, and the rest of it stands.
        clips: how many of them to degrade; None takes all.
        adapt: also score the answers after adaptation, as for :func:`speech_emotion.evaluation.evaluate.evaluate`;
            of what is judged with its calibration.

    Raises:
        FeatureError: if they are to be degraded, and are not where the table says.
        SpeechEmotionError: whatever :func:`speech_emotion.evaluation.evaluate.evaluate` refuses of ``protocol``.
    """

    if degraded:
        require_recordings(table)

    def judged(name: str, estimator: Any, adapt: Adapt = ()) -> Report:
        with step(f"evaluating, {name}") as progress:
            return evaluate(
                estimator,
                table,
                name,
                folds=folds,
                seed=seed,
                workers=workers,
                progress=progress,
                allow_overlap=allow_overlap,
                resume=resume,
                adapt=adapt,
            )

    found = {protocol: Side(protocol, judged(protocol, model, adapt))}
    for name in beside:
        if name not in found:
            try:
                if name == "speaker":
                    found[name] = Side(name, judged(name, model, adapt))
                else:
                    found[name] = Side(name, judged(name, _answering(model)), calibrated=_answering(model) is model)
            except (TrainingError, UsageError) as error:
                found[name] = Side(name, why_not=str(error))
    order = [*BESIDE, *(name for name in found if name not in BESIDE)]
    report = found[protocol].report
    assert report is not None
    worse, reason = None, ""
    if degraded:
        by = "speaker" if protocol == "random" and found.get("speaker", Side("")).report else protocol
        with step("degraded sound") as progress:
            try:
                worse = robustness(
                    _answering(model),
                    table,
                    protocol=by,
                    folds=folds,
                    seed=seed,
                    clips=clips,
                    workers=workers,
                    progress=progress,
                    allow_overlap=allow_overlap,
                )
            except SpeechEmotionError as error:
                reason = str(error)
    known = as_known_to(model, table) if isinstance(model, Model) else table
    return Study(
        task=f"{len(report.emotions)} emotions",
        asked=protocol,
        sides=tuple(found[name] for name in order if name in found),
        robustness=worse,
        not_robust=reason,
        left_out=left_out(table),
        leaks=quick_warnings(known, seed=seed),
        about=about(known, subject, report),
    )


def require_recordings(table: FeatureTable) -> None:
    """Raise, before the work is done, where recordings that are to be read again are not where the table says.

    Raises:
        FeatureError: naming the first that is not.
    """
    away = [path for path in table.paths.tolist() if not exists(path)]
    if away:
        raise FeatureError(
            f"{len(away)} of {len(table)} recordings are not where the table says ({away[0]}, …), so their sound "
            "cannot be degraded; name the corpus instead, or leave out --robustness"
        )


def about(table: FeatureTable, subject: str, report: Report) -> tuple[tuple[str, str], ...]:
    """What scores rest on, each fact a name and a value.

    Args:
        table: what was judged: the rows and the features that the model knows.
        subject: the model, in words.
        report: of it.
    """
    seconds = float(table.durations.sum())
    facts = [
        ("Model", subject),
        *(("Recordings", _origin(origin.name, origin.licence, origin.citation)) for origin in table.origins),
        (
            "Of them judged",
            f"{len(report.truth)} clips, {seconds / 3600:.1f} hours, {len(set(report.speakers.tolist()))} speakers",
        ),
        ("Emotions", ", ".join(report.emotions)),
        (
            "Features",
            f"{', '.join(table.config.features)} ({', '.join(table.config.statistics)} over frames): "
            f"{len(table.columns)} numbers a clip",
        ),
        ("Seed", str(report.seed)),
    ]
    return tuple((name, value) for name, value in facts if value)


def left_out(table: FeatureTable) -> dict[str, int]:
    """What is not in a table, counted by reason: other files, and recordings that could not be used."""
    reasons = dict(table.left_out)
    for failure in table.failures:
        reasons[failure.reason] = reasons.get(failure.reason, 0) + 1
    return {reason: count for reason, count in reasons.items() if count}


def _origin(name: str, licence: str, citation: str) -> str:
    return ". ".join(part.rstrip(".") for part in (f"{name}, {licence}", citation) if part)


def _answering(model: Any) -> Any:
    """A recipe without what only says how sure it is."""
    return model.estimator if hasattr(model, "estimator") and hasattr(model, "sure_at") else model
