"""JSON from a stranger, taken apart one checked value at a time.

Each function returns the value it was given, or raises a one-line
:class:`~speech_emotion.errors.BundleError` that names the place, what it must be, and what is there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from ..errors import BundleError

LONGEST_NAME = 100
LONGEST_TEXT = 5_000
MOST_ENTRIES = 1_000

Value = TypeVar("Value")


def parse(data: bytes) -> dict[str, Any]:
    """A JSON object, without what JSON allows and nobody means: NaN, endless numbers, a key that is there
    twice.

    Example:
        >>> parse(b'{"format": 1}')
        {'format': 1}
    """
    try:
        values = json.loads(
            data.decode(),
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_small,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError) as error:
        raise BundleError(f"manifest.json cannot be understood ({one_line(error)})") from error
    return mapping(values, "manifest.json")


def mapping(value: object, place: str, keys: Collection[str] | None = None) -> dict[str, Any]:
    """An object; with ``keys``, one that has these fields and no other."""
    if not isinstance(value, dict):
        raise wrong(place, "an object", value)
    if keys is not None:
        for name in keys:
            if name not in value:
                raise BundleError(f"{place} lacks '{name}'")
        for name in value:
            if name not in keys:
                raise BundleError(f"{place} has an unknown field {short(name)}")
    return value


def named(values: object, place: str, check: Callable[[Any, str], Value]) -> dict[str, Value]:
    """An object whose values all pass ``check(value, place)``."""
    entries = mapping(values, place)
    if len(entries) > MOST_ENTRIES:
        raise wrong(place, f"an object of at most {MOST_ENTRIES} fields", len(entries))
    return {
        text(name, place, LONGEST_NAME): check(value, f"{short(name)} in {place}") for name, value in entries.items()
    }


def sequence(value: object, place: str, most: int) -> list[Any]:
    """A list of at most so many items."""
    if not isinstance(value, list) or len(value) > most:
        raise wrong(place, f"a list of at most {most}", value)
    return value


def text(value: object, place: str, longest: int = LONGEST_TEXT) -> str:
    """One line that is safe to print, maybe empty."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > longest:
        raise wrong(place, f"one printable line of at most {longest} characters", value)
    return value


def sha256(value: object, place: str) -> str:
    """A SHA-256 in lower-case hexadecimal."""
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise wrong(place, "a SHA-256 in lower-case hexadecimal", value)
    return value


def number(value: object, place: str, low: float, high: float) -> float:
    """A finite number within bounds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise wrong(place, f"a number from {low:g} to {high:g}", value)
    return float(value)


def whole(value: object, place: str, low: int, high: int) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise wrong(place, f"a whole number from {low} to {high}", value)
    return value


def plain(value: object, place: str) -> object:
    """A text, number, truth value or null, or a list of them."""
    if isinstance(value, list):
        return [plain(item, place) for item in sequence(value, place, MOST_ENTRIES)]
    if isinstance(value, str):
        return text(value, place)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise wrong(place, "a plain value or a list of them", value)


def one_of(value: object, place: str, valid: Sequence[object]) -> None:
    """Refuse a value that this version has no meaning for."""
    if value not in valid:
        raise wrong(place, f"{' or '.join(json.dumps(item) for item in valid)} (this version knows no other)", value)


def wrong(place: str, valid: str, value: object) -> BundleError:
    """The error for a value that is not what it must be."""
    return BundleError(f"{place} must be {valid}, not {short(value)}")


def short(value: object) -> str:
    """A value as it may stand in an error: on one line, without control characters, not too long."""
    shown = ascii(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def one_line(words: object) -> str:
    """Somebody else's error message as part of ours."""
    line = " ".join(str(words).split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:200]


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is too large")
    return value


def _small(digits: str) -> int:
    if len(digits) > 16:
        raise ValueError(f"{digits[:20]}… is too large")
    return int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a field is there twice")
    return values
