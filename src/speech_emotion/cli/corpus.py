"""``speech-emotion corpus``: what recordings there are, fetching, counting and checking them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import AudioError, visible
from .check import check

if TYPE_CHECKING:
    from ..corpora import Corpus, Utterance

app = typer.Typer(help="Recordings: what there is, fetch it, count it, check it.", no_args_is_help=True)
app.command()(check)

COUNTED = ("emotion", "intensity", "sex", "language", "speaker")


@app.command("list")
def list_corpora(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show the corpora that have a name, and where they are on this machine."""
    from .. import corpora

    rows = []
    for name in corpora.names()[:-1]:
        corpus, place = corpora.known(name), corpora.find(name)
        rows.append(
            {
                "name": name,
                "language": corpus.LANGUAGE,
                "licence": corpus.ORIGIN.licence,
                "homepage": corpus.ORIGIN.homepage,
                "by_hand": corpora.by_hand(name),
                "path": str(place) if place else None,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        absent = "made when asked for" if row["homepage"] == "" else f"not here; its home is {row['homepage']}"
        absent += ", to be fetched by hand" if row["by_hand"] else ""
        print(visible(f"{row['name']:<12} {row['licence']:<16} {row['path'] or absent}"))
    print(f"{'folder:PATH':<12} {'yours':<16} folders named by emotion, or a CSV: path,emotion,speaker")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A corpus that can be downloaded: ravdess or emodb.")],
    to: Annotated[Path | None, typer.Option(help="Put it here instead of the user's cache folder.")] = None,
) -> None:
    """Download a corpus; what a cut connection left is kept and taken up. Prints where it is."""
    from .. import corpora
    from ..corpora.fetch import fetch as download
    from ..errors import UsageError, unknown
    from .terminal import progress, say

    archive, steps = corpora.known(name).ARCHIVE, corpora.by_hand(name)
    if steps:
        raise UsageError(f"{name} cannot be fetched by a program: {steps}")
    if archive is None:
        homes = [other for other in corpora.names() if other != "folder" and corpora.known(other).ARCHIVE]
        raise unknown("corpus to fetch", name, homes)
    there = corpora.find(name) if to is None else None
    in_cache = there is not None and there.is_file() and there.parent == corpora.cache_folder()
    if there is not None and not in_cache:  # of what is in the cache the checksum is looked at
        say(f"note: {name} is on this machine already")
        print(there)
        return
    with progress(archive.name, unit="bytes") as bar:
        print(download(archive, to, bar))


@app.command()
def info(
    corpus: Annotated[list[str], typer.Argument(help="Names, paths, or name:path.", metavar="CORPUS…")],
    durations: Annotated[bool, typer.Option(help="Open every recording: hours and sampling rates.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Count recordings by emotion, intensity, sex, language and speaker. Downloads nothing.

    Several corpora are shown one after the other, and then combined: what they share, and what that drops.
    """
    from .. import corpora
    from .terminal import progress

    with progress("making voices") as bar:
        shown = [corpora.open(name, fetch=False, progress=bar) for name in corpus]
    lengths = _lengths(shown) if durations else None
    if len(shown) > 1:
        shown.append(corpora.combine(*shown))
    if as_json:
        facts = [_facts(each, lengths) for each in shown]
        document = facts[0] if len(shown) == 1 else {"corpora": facts[:-1], "combined": facts[-1]}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for number, each in enumerate(shown):
            print("\n" if number else "", end="")
            _show(each, lengths)
    if lengths and lengths.unreadable:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Lengths:
    """Seconds and sampling rate of the recordings that can be read, and the errors of the others, by path."""

    seconds: dict[Utterance, float]
    rates: dict[str, int]
    unreadable: dict[str, str]

    def add_up(self, utterances: Iterable[Utterance]) -> float:
        return sum(self.seconds.get(utterance, 0.0) for utterance in utterances)


def _lengths(shown: list[Corpus]) -> _Lengths:
    from ..audio.read import duration_and_rate
    from .terminal import progress, warn

    utterances = [utterance for corpus in shown for utterance in corpus.utterances]
    lengths = _Lengths({}, {}, {})
    with progress("durations") as bar:
        for done, utterance in enumerate(utterances, 1):
            try:
                whole, lengths.rates[utterance.path] = duration_and_rate(utterance.path)
                lengths.seconds[utterance] = _part(utterance, whole)
            except AudioError as error:
                lengths.unreadable[utterance.path] = str(error)
                warn(str(error))
            bar(done, len(utterances))
    return lengths


def _part(utterance: Utterance, whole: float) -> float:
    """How long an utterance is, of a recording of so many seconds."""
    begin, end = utterance.start or 0.0, whole if utterance.end is None else min(whole, utterance.end)
    if begin >= end:
        raise AudioError(f"{utterance.path}: lasts {whole:g} s, so there is no part from {begin:g} s on")
    return end - begin


def _facts(corpus: Corpus, lengths: _Lengths | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": corpus.name,
        "licence": corpus.licence,
        "non_commercial": corpus.origin.non_commercial,
        "homepage": corpus.homepage,
        "citation": corpus.citation,
        "utterances": len(corpus),
    }
    facts |= {attribute: _counts(corpus, attribute) for attribute in COUNTED}
    facts["left_out"] = dict(corpus.left_out)
    if lengths:
        facts["seconds"] = round(lengths.add_up(corpus.utterances), 3)
        facts["rates"] = {str(rate): count for rate, count in _rates(corpus, lengths).items()}
        facts["unreadable"] = [lengths.unreadable[u.path] for u in corpus.utterances if u.path in lengths.unreadable]
    return facts


def _show(corpus: Corpus, lengths: _Lengths | None) -> None:
    rows = [("corpus", corpus.name), ("licence", corpus.licence)]
    for origin in corpus.origins:
        rows += [("home", origin.homepage), ("cite", origin.citation)]
    rows.append(("recordings", str(len(corpus))))
    if lengths:
        rows.append(("hours", f"{lengths.add_up(corpus.utterances) / 3600:.2f}"))
        rows.append(("rates", ", ".join(f"{rate} Hz {count}" for rate, count in _rates(corpus, lengths).items())))
    rows += [("left out", f"{count} × {reason}") for reason, count in corpus.left_out.items()]
    for name, text in rows:
        if text:
            print(visible(f"{name:<11} {text}"))
    for attribute in COUNTED:
        if list(corpus.count(attribute)) != ["unknown"]:
            print()
            _show_counts(corpus, attribute, lengths)


def _show_counts(corpus: Corpus, attribute: str, lengths: _Lengths | None) -> None:
    counts = _counts(corpus, attribute)
    title = f"{attribute} ({len(counts)})" if attribute == "speaker" else attribute
    print(f"{title:<22} {'clips':>6}" + (f" {'minutes':>8}" if lengths else ""))
    for value, count in counts.items():
        same = [u for u in corpus.utterances if str(getattr(u, attribute) or "unknown") == value]
        print(visible(f"  {value:<20} {count:>6}") + (f" {lengths.add_up(same) / 60:>8.1f}" if lengths else ""))


def _counts(corpus: Corpus, attribute: str) -> dict[str, int]:
    """Emotions in the order of the vocabulary, everything else by name."""
    from ..emotions import in_order

    counts = corpus.count(attribute)
    return {value: counts[value] for value in (in_order(counts) if attribute == "emotion" else sorted(counts))}


def _rates(corpus: Corpus, lengths: _Lengths) -> dict[int, int]:
    """How many recordings there are of each sampling rate, in Hz."""
    found = Counter(lengths.rates[u.path] for u in corpus.utterances if u.path in lengths.rates)
    return dict(sorted(found.items()))
