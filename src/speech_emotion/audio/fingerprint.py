"""The fingerprint of a recording, by which the same take is known again.

A take keeps its fingerprint at another sampling rate or level, through a lossy codec, cut shorter, or with a little
noise. Another take of the same words by the same voice has another one. A recording that is played faster or slower
than another is not known again.

A frame is described by how the contrast between neighbouring bands changes in time, as in Haitsma & Kalker (2002,
ISMIR), but the changes keep their size, and only what is loud enough to survive noise counts. Recordings whose
strongest changes fall into the same bands, several times at the same distance in time, are looked at closely (voting,
as in Wang, 2003, ISMIR); how alike two recordings are is then the correlation of their frames at that distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from .waveform import Waveform

RATE = 8_000
"""Hz; what a telephone leaves over is enough, so a copy at any rate from here on is known again."""

FRAME_SECONDS = 0.128  # long enough to tell the harmonics of a voice apart: they differ from take to take
HOP_SECONDS = 0.016
BANDS = 64
LOW, HIGH = 200.0, 3400.0  # Hz
APART = 2  # hops between the two frames whose difference is taken
FLOOR_DB = 25.0  # below the loudest frame's mean band: weaker bands count as if at this level, so noise changes little
SPOKEN_DB = 30.0  # below the loudest frame: quieter frames say nothing
LARGEST_DB = 10.0  # a greater change counts as this much
SILENT = 3e-4  # of full scale, ten steps of 16 bit: a recording that stays below has no fingerprint

SAME_TAKE = 0.68
"""The likeness from which on two recordings are the same take.

Measured: of RAVDESS's 720 pairs in which one actor says one sentence twice in one way, the most alike have 0.605 and
0.567 (one pair, of actor 07, is one recording under two names, and has 1); in EMO-DB the most is 0.26; between the
two corpora 0.29. Of 100 clips of RAVDESS, planted again at another rate (5.5 kHz), 26 dB softer, as MP3, as Ogg Vorbis,
cut at both ends, or in white noise of 20 dB, the least alike to its original has 0.91; in white noise of 10 dB, or
with another clip 10 dB below, 0.72. ``benchmarks/leaks.py`` plants and counts again.
"""

VOTES = 6
"""Frames that must agree before two recordings are compared. A copy in noise of 10 dB has 15 or more."""

LEAST_FRAMES = 24
LEAST_SHARE = 0.6
"""Two recordings are compared over at least so many spoken frames (0.4 s), and at least this share of the shorter."""


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What a take is known by.

    Attributes:
        changes: int8, shape (frames, bands - 1): the change of each contrast, ±120 at the largest, 0 where nobody
            speaks.
        spoken: shape (frames,): where somebody speaks.
    """

    changes: NDArray[np.int8]
    spoken: NDArray[np.bool_]


NO_FINGERPRINT = Fingerprint(np.zeros((0, BANDS - 1), dtype=np.int8), np.zeros(0, dtype=np.bool_))
"""Of a recording that there is nothing to know by."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two recordings of the same take.

    Attributes:
        first: number of the one.
        second: number of the other.
        likeness: correlation of their fingerprints, up to 1.
        offset: seconds into the first at which the second begins.
    """

    first: int
    second: int
    likeness: float
    offset: float


def fingerprint(waveform: Waveform) -> Fingerprint:
    """The fingerprint of a recording.

    Args:
        waveform: mono, at any rate from 8 kHz; below that the upper bands are empty.

    Returns:
        A row each 16 ms; none for a recording that is silent, or shorter than 0.2 s.

    Example:
        >>> fingerprint(Waveform(np.zeros(16_000, dtype=np.float32))).changes.shape
        (0, 63)
    """
    samples = waveform.samples
    if waveform.rate != RATE:
        samples = soxr.resample(samples, waveform.rate, RATE, quality="HQ")
    size, hop = round(FRAME_SECONDS * RATE), round(HOP_SECONDS * RATE)
    if len(samples) < size + (APART + 1) * hop or np.abs(samples).max() < SILENT:
        return NO_FINGERPRINT
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) ** 2
    energies = np.add.reduceat(spectrum, _edges(size), axis=1)[:, :BANDS]
    whole = energies.sum(axis=1)
    if whole.max() == 0:  # all there is lies outside the bands
        return NO_FINGERPRINT
    levels = 10 * np.log10(energies + whole.max() / BANDS * 10 ** (-FLOOR_DB / 10))
    contrast = np.diff(levels, axis=1)
    change = np.clip(contrast[APART:] - contrast[:-APART], -LARGEST_DB, LARGEST_DB)
    spoken = (whole > whole.max() * 10 ** (-SPOKEN_DB / 10))[APART // 2 : -(APART // 2)]
    return Fingerprint(np.rint(change * spoken[:, None] * (120 / LARGEST_DB)).astype(np.int8), spoken)


def likeness(one: Fingerprint, other: Fingerprint, lag: int) -> float:
    """The correlation of two fingerprints where the other begins ``lag`` frames into the one.

    Returns:
        From -1 to 1; -1 also where too little of them falls together.
    """
    first, last = max(0, lag), min(len(one.spoken), len(other.spoken) + lag)
    here, there = slice(first, last), slice(first - lag, last - lag)
    if last <= first:
        return -1.0
    both = one.spoken[here] & other.spoken[there]
    if both.sum() < max(LEAST_FRAMES, LEAST_SHARE * min(one.spoken.sum(), other.spoken.sum())):
        return -1.0
    ours, theirs = (part[both].astype(np.float32).ravel() for part in (one.changes[here], other.changes[there]))
    size = float(np.sqrt((ours @ ours) * (theirs @ theirs)))
    return float(ours @ theirs) / size if size else -1.0


def matches(prints: Sequence[Fingerprint], above: float = SAME_TAKE) -> Iterator[Match]:
    """The pairs of recordings that are alike.

    The time this takes grows with the recordings and with the pairs that have a little in common, not with all pairs.

    Args:
        prints: of all recordings.
        above: the likeness that a pair must have.

    Yields:
        Each pair once, ``first`` before ``second``, in order.
    """
    for first, second, lag in _candidates(prints):
        near = [(likeness(prints[first], prints[second], each), each) for each in (lag - 1, lag, lag + 1)]
        value, best = max(near)
        if value >= above:
            yield Match(first, second, value, best * HOP_SECONDS)


def _edges(size: int) -> NDArray[np.intp]:
    """The first bin of each band and of what lies above, on the mel scale."""
    lowest, highest = (2595 * np.log10(1 + edge / 700) for edge in (LOW, HIGH))
    hertz: NDArray[np.float64] = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 1) / 2595) - 1)
    return np.rint(hertz / RATE * size).astype(np.intp)


