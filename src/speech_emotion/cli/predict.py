"""``predict``: the emotions of recordings."""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SpeechEmotionError, UsageError
from .scores import say_licence
from .terminal import STANDARD_INPUT, say

if TYPE_CHECKING:
    from ..models.model import Model
    from ..recognition.recognizer import Recognition


def predict(
    files: Annotated[
        list[str],
        typer.Argument(help="Recordings, folders, zip archives, patterns, or a CSV of paths; - is standard input."),
    ],
    model: Annotated[str, typer.Option(help="A built-in model, or a .semodel file.")] = "tone",
    format_: Annotated[str, typer.Option("--format", help="table, json, jsonl, csv, vtt or rttm.")] = "table",
    segments: Annotated[bool, typer.Option("--segments", help="Also the emotion of each window.")] = False,
    window: Annotated[
        float | None, typer.Option(help="Length of a segment, in seconds.  [default: 3]", show_default=False)
    ] = None,
    hop: Annotated[
        float | None,
        typer.Option(help="From one segment to the next, in seconds.  [default: 1]", show_default=False),
    ] = None,
    words: Annotated[
        bool, typer.Option("--words", help="Also what is said, a segment a sentence; by Whisper.")
    ] = False,
    words_model: Annotated[
        str | None, typer.Option(help="Of --words: tiny, base (the default), small …, downloaded once; or a folder.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of --words: en, de …; found if not given.")] = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="How many scores to show.")] = None,
    adapt: Annotated[
        str | None,
        typer.Option(
            help="To what they have in common: none, session or speaker.  [default: none]", show_default=False
        ),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            help="What is one speaker, or one session: folder, or a column of the CSV.  "
            "[default: its column speaker, else folder]",
            show_default=False,
        ),
    ] = None,
    speaker: Annotated[
        str | None,
        typer.Option(help="All are of this voice: remember it, and go on from what was heard of it before."),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(help="Remember what was heard in this file, and go on from it; goes with --adapt."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; as many as help if not given.")] = None,
) -> None:
    """Say which emotion each recording sounds like.

    The scores of a recording sum to 1. A recording that cannot be read costs its own line only (exit status 1).
    """
    from ..audio.windows import slide
    from ..models import profiles
    from ..models.bundle import load
    from ..recognition import adapting
    from ..recognition.formats import FORMATS, WITHOUT_ERRORS, check
    from ..recognition.groups import grouped
    from ..recognition.recognizer import HOP, WINDOW

    check(format_, files)
    if not segments and (window is not None or hop is not None):
        instead = "--words has segments of its own; leave them out" if words else "name it as well"
        raise UsageError(f"--window and --hop are of --segments; {instead}")
    window, hop = WINDOW if window is None else window, HOP if hop is None else hop
    slide((), window, hop)
    if speaker is not None:
        _alone(adapt, group_by, profile)
        profile = profiles.path_of(speaker)
    adapt = adapt or ("none" if speaker is None else "speaker")
    listener = load(model)
    adapting.check(adapt, listener, profile, group_by is not None)
    group = grouped(files, group_by) if group_by or adapt == "speaker" else None
    if speaker is not None:
        group = lambda path: speaker  # noqa: E731
    session = profiles.opened(profile, listener) if profile is not None else None
    before = deepcopy(session)
    spoken = _with_words(listener, words, words_model, language, segments, workers)
    say_licence(listener.provenance.origins)
    found = _answers(files, listener, segments, window, hop, workers, spoken)
    answers = _Counted(adapting.adapted(found, listener, adapt, session, group), tell=format_ in WITHOUT_ERRORS)
    for text in FORMATS[format_](answers, top_k):
        print(text, flush=True)
    if session is not None and before is not None and profile is not None:
        profiles.add(profile, session, before, listener)
    if answers.failed:
        raise typer.Exit(1)


def _alone(adapt: str | None, group_by: str | None, profile: Path | None) -> None:
    """Refuse what contradicts that all recordings are of one remembered voice."""
    if adapt not in (None, "speaker"):
        raise UsageError(f"--speaker adapts to a voice, so it does not go with --adapt {adapt}")
    for option, given in (("--group-by", group_by), ("--profile", profile)):
        if given is not None:
            raise UsageError(f"--speaker says whose voice all recordings are, so it does not go with {option}")


class _Counted:
    """Answers as they pass, the failed ones counted."""

    def __init__(self, answers: Iterable[Recognition], tell: bool) -> None:
        self._answers, self._tell = answers, tell
        self.failed = 0

    def __iter__(self) -> Iterator[Recognition]:
        for answer in self._answers:
            self.failed += answer.error is not None
            if self._tell and answer.error is not None:
                say(f"error: {answer.path}: {answer.error}")
            yield answer


def _with_words(
    model: Model, words: bool, name: str | None, language: str | None, segments: bool, threads: int | None
) -> Callable[..., Recognition] | None:
    """What hears the words of a recording, too; None where they are not asked for."""
    if not words:
        if name is not None or language is not None:
            raise UsageError("--words-model and --language go with --words")
        return None
    if segments:
        raise UsageError("--words has segments of its own; leave --segments out")
    from ..recognition import whisper
    from ..recognition.words import transcribe_file

    folder = whisper.find(whisper.DEFAULT if name is None else name, told=say)
    whisper.check_language(whisper.opened(folder, threads), language)
    return partial(transcribe_file, model=model, words=folder, language=language, threads=threads)


def _answers(
    files: list[str],
    model: Model,
    segments: bool,
    window: float,
    hop: float,
    workers: int | None,
    spoken: Callable[..., Recognition] | None,
) -> Iterator[Recognition]:
    from ..recognition.recognizer import Recognition, recognize_file, recognize_files, recordings

    one = spoken or partial(recognize_file, model=model, segments=segments, window=window, hop=hop)
    for is_input, names in itertools.groupby(files, lambda name: name == STANDARD_INPUT):
        if is_input:
            with tempfile.TemporaryFile() as sound:  # on disk, since it may be long and is heard more than once
                shutil.copyfileobj(sys.stdin.buffer, sound)
                yield one(STANDARD_INPUT, source=sound)
            continue
        found: list[str] = []
        for name in names:
            try:
                found += recordings([name])
            except SpeechEmotionError as error:  # of a list that cannot be read
                yield Recognition(name, model.name, error=str(error).removeprefix(f"{name}, "))
        paths = list(dict.fromkeys(found))
        if spoken:
            yield from map(spoken, paths)
        else:
            yield from recognize_files(paths, model, segments=segments, window=window, hop=hop, workers=workers)
