"""Feature groups that are measured over a whole utterance.

The other groups are tracks of frames, of which statistics are taken; these make their own numbers of a recording, so
the statistics of a configuration do not touch them. A further group is a file beside this one, and a line in
:data:`WHOLE`; what it needs from outside it imports when it is first asked to measure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import opensmile, tone

if TYPE_CHECKING:
    from .config import FeatureConfig


class Whole(NamedTuple):
    """A group that is measured over a whole utterance.

    Attributes:
        columns: the names of its numbers, each beginning with the group's.
        measure: the numbers of mono samples at ``config.rate`` Hz: float32, shape (columns,), finite. It raises
            FeatureError where a sound cannot be measured, and MissingExtraError where a library is missing.
        licence: what must be said of it wherever a model that reads it is described; empty where it is free to use.
    """

    columns: Callable[[FeatureConfig], tuple[str, ...]]
    measure: Callable[[NDArray[np.float32], FeatureConfig], NDArray[np.float32]]
    licence: str = ""


WHOLE = {
    "tone": Whole(tone.tone_columns, tone.tone),
    "tone-large": Whole(tone.tone_large_columns, tone.tone_large),
    "egemaps": Whole(opensmile.egemaps_columns, opensmile.egemaps, opensmile.LICENCE),
    "compare": Whole(opensmile.compare_columns, opensmile.compare, opensmile.LICENCE),
}
"""By name, in the order of their columns, which is after those of the frames."""
