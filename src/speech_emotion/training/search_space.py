"""What a search may try: features, statistics, a scale, a family, and that family's hyperparameters.

Each family declares its own space beside it (:mod:`speech_emotion.training.families`). A user narrows or extends all
of it, from Python or by a TOML file:

    features = ["tone", "mfcc"]
    families = ["ridge", "svm"]

    [ridge]
    penalty = { low = 0.1, high = 10, log = true }   # another range
    centred = 0.75                                   # always this value

    [mlp]
    hidden_layer_sizes = [[64], [128, 64]]           # one of these
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import NoneType
from typing import Any

from ..errors import MissingExtraError, UsageError, reason_of, unknown
from ..features.config import FeatureConfig
from ..features.whole import WHOLE
from .candidate import Candidate
from .families import FAMILIES
from .families import family as family_named
from .scaling import SCALINGS
from .spaces import Choice, Dimension, Real, Several, Whole

WIDE = 1024
"""Columns beyond which features are always standardised, and families that are not made for so many learn from
principal components."""

COMPONENTS = (64, 128, 256, 512)

Chooser = Callable[[str, Dimension], Any]
"""Decides one dimension, by its name: ``features.mel``, ``family``, ``ridge.penalty``."""


@dataclass(frozen=True)
class SearchSpace:
    """What a search may try.

    Attributes:
        config: how the table was measured.
        features: the groups to choose from.
        statistics: those to choose from.
        scalings: names from :data:`speech_emotion.training.scaling.SCALINGS`.
        components: how many principal components may be made of features by the thousand.
        families: the families to choose from, each with its dimensions by hyperparameter.
        copies: of each clip, that are learnt as well.
    """

    config: FeatureConfig
    features: tuple[str, ...]
    statistics: tuple[str, ...]
    scalings: tuple[str, ...] = tuple(SCALINGS)
    components: tuple[int, ...] = COMPONENTS
    families: Mapping[str, Mapping[str, Dimension]] = field(default_factory=dict)
    copies: int = 0

    @classmethod
    def of(
        cls,
        config: FeatureConfig,
        families: Sequence[str] | None = None,
        changes: Mapping[str, Any] | None = None,
        copies: int = 0,
    ) -> SearchSpace:
        """The whole space of a table, as a user changed it.

        Args:
            config: how the table was measured.
            families: those to try; None is all.
            changes: what :func:`read` gives: ``features``, ``statistics``, ``scaling``, ``components`` and
                ``families``, each a list to choose from; and under a family's name its hyperparameters, each a value,
                a list to choose from, a range (``low``, ``high`` and perhaps ``log``), or a
                :data:`~speech_emotion.training.spaces.Dimension`.
            copies: of each clip, that are learnt as well.

        Raises:
            UsageError: if something is not known, or not in the table.
        """
        given = dict(changes or {})
        wanted = families or _list(given, "families", FAMILIES, "family") or tuple(FAMILIES)
        whole = cls(
            config=config,
            features=_list(given, "features", config.features, "feature") or config.features,
            statistics=_list(given, "statistics", config.statistics, "statistic") or config.statistics,
            scalings=_list(given, "scaling", SCALINGS, "scaling") or tuple(SCALINGS),
            components=_counts(given.get("components", COMPONENTS)),
            families={name: dict(family_named(name).space) for name in dict.fromkeys(wanted)},
            copies=copies,
        )
        spaces = dict(whole.families)
        for name, own in given.items():
            if name in KEYS:
                continue
            if name not in FAMILIES:
                raise unknown("key", name, [*KEYS, *FAMILIES], owner="a search space")
            if not isinstance(own, Mapping):
                raise UsageError(f"the space of '{name}' is a table of its hyperparameters, not {own!r}")
            changed = _dimensions(name, own)
            if name in spaces:
                spaces[name] = {**spaces[name], **changed}
        return replace(whole, families=spaces)

    def candidate(self, choose: Chooser) -> Candidate | None:
        """The recipe that some choices make; None where they choose no features, or no statistics.

        Args:
            choose: asked for each dimension that matters, after those that it depends on.
        """
        features = self._some("features", self.features, choose)
        if not features:
            return None
        framed = any(group not in WHOLE for group in features)
        statistics = self._some("statistics", self.statistics, choose) if framed else self.config.statistics[:1]
        if not statistics:
            return None
        name = choose("family", Choice(tuple(self.families)))
        kind = family_named(name)
        scaling, components = "standard", None
        if self.config.narrowed(features, statistics).size > WIDE:
            if not kind.wide:
                components = choose("components", Choice(self.components))
        elif kind.scales:
            scaling = choose("scaling", Choice(self.scalings))
        own = {each: choose(f"{name}.{each}", dimension) for each, dimension in self.families[name].items()}
        return Candidate(name, features, own, statistics, scaling, components)

    def choices(self, candidate: Candidate) -> dict[str, tuple[Any, Dimension]]:
        """What was chosen to make a candidate: by the dimension's name the value, and the dimension."""
        made: dict[str, tuple[Any, Dimension]] = {}

        def note(name: str, dimension: Dimension) -> Any:
            kind, _, rest = name.partition(".")
            if kind == "features":
                value: Any = rest in candidate.features
            elif kind == "statistics":
                value = rest in candidate.statistics
            elif not rest:
                value = getattr(candidate, name)
            else:
                value = candidate.hyperparameters[rest]
            made[name] = (value, dimension)
            return value

        self.candidate(note)
        return made

    def restored(self, about: Mapping[str, Any]) -> Candidate:
        """The candidate of :meth:`~speech_emotion.training.candidate.Candidate.as_dict`, with its tuples.

        Raises:
            UsageError: if its family has no such hyperparameter, or it cannot have that value.
            ValueError: if it is of features or statistics that are none of this space's, or scaled in no known way.
        """
        own = {
            name: tuple(value) if isinstance(value, list) else value for name, value in about["hyperparameters"].items()
        }
        for name, value in own.items():
            family_named(about["family"]).check(name, value)
        lists = {name: tuple(about[name]) for name in ("features", "statistics")}
        if not ({*lists["features"]} <= {*self.features} and {*lists["statistics"]} <= {*self.config.statistics}):
            raise ValueError(f"features {about['features']}, statistics {about['statistics']}")
        if about["scaling"] not in SCALINGS or type(about["components"]) not in (int, NoneType):
            raise ValueError(f"scaling {about['scaling']}, components {about['components']}")
        return Candidate(
            about["family"], lists["features"], own, lists["statistics"], about["scaling"], about["components"]
        )

    def fingerprint(self) -> str:
        """The same for the same space."""
        families = {name: {each: repr(own) for each, own in space.items()} for name, space in self.families.items()}
        about = [self.config.as_dict(), self.features, self.statistics, self.scalings, self.components, families]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()

    def _some(self, kind: str, names: tuple[str, ...], choose: Chooser) -> tuple[str, ...]:
        if len(names) == 1:
            return names
        return tuple(name for name in names if choose(f"{kind}.{name}", Choice((True, False))))


