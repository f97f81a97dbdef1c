"""Answers as text: JSON, JSON Lines, CSV, or a table for people.

Each writer takes answers as they come and yields text as soon as it can; only a JSON document and a table wait for the
last one. A CSV has a row a file, or a row a segment where segments were asked for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..errors import visible
from ..models.prediction import Prediction
from .recognizer import NOT_SURE, Recognition


def as_dict(recognition: Recognition, top: int | None = None) -> dict[str, Any]:
    """An answer as plain values, as JSON shows it.

    Args:
        recognition: the answer.
        top: how many scores to show, from the highest; None shows all.

    Returns:
        ``path``, ``emotion`` (None where not sure), ``confidence``, ``scores``, ``duration``, ``model`` and, where
        asked for, ``segments``; or ``path`` and ``error``.
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
    if recognition.segments is not None:
        values["segments"] = [
            {"start": round(part.start, 3), "end": round(part.end, 3), **_scored(part, top)}
            for part in recognition.segments
        ]
    return values


def write_json(answers: Iterable[Recognition], top: int | None) -> Iterator[str]:
    """One document: a list with an object a file."""
    yield json.dumps([as_dict(answer, top) for answer in answers], indent=2, ensure_ascii=False)


def write_jsonl(answers: Iterable[Recognition], top: int | None) -> Iterator[str]:
    """An object a line, a line a file."""
    for answer in answers:
        yield json.dumps(as_dict(answer, top), ensure_ascii=False)


def write_csv(answers: Iterable[Recognition], top: int | None) -> Iterator[str]:
    """A header, then a row a file or segment: path, start, end, emotion, confidence, a column an emotion, error."""
    labels: list[str] | None = None
    pending: list[Recognition] = []
    for answer in answers:
        if labels is None and answer.prediction is None:
            pending.append(answer)  # the columns are not known yet
            continue
        if labels is None and answer.prediction is not None:
            labels = sorted(label for label, _ in answer.prediction.scores)
            yield _row(["path", "start", "end", "emotion", "confidence", *labels, "error"])
            for failed in pending:
                yield from _csv_rows(failed, labels, top)
        yield from _csv_rows(answer, labels or [], top)
    if labels is None and pending:
        yield _row(["path", "start", "end", "emotion", "confidence", "error"])
        for failed in pending:
            yield from _csv_rows(failed, [], top)


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
            yield f"{f'{part.start:.1f}–{part.end:.1f} s':>{max(width, 14)}}  {_line(part, top or 3)}"


FORMATS: Mapping[str, Callable[[Iterable[Recognition], int | None], Iterator[str]]] = {
    "table": write_table,
    "json": write_json,
    "jsonl": write_jsonl,
    "csv": write_csv,
}


def _scored(prediction: Prediction, top: int | None) -> dict[str, Any]:
    return {
        "emotion": prediction.emotion,
        "confidence": prediction.confidence,
        "scores": [{"label": label, "score": score} for label, score in prediction.scores[:top]],
    }


def _csv_rows(answer: Recognition, labels: list[str], top: int | None) -> Iterator[str]:
    if answer.prediction is None:
        yield _row([answer.path, "", "", "", "", *([""] * len(labels)), answer.error or ""])
        return
    for part in (answer.prediction,) if answer.segments is None else answer.segments:
        scores = dict(part.scores[:top])
        cells = [f"{scores[label]:.6f}" if label in scores else "" for label in labels]
        times = [f"{part.start:.3f}", f"{part.end:.3f}"]
        yield _row([answer.path, *times, part.emotion or "", f"{part.confidence:.6f}", *cells, ""])


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def _line(prediction: Prediction, top: int) -> str:
    said = prediction.emotion or NOT_SURE
    scores = "  ".join(f"{label} {score:.0%}" for label, score in prediction.scores[:top])
    return f"{said:<10} {scores}"
