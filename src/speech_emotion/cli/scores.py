"""How the commands print scores and licences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .terminal import say

if TYPE_CHECKING:
    from ..corpora.utterance import Origin


TOO_KIND = (
    "In the random split the model has heard every voice that it is tested on, so it is too kind: expect the "
    "score for new speakers."
)


def percent(score: Mapping[str, Any]) -> str:
    """A score with its 95 % interval, as a person reads it.

    Args:
        score: ``value``, ``low`` and ``high``, fractions.

    Example:
        >>> percent({"value": 0.5512, "low": 0.4903, "high": 0.6099})
        '55.1 % (49.0–61.0)'
    """
    from ..evaluation.intervals import Score

    return str(Score(**score))


def brackets(speakers: int) -> str:
    """What stands in the brackets of :func:`percent`, for scores over so many speakers."""
    from ..models.card import of_few

    return f"In brackets: 95 % intervals, by bootstrap over speakers.{of_few(speakers)}"


def say_licence(origins: Sequence[Origin]) -> None:
    """Say once, on standard error, that models made from these corpora are not for commercial use."""
    for origin in origins:
        if origin.non_commercial:
            say(f"note: {origin.name} is {origin.licence}: a model of it is for non-commercial use only")
