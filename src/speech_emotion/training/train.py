"""One model: fitted on all recordings, and judged by others fitted on parts of them.

The scores that travel with a model are those of its recipe: models made alike, each tested on what it had not
seen.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from numbers import Integral
from pathlib import PurePath
from typing import Any

from .. import workers as pool
from ..errors import TrainingError, UsageError, require_list
from ..evaluation.breakdown import summary
from ..evaluation.clips import choose
from ..evaluation.evaluate import Report, evaluate
from ..evaluation.fitting import examples, fit, learnt
from ..evaluation.intervals import Score
from ..evaluation.protocols import folds_of
from ..evaluation.robustness import robustness
from ..evaluation.side_by_side import require_recordings
from ..features.defaults import family_of
from ..features.table import FeatureTable
from ..models.manifest import Provenance
from ..models.model import Model
from ..models.summary import Summary
from .export import SklearnClassifier
from .families import DEFAULT, FAMILIES
from .families import family as family_named

LIBRARIES = ("speech-emotion", "numpy", "scikit-learn", "skl2onnx")
"""Whose versions are written into a bundle."""


def train(
    table: FeatureTable,
    family: str | None = None,
    *,
    seed: int = 0,
    protocols: Sequence[str] = ("random", "speaker"),
    folds: int = 5,
    calibrate: bool = True,
    sure_at: float | None = None,
    degraded: bool = False,
    clips: int | None = None,
    workers: int | str | None = None,
    progress: pool.Progress | None = None,
    name: str | None = None,
    **hyperparameters: Any,
) -> Model:
    """Train one model, and judge its recipe under each protocol.

    Args:
        table: the recordings; all its rows are learnt, and its emotions are the classes.
        family: a name from :data:`speech_emotion.training.families.FAMILIES`; None is ``ridge`` for an encoder's
            features, and ``mlp`` for others.
        seed: of the model, the splits and the intervals.
        protocols: how to judge the recipe; the scores are in ``model.provenance.scores``. Empty: do not
            judge.
        folds: how many models judge the recipe, for each protocol.
        calibrate: fit a temperature, on speakers that models of inner folds have not heard. The random split is
            judged without: it changes no answer.
        sure_at: the accuracy wanted of what the model answers, from 0 to 1; of what is left it says "not sure".
            None answers always.
        degraded: also judge the recipe on degraded recordings, which are read again, for the card.
        clips: how many of them to degrade; None takes all.
        workers: how many processes, all cores if None, or a Dask scheduler's address; the model is the same.
        progress: called with models fitted and models in all.
        name: the model's; by default the family and the corpora.
        hyperparameters: the family's.

    Returns:
        The model, ready to predict or to save.

    Raises:
        UsageError: if there is no such family, hyperparameter or protocol.
        TrainingError: if the table has no rows, one emotion only or values that are not finite, or a protocol
            cannot split it: a single speaker cannot be judged by ``speaker``; or the wanted accuracy is out of
            reach.
        FeatureError: if recordings are to be degraded, and cannot be read.
    """
    require_list("protocols", protocols)
    check_seed(seed)
    family = family or family_of(table.config.features)
    values, labels = examples(table)
    hyperparameters = {**family_named(family).usual(len(table.copies)), **hyperparameters}
    built = recipe(family, seed=seed, calibrate=calibrate, sure_at=sure_at, **hyperparameters)
    check_origin(table, name)
    if degraded:
        require_recordings(table)
    steps = [len(folds_of(protocol, table, folds, seed)) for protocol in protocols]
    fitted = fit(built, *learnt(values, labels, table.speakers, tuple(table.copies.values())))
    require_answers(fitted, sure_at)
    heard = len(choose(table, clips, seed)) + max(steps, default=0) if degraded else 0
    total = 1 + sum(steps) + heard
    if progress:
        progress(1, total)
    reports: dict[str, Report] = {}
    answering = getattr(built, "estimator", built)
    for number, protocol in enumerate(protocols):
        judged = answering if protocol == "random" else built
        step = _after(progress, 1 + sum(steps[:number]), total)
        reports[protocol] = evaluate(judged, table, protocol, folds=folds, seed=seed, workers=workers, progress=step)
    honest = most_honest(protocols)
    worse = None
    if degraded and honest:
        step = _after(progress, 1 + sum(steps), total)
        worse = robustness(
            answering, table, protocol=honest, folds=folds, seed=seed, clips=clips, workers=workers, progress=step
        )
    provenance = provenance_of(
        table,
        family,
        hyperparameters,
        protocol=", ".join(protocols),
        seed=seed,
        scores={protocol: report.scores for protocol, report in reports.items()},
        report=summary(reports[honest], worse) if honest else None,
    )
    return model_of(fitted, table, provenance, name)


def recipe(
    family: str | None = None,
    *,
    seed: int = 0,
    calibrate: bool = True,
    sure_at: float | None = None,
    copies: int = 0,
    **hyperparameters: Any,
) -> Any:
    """What :func:`train` fits: a family's pipeline, calibrated unless that is unwanted.

    Args:
        family: a name from :data:`speech_emotion.training.families.FAMILIES`; None is ``ridge``.
        seed: of everything random in it.
        calibrate: fit a temperature.
        sure_at: the accuracy wanted of what is answered, from 0 to 1; None answers always.
        copies: of each clip, that are learnt as well.
        hyperparameters: in place of the family's usual ones.

    Returns:
        A scikit-learn estimator, not fitted.

    Raises:
        UsageError: if there is no such family or hyperparameter, or ``sure_at`` is no fraction or goes without
            calibration.
    """
    named = family_named(family or DEFAULT)
    pipeline = named.build(seed=seed, **{**named.usual(copies), **hyperparameters})
    if sure_at is not None and not 0 < sure_at < 1:
        raise UsageError(f"a wanted accuracy is above 0 and below 1, not {sure_at:g}: 0.9")
    if not calibrate:
        if sure_at is not None:
            raise UsageError("a wanted accuracy needs calibration; leave out --no-calibrate")
        return pipeline
    from .calibrated import Calibrated

    return Calibrated(pipeline, sure_at=sure_at, seed=seed)


def described(family: str | None = None, calibrate: bool = True, sure_at: float | None = None, copies: int = 0) -> str:
    """A recipe in words: ``lda: linear discriminants …; calibrated on inner speakers``.

    Args:
        family: a name from :data:`speech_emotion.training.families.FAMILIES`.
        calibrate: whether a temperature is fitted.
        sure_at: the accuracy wanted of what is answered.
        copies: of each clip, that are learnt as well.
    """
    named = family_named(family or DEFAULT)
    settings = ", ".join(f"{name} {value}" for name, value in named.usual(copies).items())
    more = "calibrated on inner speakers" if calibrate else "not calibrated"
    wanted = "" if sure_at is None else f", to be right in {sure_at:.0%} of its answers"
    return f"{named.name}: {named.summary} ({settings}); {more}{wanted}"


def model_of(fitted: Any, table: FeatureTable, provenance: Provenance, name: str | None = None) -> Model:
    """The model that a pipeline, fitted on this table, makes; calibrated if that is."""
    pipeline = getattr(fitted, "fitted_", fitted)
    return Model(
        classifier=SklearnClassifier(pipeline, recipe=fitted),
        emotions=table.classes,
        config=table.config,
        provenance=provenance,
        name=name or f"{provenance.family}-{table.name}",
        temperature=getattr(fitted, "temperature_", 1.0),
        sure_above=getattr(fitted, "sure_above_", 0.0),
        centre=getattr(fitted, "centre_", ()),
    )


def provenance_of(
    table: FeatureTable,
    family: str,
    hyperparameters: Mapping[str, Any],
    *,
    protocol: str,
    seed: int,
    scores: Mapping[str, Mapping[str, Score]],
    report: Summary | None = None,
) -> Provenance:
    """How a model was made from this table, for its manifest."""
    return Provenance(
        family=family,
        hyperparameters={**family_named(family).defaults, **hyperparameters},
        origins=table.origins,
        speakers=tuple(sorted(set(table.speakers.tolist()))),
        utterances=len(table),
        utterances_sha256=fingerprint(table),
        protocol=protocol,
        seed=seed,
        scores={by: {name: score.as_dict() for name, score in each.items()} for by, each in scores.items()},
        report=report,
        versions={
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    )


def check_origin(table: FeatureTable, name: str | None = None) -> None:
    """Raise, before the work is done, where a bundle could not name the model, its emotions or its speakers.

    Raises:
        BundleError: naming what it cannot hold.
    """
    made = provenance_of(table, next(iter(FAMILIES)), {}, protocol="", seed=0, scores={})
    model_of(None, table, made, name)


def fingerprint(table: FeatureTable) -> str:
    """SHA-256 over the sorted file names, emotions and speakers: the same wherever the files lie."""
    rows = zip(table.paths.tolist(), table.emotions.tolist(), table.speakers.tolist(), strict=True)
    lines = sorted("\t".join([PurePath(path.replace("\\", "/")).name, *labels]) for path, *labels in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def check_seed(seed: int) -> None:
    """Raise where a seed is not one that every library takes."""
    if not (isinstance(seed, Integral) and 0 <= seed < 2**32):
        raise UsageError(f"seed must be a whole number from 0 to {2**32 - 1}, not {seed!r}")


def require_answers(fitted: Any, sure_at: float | None) -> None:
    """Refuse a calibrated classifier that would answer "not sure" to everything.

    Raises:
        TrainingError: if it would, to be right as often as was asked.
    """
    if sure_at is not None and fitted.coverage_ == 0:
        raise TrainingError(
            f"no confidence makes {sure_at:.0%} of the answers right for new speakers; ask for less (--sure-at), or "
            "for other features"
        )


def most_honest(protocols: Iterable[str]) -> str | None:
    """The protocol that a model's card goes by: new speakers first, the random split last; None of none."""
    order = ("speaker", "loso", "emobox", "corpus", "sentence", "random")
    return min(protocols, key=lambda name: order.index(name) if name in order else len(order), default=None)


def _after(progress: pool.Progress | None, before: int, total: int) -> pool.Progress | None:
    if progress is None:
        return None
    return lambda done, _: progress(before + done, total)
