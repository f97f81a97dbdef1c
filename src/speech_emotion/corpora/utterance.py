"""Utterances and corpora: what was recorded, by whom, in which tone.

An utterance's ``path`` may lead through a zip archive as through a folder:
``Audio_Speech_Actors_01-24.zip/Actor_01/03-01-05-01-01-01-01.wav``. Nothing is unpacked to disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..emotions import choose, in_order
from ..errors import CorpusError, UsageError, require_list, unknown


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording of one speaker with one label.

    Attributes:
        path: the file; may lead through a zip archive.
        emotion: its label, a name from :data:`speech_emotion.emotions.EMOTIONS` where it is one of them.
        speaker: unique across corpora: ``ravdess/01``.
        corpus: the corpus's name.
        sentence: the words, or the corpus's name for them, where known.
        intensity: as the corpus says it, where it does: ``normal``, ``strong``.
        repetition: the take, from 1, where the corpus counts them.
        sex: ``female`` or ``male``, where known.
        language: BCP 47, where known: ``en``.
        start: seconds from the beginning of the file; None is its beginning.
        end: seconds from the beginning of the file; None is its end.
    """

    path: str
    emotion: str
    speaker: str
    corpus: str
    sentence: str | None = None
    intensity: str | None = None
    repetition: int | None = None
    sex: str | None = None
    language: str | None = None
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where recordings come from and what may be done with them.

    Attributes:
        name: the corpus's name.
        licence: its licence's usual short name: ``CC BY-NC-SA 4.0``.
        homepage: where its publisher offers it.
        citation: what to cite.
    """

    name: str
    licence: str
    homepage: str = ""
    citation: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Origin:
        """What a file says.

        Raises:
            CorpusError: if it is not text, or not of an origin.
        """
        for name, value in values.items():
            if not isinstance(value, str):
                raise CorpusError(f"an origin's {name} must be text, not {value!r}")
        try:
            return cls(**values)
        except TypeError as error:
            raise CorpusError(f"not of an origin: {error}") from None

    @property
    def non_commercial(self) -> bool:
        """Whether the licence forbids commercial use."""
        terms = _terms(self.licence)
        return "-NC" in terms or "RESEARCH-ONLY" in terms


def joint_name(origins: Iterable[Origin]) -> str:
    """What corpora are called together.

    Example:
        >>> joint_name([Origin("emodb", "CC0"), Origin("ravdess", "CC BY-NC-SA 4.0")])
        'emodb+ravdess'
    """
    return "+".join(origin.name for origin in origins)


def strictest(origins: Sequence[Origin]) -> str:
    """The licence that forbids most.

    Example:
        >>> strictest([Origin("emodb", "CC0"), Origin("ravdess", "CC BY-NC-SA 4.0")])
        'CC BY-NC-SA 4.0'
    """
    return max((origin.licence for origin in origins), key=_strictness, default="unknown")


@dataclass(frozen=True, slots=True)
class Corpus:
    """A named tuple of utterances.

    Attributes:
        origin: name, licence, homepage and citation.
        utterances: in a fixed order: sorted by path.
        left_out: files that are not part of it, counted by reason: ``{"song": 1012}``.
        parts: the origins of the corpora that it was combined from; empty for one.
    """

    origin: Origin
    utterances: tuple[Utterance, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[Origin, ...] = ()

    def __len__(self) -> int:
        return len(self.utterances)

    @property
    def name(self) -> str:
        return self.origin.name

    @property
    def licence(self) -> str:
        return self.origin.licence

    @property
    def homepage(self) -> str:
        return self.origin.homepage

    @property
    def citation(self) -> str:
        return self.origin.citation

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The origin of each corpus in it."""
        return self.parts or (self.origin,)

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions it has, in the order of the vocabulary."""
        return in_order(utterance.emotion for utterance in self.utterances)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers it has, sorted."""
        return tuple(sorted({utterance.speaker for utterance in self.utterances}))

    def select(self, emotions: Sequence[str] | None = None, speakers: Sequence[str] | None = None) -> Corpus:
        """The part of the corpus with these emotions and speakers.

        Args:
            emotions: names to keep; None keeps all.
            speakers: names to keep, with or without the corpus's name before them; None keeps all.

        Returns:
            A smaller corpus, its utterances in the same order.

        Raises:
            UsageError: if a name is not in the corpus; the message lists those that are.
            CorpusError: if nothing is left.
        """
        require_list("emotions", emotions or ())
        require_list("speakers", speakers or ())
        wanted = set(choose(emotions, self.emotions, self.name) if emotions else self.emotions)
        voices = set(self.speakers)
        if speakers:
            voices = {self._speaker(name) for name in speakers}
        kept = tuple(u for u in self.utterances if u.emotion in wanted and u.speaker in voices)
        if not kept:
            raise CorpusError(
                f"no utterance of {self.name} has both one of the emotions {', '.join(in_order(wanted))} "
                f"and one of the speakers {', '.join(sorted(voices))}"
            )
        return replace(self, utterances=kept)

    def count(self, attribute: str) -> dict[str, int]:
        """How many utterances there are of each value of an attribute.

        Example:
            >>> calm = Utterance("a.wav", "calm", "me/1", "me")
            >>> Corpus(Origin("me", "own"), (calm,)).count("emotion")
            {'calm': 1}
        """
        return dict(Counter(str(getattr(u, attribute) or "unknown") for u in self.utterances))

    def _speaker(self, name: str) -> str:
        speakers = self.speakers
        if name in speakers:
            return name
        meant = [full for origin in self.origins if (full := f"{origin.name}/{name}") in speakers]
        if len(meant) > 1:
            raise UsageError(f"speaker '{name}' is more than one person: {', '.join(meant)}")
        if not meant:
            raise unknown("speaker", name, speakers, self.name)
        return meant[0]


def _terms(licence: str) -> str:
    return licence.upper().replace(" ", "-")


def _strictness(licence: str) -> int:
    terms = _terms(licence)
    marks = (("-SA", "ODBL", "GPL"), ("-ND",), ("-NC",), ("RESEARCH-ONLY",))
    forbids = sum(2**rank for rank, names in enumerate(marks, 1) if any(name in terms for name in names))
    return forbids or int(not terms.startswith(("CC0", "PUBLIC-DOMAIN")))
