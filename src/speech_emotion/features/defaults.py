"""What is measured where nothing else is asked for, and what goes with what.

The speech encoder's layers with discriminants by ridge regression, learnt from each clip also slower and faster, do
best on voices that were not heard (docs/accuracy.md). Families that are made for a few hundred numbers read mel, chroma
and MFCC, as the prototype did.
"""

from __future__ import annotations

from collections.abc import Sequence

OF_ENCODERS = ("tone", "tone-large")
"""Groups that have thousands of numbers."""

QUICK_OF_THOUSANDS = ("ridge", "lda")
"""Families that learn so many numbers in seconds."""

TONE = ("tone",)

CLASSIC = ("mel", "chroma", "mfcc")
"""The prototype's."""

TEMPI = ("slower", "faster")
"""The copies that do encoders' features good: 1.6 to 1.8 points of UAR on new speakers."""

AS_IN_LIFE = (*TEMPI, "far", "telephone", "babble", "noise")
"""The copies that the built-in models learn from: other tempi, another microphone in a noisy room, a telephone, among
others who speak, in noise."""

SEARCHED = ("mean", "std", "slope", "delta", "p10", "p50", "p90")
"""The statistics over frames that a search chooses from where none are named."""

NO_COPIES = ("none",)
"""How a user says that there shall be none."""


def features_of(family: str | None = None, statistics: Sequence[str] | None = None) -> tuple[str, ...]:
    """The groups that are measured where none are named.

    Args:
        family: of classifiers, where one is named.
        statistics: over frames, where some are named; the encoder has no use for them.

    Example:
        >>> features_of(), features_of("mlp"), features_of("ridge"), features_of(statistics=["mean", "std"])
        (('tone',), ('mel', 'chroma', 'mfcc'), ('tone',), ('mel', 'chroma', 'mfcc'))
    """
    return TONE if family in (None, "ridge") and not statistics else CLASSIC


def family_of(features: Sequence[str]) -> str:
    """The family that learns from these groups where none is named.

    Example:
        >>> family_of(["mfcc"]), family_of(["tone", "f0"])
        ('mlp', 'ridge')
    """
    return "ridge" if set(features) & set(OF_ENCODERS) else "mlp"


def families_of(features: Sequence[str]) -> tuple[str, ...] | None:
    """The families that a search tries where none are named: those that learn thousands of numbers in seconds, or all.

    Example:
        >>> families_of(["mfcc"]), families_of(["tone", "f0"])
        (None, ('ridge', 'lda'))
    """
    return QUICK_OF_THOUSANDS if set(features) & set(OF_ENCODERS) else None


def copies_of(features: Sequence[str], copies: Sequence[str] | None = None, *, named: bool = True) -> tuple[str, ...]:
    """The copies that are made of each clip.

    Args:
        features: the groups that are measured.
        copies: those that are named, ``none`` for none; None where nothing is said.
        named: whether the features were named; whoever chooses them chooses the copies, too.

    Example:
        >>> copies_of(["tone"], named=False), copies_of(["tone"]), copies_of(["tone"], ["none"], named=False)
        (('slower', 'faster'), (), ())
    """
    if copies is None:
        return TEMPI if not named and set(features) & set(OF_ENCODERS) else ()
    wanted = (copies,) if isinstance(copies, str) else tuple(copies)
    return () if wanted == NO_COPIES else wanted
