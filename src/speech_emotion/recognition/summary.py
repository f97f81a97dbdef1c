"""What was heard in a stream, all in all."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..models.prediction import NO_SPEECH
from .stream import Moment

LAST_CHANGES = 5
"""How many are remembered; all are counted."""


@dataclass(slots=True)
class Summary:
    """Counts the moments of a stream; it does not grow with time.

    Attributes:
        seconds: how long the stream is.
        speech: of those, the seconds in which someone spoke.
        answers: how many windows sounded how, or were ``"not sure"`` or ``"no speech"``.
        changes: how often the stream settled on another emotion, the first included.
        last_changes: when, in seconds, and on which.
    """

    seconds: float = 0.0
    speech: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    last_changes: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=LAST_CHANGES))

    def add(self, moment: Moment) -> None:
        """Count one more."""
        self.seconds = moment.end
        self.speech += moment.new_speech
        self.answers[moment.label] += 1
        if moment.changed and moment.settled is not None:
            self.changes += 1
            self.last_changes.append((moment.end, moment.settled))

    def lines(self) -> Iterator[str]:
        """The same for people; shares are of the windows with speech."""
        if not self.answers:
            yield "nothing was heard"
            return
        yield f"{clock(self.seconds)} heard, speech in {self.speech / self.seconds:.0%} of it"
        spoken = Counter({label: count for label, count in self.answers.items() if label != NO_SPEECH})
        total = sum(spoken.values())
        if total:
            yield "sounded " + ", ".join(f"{label} {count / total:.0%}" for label, count in spoken.most_common())
        if self.changes:
            shown = ", ".join(f"{clock(at)} {emotion}" for at, emotion in self.last_changes)
            which = "the last: " if self.changes > len(self.last_changes) else ""
            yield f"changes: {self.changes} ({which}{shown})"


def clock(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any.

    Example:
        >>> clock(62.5), clock(3600)
        ('1:02', '1:00:00')
    """
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
