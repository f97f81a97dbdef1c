"""The words for emotions.

Corpora name the same emotion differently: RAVDESS says ``fearful``, others ``fear`` or ``Angst``. Inside this package
an emotion has one name, an adjective in lower case, from :data:`EMOTIONS`. A label that is not in the list (a folder
of one's own recordings may hold ``sarcastic``) is kept as it is, in lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .errors import unknown

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised", "bored")
"""The names used here, in the order in which tables and plots show them."""

CALM4 = ("calm", "happy", "fearful", "disgust")
"""The four emotions of the prototype, and so of the comparison with it."""

ALIASES = {
    "neutrality": "neutral",
    "calmness": "calm",
    "relaxed": "calm",
    "happiness": "happy",
    "joy": "happy",
    "joyful": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "fearful",
    "afraid": "fearful",
    "scared": "fearful",
    "anxiety": "fearful",
    "disgusted": "disgust",
    "surprise": "surprised",
    "boredom": "bored",
}
"""Other words for the same emotions."""


def canonical(label: str) -> str:
    """The name used here for an emotion called ``label`` elsewhere.

    Args:
        label: any spelling; case and surrounding space do not matter.

    Returns:
        A name from :data:`EMOTIONS`, or the label in lower case where it is none of them.

    Example:
        >>> canonical("Happiness"), canonical(" ANGRY "), canonical("sarcastic")
        ('happy', 'angry', 'sarcastic')
    """
    word = label.strip().lower()
    return ALIASES.get(word, word)


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Each label once, in the order of :data:`EMOTIONS`, unknown ones last by name.

    Example:
        >>> in_order(["sad", "calm", "sad", "smug"])
        ('calm', 'sad', 'smug')
    """
    known = {name: position for position, name in enumerate(EMOTIONS)}
    return tuple(sorted(set(labels), key=lambda label: (known.get(label, len(EMOTIONS)), label)))


def choose(wanted: Sequence[str], available: Iterable[str], owner: str) -> tuple[str, ...]:
    """The wanted emotions, each checked against what there is.

    Args:
        wanted: names from the user.
        available: names that the corpus or table has.
        owner: its name, for the error.

    Returns:
        The wanted ones, each once, in the order of :data:`EMOTIONS`.

    Raises:
        UsageError: if one is not available; the message suggests the likely one.

    Example:
        >>> choose(["sad", "calm"], ["calm", "happy", "sad"], owner="ravdess")
        ('calm', 'sad')
    """
    names = in_order(available)
    for label in wanted:
        if label not in names:
            meant = canonical(label)
            raise unknown("emotion", label, names, owner, hint=meant if meant in names else None)
    return in_order(wanted)
