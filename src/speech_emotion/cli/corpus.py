"""``speech-emotion corpus``: what recordings there are, fetching them, and counting them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..corpora import Corpus

app = typer.Typer(help="Recordings: what there is, fetch it, count it.", no_args_is_help=True)

COUNTED = ("emotion", "intensity", "sex", "speaker")


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
                "path": str(place) if place else None,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        absent = "made when asked for" if row["homepage"] == "" else f"not here; its home is {row['homepage']}"
        print(f"{row['name']:<12} {row['licence']:<16} {row['path'] or absent}")
    print(f"{'folder:PATH':<12} {'yours':<16} folders named by emotion, or a CSV: path,emotion,speaker")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A corpus that has a home: ravdess.")],
    to: Annotated[Path | None, typer.Option(help="Put it here instead of the user's cache folder.")] = None,
) -> None:
    """Download a corpus; what a cut connection left is kept and taken up. Prints where it is."""
    from .. import corpora
    from ..corpora.fetch import fetch as download
    from ..errors import unknown
    from .terminal import progress

    archive = corpora.known(name).ARCHIVE
    if archive is None:
        homes = [other for other in corpora.names() if other != "folder" and corpora.known(other).ARCHIVE]
        raise unknown("corpus to fetch", name, homes)
    with progress(archive.name, unit="bytes") as bar:
        print(download(archive, to, bar))


@app.command()
def info(
    corpus: Annotated[str, typer.Argument(help="A name, a path, or name:path.", metavar="CORPUS")],
    durations: Annotated[bool, typer.Option(help="Open every recording and add up their lengths.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Count a corpus's recordings by emotion, speaker, sex and intensity. Downloads nothing."""
    from .. import corpora
    from .terminal import progress

    with progress("making voices") as bar:
        read = corpora.open(corpus, fetch=False, progress=bar)
    length = _length(read) if durations else None
    if as_json:
        print(json.dumps(_facts(read, length), indent=2, ensure_ascii=False))
    else:
        _show(read, length)
    if length and length.unreadable:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Length:
    """Seconds of the recordings that can be read, and the errors of the others."""

    seconds: float
    unreadable: tuple[str, ...]


def _length(corpus: Corpus) -> _Length:
    from ..audio.read import duration
    from ..errors import AudioError
    from .terminal import progress, warn

    seconds, unreadable = 0.0, []
    with progress("durations") as bar:
        for done, utterance in enumerate(corpus.utterances, 1):
            try:
                end = utterance.end if utterance.end is not None else duration(utterance.path)
                seconds += end - (utterance.start or 0.0)
            except AudioError as error:
                unreadable.append(str(error))
                warn(str(error))
            bar(done, len(corpus))
    return _Length(seconds, tuple(unreadable))


def _facts(corpus: Corpus, length: _Length | None) -> dict[str, object]:
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
    if length:
        facts |= {"seconds": round(length.seconds, 3), "unreadable": list(length.unreadable)}
    return facts


def _show(corpus: Corpus, length: _Length | None) -> None:
    rows = [("corpus", corpus.name), ("licence", corpus.licence), ("home", corpus.homepage)]
    rows += [("cite", corpus.citation), ("recordings", str(len(corpus)))]
    if length:
        rows.append(("hours", f"{length.seconds / 3600:.2f}"))
    for attribute in COUNTED:
        counts = _counts(corpus, attribute)
        many = f"{len(counts)}: " if attribute == "speaker" else ""
        rows.append((attribute, many + ", ".join(f"{value} {count}" for value, count in counts.items())))
    rows += [("left out", f"{count} × {reason}") for reason, count in corpus.left_out.items()]
    for name, text in rows:
        if text:
            print(f"{name:<11} {text}")


def _counts(corpus: Corpus, attribute: str) -> dict[str, int]:
    """Emotions in the order of the vocabulary, everything else by name."""
    from ..emotions import in_order

    counts = corpus.count(attribute)
    return {value: counts[value] for value in (in_order(counts) if attribute == "emotion" else sorted(counts))}