_HITS = 4_000_000  # pairs of frames that are counted at a time: bounds the memory
_COMMON = 2_000  # three bands that so many frames share tell nothing apart
_WIDTH = 1 << 20  # more frames than this, 4.6 hours, are not told apart


def _candidates(prints: Sequence[Fingerprint]) -> Iterator[tuple[int, int, int]]:
    """Pairs (first, second, lag) of which many frames agree; of each pair the lag with most votes."""
    keys, times, owners = _frames(prints)
    order = np.argsort(keys, kind="stable")
    keys, times, owners = keys[order], times[order], owners[order]
    starts, ends = (np.searchsorted(keys, keys, side=side) for side in ("left", "right"))
    counts = np.where(ends - starts <= _COMMON, ends - starts, 0)
    by_owner = np.argsort(owners, kind="stable")
    for left in _portions(by_owner, owners, counts):
        many = counts[left]
        here = np.repeat(left, many)
        there = np.arange(many.sum()) - np.repeat(many.cumsum() - many, many) + np.repeat(starts[left], many)
        later = owners[there] > owners[here]
        here, there = here[later], there[later]
        pairs = owners[here] * len(prints) + owners[there]
        yield from _elected(pairs, times[here] - times[there], len(prints))


def _portions(
    by_owner: NDArray[np.intp], owners: NDArray[np.int64], counts: NDArray[np.intp]
) -> Iterator[NDArray[np.intp]]:
    """The frames, in the order of their recordings, some whole recordings at a time."""
    if not len(by_owner):
        return
    portion = counts[by_owner].cumsum() // _HITS
    first_of_owner = np.searchsorted(owners[by_owner], owners[by_owner])
    yield from np.split(by_owner, np.flatnonzero(np.diff(portion[first_of_owner])) + 1)


def _frames(prints: Sequence[Fingerprint]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each spoken frame: its three bands of the strongest rise as one number, its time, its recording."""
    keys, times, owners = [], [], []
    for number, each in enumerate(prints):
        spoken = np.flatnonzero(each.spoken)
        top = np.sort(np.argsort(each.changes[spoken], axis=1, kind="stable")[:, -3:], axis=1).astype(np.int64)
        moving = each.changes[spoken].max(axis=1, initial=0) > 0
        keys.append(((top[:, 0] * BANDS + top[:, 1]) * BANDS + top[:, 2])[moving])
        times.append(spoken[moving])
        owners.append(np.full(int(moving.sum()), number, dtype=np.int64))
    nothing = [np.zeros(0, dtype=np.int64)]
    return np.concatenate(keys or nothing), np.concatenate(times or nothing), np.concatenate(owners or nothing)


def _elected(pairs: NDArray[np.int64], lags: NDArray[np.int64], count: int) -> Iterator[tuple[int, int, int]]:
    places, votes = np.unique(pairs * (2 * _WIDTH) + lags + _WIDTH, return_counts=True)
    # A lag that falls between two frames divides its votes between them.
    beside = np.append(np.diff(places) == 1, False)
    votes = votes + np.where(beside, np.append(votes[1:], 0), 0)
    enough = votes >= VOTES
    places, votes = places[enough], votes[enough]
    order = np.lexsort((-votes, places // (2 * _WIDTH)))
    places = places[order]
    pair, first = np.unique(places // (2 * _WIDTH), return_index=True)
    for one, place in zip(pair.tolist(), places[first].tolist(), strict=True):
        yield one // count, one % count, place % (2 * _WIDTH) - _WIDTH
