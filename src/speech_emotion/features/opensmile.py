"""openSMILE's feature sets: eGeMAPS and ComParE 2016.

They are what much of this field compares itself with: ``egemaps``, 88 numbers chosen by hand (Eyben et al., 2016, IEEE
Trans. Affective Computing 7(2)), and ``compare``, 6373 made by brute force (Schuller et al., 2016, Interspeech).

openSMILE comes by the extra ``opensmile``. Its licence is for research only, so nothing uses it unless it is asked
for. The names of the numbers are kept here: a table or a model says what it holds where openSMILE is not installed.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FeatureError, MissingExtraError

if TYPE_CHECKING:
    from .config import FeatureConfig

LICENCE = "measured by openSMILE, whose licence is for research only"


def egemaps_columns(config: FeatureConfig) -> tuple[str, ...]:
    """The names of eGeMAPS's 88 numbers: ``egemaps_`` and openSMILE's."""
    return _columns("egemaps")


def egemaps(samples: NDArray[np.float32], config: FeatureConfig) -> NDArray[np.float32]:
    """The functionals of eGeMAPSv02, float32, shape (88,).

    Raises:
        FeatureError: if there is less than about 0.06 s of sound.
        MissingExtraError: if openSMILE is not installed.
    """
    return _functionals("eGeMAPSv02", samples, config.rate)


def compare_columns(config: FeatureConfig) -> tuple[str, ...]:
    """The names of ComParE's 6373 numbers: ``compare_`` and openSMILE's."""
    return _columns("compare")


def compare(samples: NDArray[np.float32], config: FeatureConfig) -> NDArray[np.float32]:
    """The functionals of ComParE 2016, float32, shape (6373,).

    Raises:
        FeatureError: if there is less than about 0.06 s of sound.
        MissingExtraError: if openSMILE is not installed.
    """
    return _functionals("ComParE_2016", samples, config.rate)


def _functionals(feature_set: str, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    smile = _smile(feature_set)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of too short a sound, which is told below
        found: NDArray[np.float32] = smile(samples, rate)[0, :, 0]
    if not np.isfinite(found).all():
        raise FeatureError(f"{len(samples) / rate:.2f} s of sound are too few for openSMILE")
    return found


@lru_cache(maxsize=2)
def _smile(feature_set: str) -> Any:
    try:
        import opensmile
    except ImportError:
        raise MissingExtraError(f"{feature_set}, by openSMILE (licensed for research only),", "opensmile") from None
    return opensmile.Smile(getattr(opensmile.FeatureSet, feature_set), opensmile.FeatureLevel.Functionals)


@lru_cache(maxsize=2)
def _columns(group: str) -> tuple[str, ...]:
    """The names in a file of blocks; a block of two lines is every track with every functional."""
    file = resources.files(__package__) / "names" / f"{group}.txt"
    blocks = [[line.split() for line in block.splitlines()] for block in file.read_text(encoding="utf-8").split("\n\n")]
    return tuple("_".join([group, *parts]) for block in blocks for parts in product(*block))
