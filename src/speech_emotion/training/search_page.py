"""A search that people can look at: one HTML page that needs no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError, counted
from ..evaluation.report import interval, middle, percent, points
from ..features.table import FeatureTable
from ..features.whole import WHOLE
from ..models.card import of_few
from ..writing import replacing
from .importance import family_to_explain, importances
from .journal import best_over_time, curves, told
from .leaderboard import PAGE, SearchResult
from .proposals import BEFORE_CHILDREN
from .search_figures import front_svg, importance_svg, progress_svg
from .search_space import SearchSpace
from .trial import Trial

MOST_ANCESTORS = 12

ENDED = {
    "trials": "as many as were asked for",
    "budget": "the budget is spent",
    "until": "the score that was asked for is reached",
    "interrupted": "interrupted",
    "exhausted": "nothing was left to try",
}
"""How what ended a search is told."""

ONE_COST = 0.01
"""Costs that are less than this part apart are one."""


def write_page(result: SearchResult, table: FeatureTable) -> Path:
    """Write ``search.html`` into the search's folder, whole or not at all.

    Args:
        result: what was found.
        table: the recordings.

    Raises:
        MissingExtraError: if jinja2 or matplotlib is not installed.
    """
    try:
        from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("a report", "train") from error
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("speech_emotion.training"), PackageLoader("speech_emotion.evaluation")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, points=points, middle=middle, interval=interval)
    text = environment.get_template(PAGE).render(page=_page(result, table))
    target = result.folder / PAGE
    with replacing(target) as part:
        part.write_text(text, encoding="utf-8")
    return target


def _page(result: SearchResult, table: FeatureTable) -> dict[str, Any]:
    space = result.space or SearchSpace.of(table.config)
    trials = sorted(result.leaderboard, key=lambda trial: trial.number)
    highest = result.passed_over.trial if result.passed_over else result.leaderboard[0]
    others = curves(result.folder, result.recordings)
    own = {result.strategy: best_over_time([told(trial) for trial in trials])}
    family = family_to_explain(trials, highest)
    charts = [
        ("Over all candidates", importances(trials, space), "mattered"),
        (f"Among {family}", importances(trials, space, family), "mattered-in-family"),
    ]
    line, more = _lineage(highest, {trial.number: trial for trial in trials})
    level = _level(trials)
    return {
        "title": f"The search in {table.name}",
        "lead": _lead(result),
        "tested_on": result.tested_on,
        "parted": result.parted,
        "rows": _rows(result),
        "chance": result.chance,
        "notes": _notes(result),
        "progress": progress_svg(
            {**own, **{n: c for n, c in others.items() if c and n not in own}}, trials, result.chance
        ),
        "level": level,
        "front": "" if level else front_svg(trials, result.kept),
        "importances": [(title, importance_svg(found, name)) for title, found, name in charts if len(found) > 1],
        "lineage": line,
        "more_ancestors": more,
        "about": _about(result, space, table),
    }


def _lead(result: SearchResult) -> str:
    states = Counter(trial.state for trial in result.leaderboard)
    tried = (
        f"Tried: {counted(len(result.leaderboard), 'candidate')}, {result.trials_per_minute:.0f} a minute: "
        f"{states['whole']} judged wholly, {states['stopped']} stopped once they were clearly behind, "
        f"{states['failed']} failed."
    )
    if result.protocol == "random":
        return (
            f"{tried} They were chosen by {result.development_clips} clips; then what was kept was tested once on "
            f"{result.test_clips} that no choice saw, of voices that it had learnt. Expect that score for these voices "
            f"only. {for_a_new_voice(result)}"
        )
    return (
        f"{tried} They were chosen by {len(result.development_speakers)} speakers; then what was kept was tested once "
        f"on {len(result.test_speakers)} that no choice saw. Expect the score for new speakers: the other one chose "
        "the model, and is too kind to it."
    )


def for_a_new_voice(result: SearchResult) -> str:
    """What is to be said of new speakers beside a search for known voices."""
    if result.beside is None:
        return "What a new voice would get cannot be told from them."
    first = result.kept[0]
    return (
        f"The recipe of trial {first.number}, {first.candidate.family}, learnt anew, has a UAR of "
        f"{result.beside.scores['uar']} on new speakers, the interval being over speakers."
    )


def why_first(result: SearchResult) -> str:
    """Why the first is not the one with the highest score; empty where it is."""
    other = result.passed_over
    if other is None:
        return ""
    first, highest = result.leaderboard[0], other.trial
    return (
        f"Trial {highest.number} has the highest score, {percent(highest.inner['uar'].value)}. But the "
        f"{100 * other.ahead:.1f} points by which it is ahead of trial {first.number}, {first.candidate.family} at its "
        f"usual settings, are no more than one standard error of that difference, {100 * other.error:.1f}. So trial "
        f"{first.number} comes first of the single models: the highest of many scores is partly luck."
    )


def unevolved(result: SearchResult) -> str:
    """What is to be said where evolution had no time to begin; empty elsewhere."""
    tried = len(result.leaderboard)
    if result.strategy != "evolution" or tried > BEFORE_CHILDREN or result.stopped != "budget":
        return ""
    return (
        f"Of the first {BEFORE_CHILDREN} candidates, which are one of each family and others drawn at random, {tried} "
        f"{'was' if tried == 1 else 'were'} tried: nothing has evolved yet. Give it more time with --budget, or go on "
        "with --resume."
    )


def _rows(result: SearchResult) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    joined = result.ensemble
    if joined is not None and joined.file:
        members = ", ".join(f"trial {number} × {weight:.2f}" for number, weight in joined.members.items())
        rows.append(_row("ensemble", f"{joined.file}: {members}", joined))
    for trial in result.kept:
        candidate = trial.candidate
        name = f"{candidate.family} on {', '.join(candidate.features)}"
        front = "; on the front" if trial.front else ""
        usual = "; the family's usual settings" if trial.made == "default" else ""
        rows.append(_row(name, f"{trial.file}, trial {trial.number}: {_settings(trial)}{front}{usual}", trial))
    return rows


def _row(name: str, about: str, kept: Any) -> dict[str, Any]:
    outer = (kept.outer or {}).get("uar")
    return {
        "name": name,
        "about": about,
        "inner": kept.inner["uar"],
        "outer": outer,
        "milliseconds": kept.milliseconds,
        "size": kept.size,
    }


def _notes(result: SearchResult) -> list[str]:
    few = of_few(len(result.test_speakers)) if result.protocol == "speaker" else ""
    intervals = f"In brackets are 95 % intervals over speakers.{few}" if few else ""
    lines = [line for line in (intervals, unevolved(result), why_first(result)) if line]
    joined, whom = result.ensemble, result.parted
    if joined is not None and len(joined.members) == 1:
        lines.append("There is no ensemble: of the best candidates a single one is as good as any of them together.")
    elif joined is not None:
        how = "was kept" if joined.file else "was not kept"
        lines.append(
            f"An ensemble of {len(joined.members)} reaches {joined.inner['uar']} among the {whom} chosen by, the "
            f"single model, picked in the same way, {joined.alone['uar']}: it {how}. Both are cross-fitted: for each "
            f"fold the members, and the single model, are picked without its {whom}; so neither is too kind for having "
            "been picked, as a model's score in the table is, though the candidates themselves were found with "
            f"all of these {whom}."
        )
    if result.procedure is not None:
        procedure = result.procedure
        tested = len(set(procedure.speakers.tolist())) if result.protocol == "speaker" else len(procedure.speakers)
        lines.append(
            f"The whole search, repeated in {procedure.folds} outer folds: UAR {procedure.scores['uar']} over all "
            f"{tested} {whom}, each tested by what was chosen without it. That is "
            "what the procedure is worth, whatever it finds."
        )
    return lines


def _level(trials: Sequence[Trial]) -> str:
    """To how much the costs of all candidates are one, where a picture of them would show nothing; empty elsewhere."""
    costs = [trial.cost for trial in trials if trial.inner]
    spread = max(costs) / max(min(costs), 1) - 1
    return percent(max(spread, 0.001)) if spread < ONE_COST else ""


def _lineage(highest: Trial, trials: dict[int, Trial]) -> tuple[list[dict[str, Any]], int]:
    """A trial and its ancestors, the youngest first; and how many more there are. Empty where it has none."""
    line: list[Trial] = []
    waiting = [highest.number]
    while waiting:
        number = max(waiting)
        waiting = [each for each in waiting if each != number]
        line.append(trials[number])
        waiting += trials[number].parents
    if len(line) == 1:
        return [], 0
    shown = [
        {
            "number": trial.number,
            "recipe": f"{trial.candidate.family} on {', '.join(trial.candidate.features)}; {_settings(trial)}",
            "how": _how(trial),
            "uar": f"{100 * (trial.score or 0):.1f} %",
        }
        for trial in line[:MOST_ANCESTORS]
    ]
    return shown, len(line) - len(shown)


def _how(trial: Trial) -> str:
    words = {
        "drawn": "drawn at random",
        "default": "the family at its usual settings",
        "middle": "the family in the middle of its space",
        "proposed": "proposed by the model of the scores",
        "crossed": f"of {' and '.join(map(str, trial.parents))}",
        "mutated": f"of {', '.join(map(str, trial.parents))} alone",
    }
    return "; ".join([words[trial.made], *trial.mutations])


def _settings(trial: Trial) -> str:
    shown = {
        name: f"{value:.3g}" if isinstance(value, float) else "+".join(value) if name == "statistics" else value
        for name, value in trial.candidate.settings().items()
    }
    return ", ".join(f"{name} {value}" for name, value in shown.items())


def _about(result: SearchResult, space: SearchSpace, table: FeatureTable) -> Sequence[tuple[str, str]]:
    speakers = counted(len(set(table.speakers.tolist())), "speaker")
    framed = set(space.features) - set(WHOLE)
    copies = f", learnt also {', '.join(table.copies)}" if table.copies else ""
    return [
        ("Recordings", f"{table.name}: {len(table)} utterances, {speakers}{copies}"),
        ("Emotions", ", ".join(result.emotions)),
        ("Licence", "; ".join(f"{origin.name}: {origin.licence}" for origin in table.origins)),
        ("Features to choose from", ", ".join(space.features)),
        *([("Statistics to choose from", ", ".join(space.statistics))] if framed else []),
        ("Families", ", ".join(space.families)),
        ("Strategy", f"{result.strategy}, seed {result.seed}"),
        ("Time", f"{result.seconds:.0f} s of trials; {ENDED.get(result.stopped, result.stopped)}"),
        ("Chosen by", ", ".join(result.development_speakers)),
        ("Tested on", ("other clips of " if result.protocol == "random" else "") + ", ".join(result.test_speakers)),
    ]
