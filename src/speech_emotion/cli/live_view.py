"""What a stream sounds like, on a terminal: bars, the last minute, the level; nothing jumps, nothing scrolls."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from ..errors import visible
from ..models.prediction import NO_SPEECH, NOT_SURE
from ..recognition.stream import Moment
from ..recognition.summary import Summary, clock

STRIP_SECONDS = 60
"""Of the strip, a column a second."""

COLOURS = ("cyan", "green", "yellow", "blue", "red", "magenta", "bright_green", "bright_yellow")
"""Of the emotions, in the model's order; each has a letter as well, so that colour is not needed."""

QUIETEST, LOUD = -60.0, -6.0
"""dB; where the level meter begins, and from where it warns."""

METER = 24
LEGEND = f"     · {NO_SPEECH}   ? {NOT_SURE}"
LABEL = 12


class View:
    """Draws the newest moment; rich prints it over the one before.

    Args:
        emotions: of the model.
        title: what is listened to, or why nothing is heard.
    """

    def __init__(self, emotions: Sequence[str], title: str = "") -> None:
        self.title = title
        self._letters = letters(emotions)
        self._styles = {emotion: COLOURS[number % len(COLOURS)] for number, emotion in enumerate(emotions)}
        self._strip: deque[str] = deque(maxlen=STRIP_SECONDS)
        self._second = 0
        self._moment: Moment | None = None
        self._times = clock(0)

    def see(self, moment: Moment, summary: Summary) -> None:
        """The newest moment, and what there was so far, it included."""
        self._remember(moment)
        self._moment = moment
        self._times = f"{clock(summary.seconds)}   speech {clock(summary.speech)}"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The whole picture, always of the same height."""
        width = options.max_width
        head = Table.grid(expand=True)
        head.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        head.add_column(justify="right", no_wrap=True)
        head.add_row(Text(visible(self.title), style="dim"), Text(self._times, style="dim"))
        yield head
        yield Text()
        yield self._answer()
        yield Text()
        for emotion in self._letters:
            yield self._bar(emotion, width)
        yield Text()
        yield self._minute(width)
        level = None if self._moment is None else self._moment.level
        yield meter(level, max(5, min(METER, width - 21))).append(LEGEND, style="dim")

    def _remember(self, moment: Moment) -> None:
        """A column a second: what was said last in it."""
        second = int(moment.end)
        for _ in range(min(STRIP_SECONDS, second - self._second - 1) if self._second else 0):
            self._strip.append("")
        if second == self._second and self._strip:
            self._strip[-1] = moment.label
        else:
            self._strip.append(moment.label)
        self._second = second

    def _answer(self) -> Text:
        moment = self._moment
        if moment is None:
            return Text("listening …", style="dim")
        if moment.emotion is None:
            return Text(moment.label, style="bold dim")
        words = Text(f"sounds {moment.emotion}", style=f"bold {self._styles[moment.emotion]}")
        return words.append(f"  {moment.confidence:.0%}", style="bold default")

    def _bar(self, emotion: str, width: int) -> Text:
        moment = self._moment
        score = dict(moment.scores)[emotion] if moment is not None and moment.spoken else 0.0
        room = max(5, min(50, width - LABEL - 10))
        style = self._styles[emotion]
        line = Text(no_wrap=True, overflow="crop")
        line.append(f"{self._letters[emotion]} ", style=f"bold {style}").append(f"{emotion:<{LABEL - 2}.{LABEL - 2}} ")
        line.append(blocks(score, room), style=style)
        return line.append(f" {score:>4.0%}" if moment is not None and moment.spoken else "    –")

    def _minute(self, width: int) -> Text:
        line = Text("last minute  ", no_wrap=True, overflow="crop", style="default")
        shown = list(self._strip)[-max(1, min(STRIP_SECONDS, width - 14)) :]
        for label in shown:
            if label in self._letters:
                line.append(self._letters[label], style=f"bold {self._styles[label]}")
            else:
                line.append({NOT_SURE: "?", NO_SPEECH: "·"}.get(label, " "), style="dim")
        return line


def letters(emotions: Sequence[str]) -> dict[str, str]:
    """A letter an emotion: the first of its own that no other has.

    Example:
        >>> letters(["calm", "sad", "surprised"])
        {'calm': 'c', 'sad': 's', 'surprised': 'u'}
    """
    found: dict[str, str] = {}
    for emotion in emotions:
        free = [letter for letter in (*emotion, *"0123456789") if letter not in found.values() and letter.isalnum()]
        found[emotion] = free[0] if free else "*"
    return found


def blocks(share: float, room: int) -> str:
    """A bar of eighths of a character, padded to ``room`` columns.

    Example:
        >>> blocks(0.5, 5)
        '██▌  '
    """
    eighths = round(max(0.0, min(1.0, share)) * room * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + " ▏▎▍▌▋▊▉"[rest].strip()).ljust(room)


def meter(level: float | None, room: int = METER) -> Text:
    """How loud it is: from -60 dB to full scale, in ``room`` columns."""
    line = Text("level        ", no_wrap=True, overflow="crop")
    if level is None or math.isnan(level):
        return line.append(" " * room + "       –", style="dim")
    style = "red" if level >= LOUD else "green"
    line.append(blocks((level - QUIETEST) / -QUIETEST, room), style=style)
    return line.append(f" {level:>4.0f} dB" if level > QUIETEST else "   quiet", style="dim")
