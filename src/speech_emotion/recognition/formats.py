"""Answers as text: JSON, JSON Lines, CSV, WebVTT, RTTM, or a table for people.

Each writer takes answers as they come and yields text as soon as it can; only a JSON document and a table wait for the
last one. A CSV has a row a file, or a row a segment where segments were asked for. WebVTT and RTTM have no place
for what failed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..errors import UsageError, unknown, visible
from ..models.prediction import Prediction, labelled
from .recognizer import Recognition, recordings
from .rttm import write_rttm
from .transcript import Segment, plain
from .webvtt import write_webvtt


def as_dict(recognition: Recognition, top: int | None = None) -> dict[str, Any]:
    """An answer as plain values, as JSON shows it.

    Args:
        recognition: the answer.
        top: how many scores to show, from the highest; None shows all.

    Returns:
        ``path``, ``emotion`` (None where not sure or nobody speaks), ``confidence``, ``scores``, ``spoken``,
        ``duration``, ``model`` and, where asked for, ``text``, ``language`` and ``segments``; or ``path`` and
        ``error``.
    """
    if recognition.prediction is None:
        return {"path": recognition.path, "error": recognition.error}
    prediction = recognition.prediction
    values = {
        "path": recognition.path,
        **_scored(prediction, top),
        "duration": round(prediction.end, 3),
        "model": recognition.model,
    }
    if recognition.text is not None:
        values |= {"text": recognition.text, "language": recognition.language}
    if recognition.segments is not None:
        values["segments"] = [segment_as_dict(part, top) for part in recognition.segments]
    return values


def segment_as_dict(part: Prediction | Segment, top: int | None = None) -> dict[str, Any]:
    """A window, or a segment with words, as plain values.

    Args:
        part: of an answer.
        top: how many scores to show, from the highest; None shows all.

    Returns:
        ``start``, ``end``, ``emotion`` (None where not sure or nobody speaks), ``confidence``, ``scores`` and
        ``spoken``; with words also ``text`` and ``words``, each with ``text``, ``start``, ``end`` and ``probability``.
    """
    times = {"start": round(part.start, 3), "end": round(part.end, 3)}
    if not isinstance(part, Segment):
        return {**times, **_scored(part, top)}
    words = [
        {
            "text": word.text,
            "start": round(word.start, 3),
            "end": round(word.end, 3),
            "probability": round(word.probability, 3),
        }
        for word in part.words
    ]
    return {**times, "text": part.text, **_scored(part, top), "words": words}


def write_json(answers: Iterable[Recognition], top: int | None) -> Iterator[str]:
    """One document: a list with an object a file."""
    yield json.dumps([as_dict(answer, top) for answer in answers], indent=2, ensure_ascii=False)


def write_jsonl(answers: Iterable[Recognition], top: int | None) -> Iterator[str]:
    """An object a line, a line a file."""
    for answer in answers:
        yield json.dumps(as_dict(answer, top), ensure_ascii=False)


def write_csv(answers: Iterable[Recognition], top: int | None) -> Iterator[str]:
    """A header, then a row a file or segment: path, start, end, spoken, emotion, confidence, a column an emotion,
    error.

    With words there is a column ``text``, too; a recording in which nobody speaks has one row without.
    """
    columns: _Columns | None = None
    pending: list[Recognition] = []
    for answer in answers:
        if columns is None and answer.prediction is None:
            pending.append(answer)  # the columns are not known yet
            continue
        if columns is None and answer.prediction is not None:
            labels = sorted(label for label, _ in answer.prediction.scores)
            columns = _Columns([] if answer.text is None else ["text"], labels)
            yield columns.header()
            for failed in pending:
                yield from columns.rows(failed, top)
        if columns is not None:
            yield from columns.rows(answer, top)
    if columns is None and pending:
        columns = _Columns([], [])
        yield columns.header()
        for failed in pending:
            yield from columns.rows(failed, top)


def write_table(answers: Iterable[Recognition], top: int | None) -> Iterator[str]:
    """For people: a line a file, its scores, its segments below it."""
    shown = list(answers)
    width = max((len(visible(answer.path)) for answer in shown), default=0)
    for answer in shown:
        if answer.prediction is None:
            yield f"{visible(answer.path):<{width}}  error: {visible(answer.error or '')}"
            continue
        yield f"{visible(answer.path):<{width}}  {_line(answer.prediction, top or 3)}"
        for part in answer.segments or ():
            said = f"  “{plain(part.text)}”" if isinstance(part, Segment) else ""
            yield f"{f'{part.start:.1f}–{part.end:.1f} s':>{max(width, 14)}}  {_line(part, top or 3)}{said}"


FORMATS: Mapping[str, Callable[[Iterable[Recognition], int | None], Iterator[str]]] = {
    "table": write_table,
    "json": write_json,
    "jsonl": write_jsonl,
    "csv": write_csv,
    "vtt": write_webvtt,
    "rttm": write_rttm,
}

WITHOUT_ERRORS = ("vtt", "rttm")
"""Have no place for what failed."""


def check(format_: str, names: Sequence[str]) -> None:
    """Refuse what cannot be written, before anything is heard.

    Args:
        format_: one of :data:`FORMATS`.
        names: of the recordings, as :func:`~.recognizer.recordings` takes them.

    Raises:
        UsageError: if there is no such format, or it holds one recording and more are named.
    """
    if format_ not in FORMATS:
        raise unknown("format", format_, FORMATS)
    if format_ == "vtt" and len(list(islice(recordings(names), 2))) > 1:
        raise UsageError("vtt holds the times of one recording, and more are named; give one, or take rttm or jsonl")


def _scored(prediction: Prediction | Segment, top: int | None) -> dict[str, Any]:
    return {
        "emotion": prediction.emotion,
        "confidence": prediction.confidence,
        "scores": labelled(prediction.scores[:top]),
        "spoken": prediction.spoken,
    }


@dataclass(frozen=True, slots=True)
class _Columns:
    """Of a CSV: ``text``, where there are words, and a column an emotion."""

    text: list[str]
    labels: list[str]

    def header(self) -> str:
        return _row(["path", "start", "end", *self.text, "spoken", "emotion", "confidence", *self.labels, "error"])

    def rows(self, answer: Recognition, top: int | None) -> Iterator[str]:
        if answer.prediction is None:
            blank = [""] * (5 + len(self.text) + len(self.labels))
            yield _row([answer.path, *blank, answer.error or ""])
            return
        for part in answer.segments or (answer.prediction,):
            scores = dict(part.scores[:top])
            cells = [f"{scores[label]:.6f}" if label in scores else "" for label in self.labels]
            times = [f"{part.start:.3f}", f"{part.end:.3f}"]
            text = [plain(part.text) if isinstance(part, Segment) else "" for _ in self.text]
            said = [str(part.spoken).lower(), part.emotion or "", f"{part.confidence:.6f}"]
            yield _row([answer.path, *times, *text, *said, *cells, ""])


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)  # by which it knows what to quote
    return out.getvalue().removesuffix("\r\n")


def _line(prediction: Prediction | Segment, top: int) -> str:
    scores = "  ".join(f"{label} {score:.0%}" for label, score in prediction.scores[:top])
    return f"{prediction.label:<10} {scores}" if prediction.spoken else prediction.label
