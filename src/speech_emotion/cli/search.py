"""``search``: many models tried, the best saved."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .recordings import Cluster, hands, is_table, status, table_of
from .scores import brackets, percent, say_licence
from .terminal import output, say, warn, words

if TYPE_CHECKING:
    from rich.table import Table

    from ..features.table import FeatureTable
    from ..training.leaderboard import SearchResult
    from ..training.trial import Trial
    from ..workers import Workers

OVER_CLIPS = "In brackets: 95 % intervals, by bootstrap over clips."

SHOWN = 10
"""Rows of the live leaderboard."""


def search(
    corpus: Annotated[
        str, typer.Argument(help="A name (ravdess), a path or name:path; or a table from extract (.npz).")
    ],
    *,
    strategy: Annotated[str, typer.Option(help="How candidates are proposed: evolution, random or tpe.")] = "evolution",
    budget: Annotated[
        str | None,
        typer.Option(
            help="Time for the trials: 90s, 5m, 1h.  [default: 5m without --trials and --until]", show_default=False
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="How many candidates to try in all.")] = None,
    until: Annotated[
        float | None, typer.Option(help="Stop at this UAR among the recordings to choose by: above 0, at most 1.")
    ] = None,
    keep: Annotated[int, typer.Option(min=1, help="How many of the best to save, the best single one first.")] = 5,
    models_dir: Annotated[
        Path, typer.Option(help="For the models and leaderboard.csv; an earlier search's there are replaced.")
    ] = Path("models"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search that is in --models-dir.")] = False,
    protocol: Annotated[
        str, typer.Option(help="speaker: for new voices; random: for these voices only, parted clip by clip.")
    ] = "speaker",
    outer: Annotated[
        int | None, typer.Option(min=2, help="Repeat all of it in so many outer folds, to score the search itself.")
    ] = None,
    space: Annotated[Path | None, typer.Option(help="What may be tried, in a TOML file.")] = None,
    families: Annotated[
        str | None, typer.Option(help="Only these families, by comma.  [default: all; ridge,lda with tone, tone-large]")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="Groups to choose from, by comma.  [default: tone; mel,chroma,mfcc with --families other than ridge "
            "and lda, or --statistics; of a table, all]",
            show_default=False,
        ),
    ] = None,
    statistics: Annotated[
        str | None,
        typer.Option(
            help="Over frames, to choose from, by comma; tone has none.  [default: mean,std,slope,delta,p10,p50,p90; "
            "of a table, all]",
            show_default=False,
        ),
    ] = None,
    emotions: Annotated[str | None, typer.Option(help="Only these emotions, by comma.")] = None,
    copies: Annotated[
        str | None,
        typer.Option(
            help="Learn each clip also changed so, by comma: slower,faster,noise,room,…; or none.  "
            "[default: slower,faster; of a table, all]",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
    cluster: Cluster = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Try many models, save the best, and test those on speakers (--protocol random: clips) that no choice saw.

    Feature groups, statistics, scalings, families and hyperparameters are tried. Ctrl-C, a termination signal and a
    budget that runs out end the trying; what was found is then tested and saved. A second Ctrl-C ends that, too; and
    after that, or a kill, --resume goes on.
    """
    from ..errors import UsageError
    from ..evaluation.quick_check import quick_warnings
    from ..training.journal_file import SUFFIX
    from ..training.leaderboard import FILE
    from ..training.locked import check_protocol
    from ..training.proposals import check_names
    from ..training.search import check_until, parse_budget
    from ..training.search import search as find
    from ..writing import writable

    if budget is None and trials is None and until is None:
        budget = "5m"
    seconds = parse_budget(budget)
    check_until(until)
    check_names(strategy, words(families))
    check_protocol(protocol)
    writable(models_dir)
    if resume and not (models_dir / f"{strategy}{SUFFIX}").exists():
        if others := sorted(path.stem for path in models_dir.glob(f"*{SUFFIX}")):
            raise UsageError(
                f"{models_dir} holds no search by {strategy} to go on with, but by {', '.join(others)}: give "
                f"--strategy {others[0]}, or name another folder"
            )
        say(f"note: no search by {strategy} in {models_dir} to go on with; this is a new one")
    elif not resume and (models_dir / FILE).exists():
        say(f"note: with the first trial this search takes the place of the one in {models_dir}")
    who = hands(workers, cluster)
    table = _table(
        corpus, words(features), words(statistics), words(emotions), words(copies), words(families), space, who
    )
    say_licence(table.origins)
    if protocol == "random":  # what is there twice may be on both sides
        for line in quick_warnings(table, seed=seed):
            warn(line)
    board = _Board(time.monotonic() + seconds, trials)
    with board.shown():
        result = find(
            table,
            strategy,
            budget=budget,
            trials=trials,
            until=until,
            keep=keep,
            folder=models_dir,
            seed=seed,
            workers=who,
            families=words(families),
            space=space,
            protocol=protocol,
            outer=outer,
            resume=resume,
            on_trial=board.add,
            progress=board.test,
        )
    if result.stopped == "interrupted":
        say(f"interrupted after {len(result.leaderboard)} trials; what was found is kept, and --resume goes on")
    if as_json:
        print(json.dumps(result.as_dict(), indent=2, ensure_ascii=False))
    else:
        _show(result)
    lost = [trial for trial in result.leaderboard if trial.inner and trial.error]
    for trial in lost:
        warn(f"the model of trial {trial.number} was not saved: {trial.error}; --resume tries again")
    if status((corpus, table)) or lost:
        raise typer.Exit(1)


