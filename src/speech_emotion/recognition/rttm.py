"""Answers as RTTM, the format of speaker diarization (NIST, Rich Transcription 2009 evaluation plan, appendix A).

Ten columns, by spaces; ``<NA>`` is what there is not. A ``SPEAKER`` line a segment in which somebody speaks, or one for
all of a recording that has none, with the emotion where a diarizer names the speaker; where the model is not sure, that
is ``not_sure``. With words, each has a ``LEXEME`` line behind its segment::

    type    file chnl tbeg  tdur  ortho stype name  conf  slat
    SPEAKER call 1    1.000 1.840 <NA>  <NA>  angry 0.912 <NA>
    LEXEME  call 1    1.000 0.240 Kids  lex   angry 0.998 <NA>

The confidence of a ``SPEAKER`` line is that of the emotion, that of a ``LEXEME`` line the probability of the word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from ..models.prediction import Prediction
from .recognizer import Recognition
from .transcript import Segment, plain

NOTHING = "<NA>"


def write_rttm(answers: Iterable[Recognition], top: int | None = None) -> Iterator[str]:
    """The lines of each recording; a failed one has none.

    Args:
        answers: as they come. Their files are called by their names without folder and ending, as RTTM wants it; where
            two share a name, the later ones by their whole paths.
        top: is for formats that show scores.
    """
    named: dict[str, str] = {}
    for answer in answers:
        name = _field(PurePath(answer.path.replace("\\", "/")).stem)
        if named.setdefault(name, answer.path) != answer.path:
            name = _field(answer.path)
        for part in answer.spoken_parts:
            yield from _lines(name, part)


def _lines(file: str, part: Prediction | Segment) -> Iterator[str]:
    emotion = _field(part.label)
    yield _line("SPEAKER", file, part.start, part.end, NOTHING, NOTHING, emotion, part.confidence)
    for word in part.words if isinstance(part, Segment) else ():
        yield _line("LEXEME", file, word.start, word.end, _field(word.text), "lex", emotion, word.probability)


def _line(kind: str, file: str, start: float, end: float, text: str, subtype: str, name: str, confidence: float) -> str:
    length = max(end - start, 0)
    return f"{kind} {file} 1 {start:.3f} {length:.3f} {text} {subtype} {name} {confidence:.3f} {NOTHING}"


def _field(text: str) -> str:
    """One column: no spaces, and never empty."""
    return "_".join(plain(text).split()) or NOTHING