LARGEST = 2**20
"""Letters of a TOML file."""

KEYS = ("features", "statistics", "scaling", "components", "families")


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Changes to the space, from a TOML file.

    Raises:
        UsageError: if there is no such file, or it is not TOML.
        MissingExtraError: if this Python has no TOML, and tomli is not installed.
    """
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        try:
            import tomli as tomllib
        except ModuleNotFoundError as error:
            raise MissingExtraError("a search space in TOML", "train") from error
    if not os.fspath(path) or (os.path.exists(path) and not os.path.isfile(path)):
        raise UsageError(f"'{os.fspath(path)}' is no file; name a TOML file")
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
        found: dict[str, Any] = {} if len(text) > LARGEST else tomllib.loads(text)
    except FileNotFoundError:
        raise UsageError(f"no such file: {path}") from None
    except OSError as error:
        raise UsageError(f"{path}: {reason_of(error)}; name a TOML file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not a search space in TOML: it is no text") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a search space in TOML: {' '.join(str(error).split())}") from error
    if len(text) > LARGEST:
        raise UsageError(f"{path} is longer than any search space; name the TOML file")
    return found


@contextmanager
def naming(file: object) -> Iterator[None]:
    """What is wrong with a space is told with the file that it comes from, where it comes from one."""
    try:
        yield
    except UsageError as error:
        if not isinstance(file, (str, os.PathLike)):
            raise
        raise UsageError(f"{file}: {error}") from error


def _list(given: Mapping[str, Any], key: str, valid: Any, kind: str) -> tuple[str, ...]:
    wanted = given.get(key, ())
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(wanted, Collection) or not all(isinstance(name, str) for name in wanted):
        raise UsageError(f"{key} are names, such as {list(valid)[:1]}, not {wanted!r}")
    if key in given and not wanted:
        raise UsageError(f"{key} is an empty list; name some, or leave it out for all")
    for name in wanted:
        if name not in valid:
            raise unknown(kind, str(name), list(valid), owner="the search")
    return tuple(name for name in valid if name in wanted)


def _counts(given: Any) -> tuple[int, ...]:
    counts = list(given) if isinstance(given, Collection) and not isinstance(given, str) else [given]
    if not counts or not all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in counts):
        raise UsageError(f"components are whole numbers above 0, such as [64, 256], not {given!r}")
    return tuple(counts)


def _dimensions(name: str, own: Mapping[str, Any]) -> dict[str, Dimension]:
    limits = family_named(name).limits
    made = {each: _dimension(f"{name}.{each}", value, limits.get(each, ())) for each, value in own.items()}
    for each, dimension in made.items():
        ends = dimension.values if isinstance(dimension, Choice) else (dimension.low, dimension.high)
        family_named(name).check(each, *ends)
    return made


def _dimension(name: str, value: Any, limits: Sequence[Dimension | Several]) -> Dimension:
    if isinstance(value, (Choice, Real, Whole)):
        return value
    if isinstance(value, Mapping):
        low, high, log = value.get("low"), value.get("high"), value.get("log", False)
        numbers = all(map(_is_number, (low, high)))
        if set(value) - {"low", "high", "log"} or not numbers or not isinstance(log, bool):
            raise UsageError(f"a range of {name} is {{ low = …, high = …, log = true or false }}, not {dict(value)}")
        if not low <= high or (log and low <= 0):  # type: ignore[operator]
            raise UsageError(f"the range of {name} must rise{', from above 0' if log else ''}: not {low} to {high}")
        whole = all(isinstance(end, int) for end in (low, high)) and any(isinstance(each, Whole) for each in limits)
        return Whole(low, high, log) if whole else Real(float(low), float(high), log)  # type: ignore[arg-type]
    if isinstance(value, list):
        if not value:
            raise UsageError(f"{name} has no values to choose from")
        return Choice(tuple(map(_value, value)))
    return Choice((_value(value),))


def _is_number(value: Any) -> bool:
    """Whether it is one that a float can be; whole numbers of TOML may be larger."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _value(value: Any) -> Any:
    """A value as Python has it: TOML has no None and no tuples."""
    if isinstance(value, list):
        return tuple(map(_value, value))
    endless = isinstance(value, float) and not math.isfinite(value)
    if endless or isinstance(value, (Mapping, datetime.date, datetime.time)):
        raise UsageError(f"{value!r} is no value to search in; valid: numbers, text, true, false, and lists of them")
    return None if value == "none" else value