def _table(
    corpus: str,
    features: Sequence[str] | None,
    statistics: Sequence[str] | None,
    emotions: Sequence[str] | None,
    copies: Sequence[str] | None,
    families: Sequence[str] | None,
    space: Path | None,
    who: Workers,
) -> FeatureTable:
    """What to choose from: of a table all that it has, of recordings more than one model needs."""
    from ..features.config import FeatureConfig
    from ..features.defaults import QUICK_OF_THOUSANDS, SEARCHED, TEMPI, features_of
    from ..training.search_space import SearchSpace, naming, read

    changes = read(space) if space else None
    if not is_table(corpus):
        other = next((family for family in families or () if family not in QUICK_OF_THOUSANDS), None)
        features = features or features_of(other, statistics)
        statistics, copies = statistics or SEARCHED, copies or TEMPI
        with naming(space):  # before minutes are spent
            SearchSpace.of(FeatureConfig(tuple(features), tuple(statistics)), families, changes)
    return table_of(corpus, features, statistics, emotions, who, copies)


class _Board:
    """The live leaderboard, on a terminal only."""

    def __init__(self, end: float, trials: int | None) -> None:
        self._end = end
        self._most = trials
        self._trials: list[Trial] = []
        self._stage = ""

    def add(self, trial: Trial) -> None:
        if self._trials and trial.number <= self._trials[-1].number:  # the search of an outer fold begins
            self._trials.clear()
            self._stage = ""
        self._trials.append(trial)

    def test(self, done: int, total: int) -> None:
        self._stage = f"; testing the best on what no choice saw: {done} of {total}"

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True, highlight=False)
        with Live(console=console, get_renderable=self._table, refresh_per_second=2, transient=True):
            yield

    def _table(self) -> Table:
        from rich.table import Table

        from ..training.leaderboard import by_score

        failed = sum(trial.state == "failed" for trial in self._trials)
        title = f"{len(self._trials)}{f' of {self._most}' if self._most else ''} trials"
        if failed:
            title += f", {failed} failed"
        if self._end < float("inf") and not self._stage:
            title += f", {max(0, round(self._end - time.monotonic()))} s left"
        table = Table(
            *("", "family", "features", "UAR, chosen by", "seconds"),
            box=None,
            title=f"{title}{self._stage}",
            title_justify="left",
        )
        for rank, trial in enumerate(by_score(self._trials)[:SHOWN], 1):
            candidate = trial.candidate
            found = _score(trial)
            table.add_row(str(rank), candidate.family, "+".join(candidate.features), found, f"{trial.seconds:.1f}")
        return table


def _score(trial: Trial) -> str:
    if trial.inner:
        return percent(trial.inner["uar"].as_dict())
    if trial.error:
        return f"failed: {trial.error}"[:60]
    after = f"after {trial.folds} folds" if trial.folds else "at a glimpse"
    return f"{100 * (trial.score or 0):.1f} %, stopped {after}"


def _show(result: SearchResult) -> None:
    from rich.table import Table

    from ..training.joined_model import ENSEMBLE
    from ..training.leaderboard import PAGE
    from ..training.search_page import for_a_new_voice, unevolved, why_first

    table = Table(box=None)
    joined = result.ensemble
    files = [*(trial.file or "" for trial in result.kept), ENSEMBLE]
    table.add_column("file", no_wrap=True, min_width=max(map(len, files)))
    table.add_column("trial")
    table.add_column("UAR, chosen by")
    table.add_column(f"UAR, {result.tested_on}")
    if joined and joined.file and joined.outer:
        found = [percent(scores["uar"].as_dict()) for scores in (joined.inner, joined.outer)]
        table.add_row(joined.file, f"of {len(joined.members)}", *found)
    for trial in result.kept:
        found = [percent(scores["uar"].as_dict()) for scores in (trial.inner, trial.outer) if scores]
        table.add_row(trial.file, str(trial.number), *found)
    console = output()
    console.print(table)
    if why := why_first(result):
        console.print(why)
    if joined and joined.file:
        console.print(
            f"Held against each other where each fold's {result.parted} had no say in the choice, the ensemble reaches "
            f"{percent(joined.inner['uar'].as_dict())} and the single model, picked in the same way, "
            f"{percent(joined.alone['uar'].as_dict())}: so the ensemble is kept."
        )
    if result.procedure:
        whole = percent(result.procedure.scores["uar"].as_dict())
        console.print(f"The whole search, in {result.procedure.folds} outer folds: UAR {whole} on {result.tested_on}.")
    stopped = sum(trial.state == "stopped" for trial in result.leaderboard)
    counted = "One trial" if len(result.leaderboard) == 1 else f"{len(result.leaderboard)} trials"
    raced = f", {stopped} of them stopped early" if stopped else ""
    failed = [trial for trial in result.leaderboard if trial.state == "failed"]
    if failed:
        raced += f", {len(failed)} failed ({failed[0].candidate.family}: {failed[0].error})"
    if result.protocol == "random":
        told = (
            f"Chosen on {result.development_clips} clips, then tested once on {result.test_clips} others, of voices "
            f"that were learnt as well: expect that score for these voices only. {for_a_new_voice(result)}"
        )
    else:
        told = (
            f"Chosen on {len(result.development_speakers)} speakers, then tested once on {len(result.test_speakers)} "
            "that no choice saw. The score that chose a model is too kind to it: expect the one for new speakers."
        )
    over = brackets(len(result.test_speakers)) if result.protocol == "speaker" else OVER_CLIPS
    console.print(f"{counted}{raced}. {told} {over} Chance: {100 * result.chance:.1f} %.")
    if early := unevolved(result):
        console.print(early)
    console.print(f"page: {result.folder / PAGE}", soft_wrap=True)
    console.print(f"best: {result.best_path}", soft_wrap=True)
