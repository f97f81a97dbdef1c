"""Near duplicates among RAVDESS: how many of those planted are found, and how many that are found are none.

Twenty clips are planted again, four of each of five kinds: at 11 kHz, 20 dB softer, as MP3, cut at both ends, and in
noise of 20 dB or with another clip 15 dB below. Then every clip is planted again as MP3: RAVDESS twice. Of real clips
only one recording, which RAVDESS has under two names, is there twice; what else is found is a false alarm. What a user
would do instead is to compare the samples' checksums.

    python benchmarks/leaks.py [ARCHIVE] [--clips 1440] [--repeats 3] [--json]
"""

from __future__ import annotations

import argparse
import io
import json
import statistics

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

import measuring
from speech_emotion.audio.fingerprint import Fingerprint, fingerprint, matches
from speech_emotion.audio.read import channels
from speech_emotion.audio.soundness import examine, mixed
from speech_emotion.audio.waveform import Waveform
from speech_emotion.corpora import Utterance, ravdess

Sound = tuple[NDArray[np.float32], int]
"""Samples and their rate."""

KINDS = ("another rate", "softer", "MP3", "trimmed", "noise or mix")
EACH = 4  # planted of each kind


def main() -> None:
    given = measuring.arguments(__doc__)
    measuring.one_core()
    clips = [heard(each) for each in measuring.spread(ravdess.read(given.archive).utterances, given.clips)]
    prints = [fingerprint(Waveform(*clip)) for clip in clips]
    planting(given, clips, prints)
    twice(given, clips, prints)


def planting(given: argparse.Namespace, clips: list[Sound], prints: list[Fingerprint]) -> None:
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(clips))[: len(KINDS) * EACH].tolist()
    others = np.roll(rows, 1).tolist()
    planted = [
        changed(n, clips[row], clips[other], rng) for n, (row, other) in enumerate(zip(rows, others, strict=True))
    ]
    found = pairs([*prints, *(fingerprint(Waveform(*sound)) for sound in planted)])
    sums = [digest(sound) for sound in [*clips, *planted]]
    of = [*range(len(clips)), *rows]
    alarms = sum(sums[of[one]] != sums[of[other]] for one, other in found)
    kinds = []
    for number, kind in enumerate(KINDS):
        theirs = range(number * EACH, min((number + 1) * EACH, len(rows)))
        kinds.append(f"{kind} {sum((rows[n], len(clips) + n) in found for n in theirs)} of {len(theirs)}")
    right = sum((row, len(clips) + number) in found for number, row in enumerate(rows))
    tell(
        given,
        f"near duplicates planted among {len(clips)} clips",
        f"{right} of {len(rows)} found, {alarms} false alarms",
        f"{sum(each in sums[: len(clips)] for each in sums[len(clips) :])} of {len(rows)} found",
        f"{len(rows)} of {len(rows)}, no false alarm",
        ", ".join(kinds),
    )


def twice(given: argparse.Namespace, clips: list[Sound], prints: list[Fingerprint]) -> None:
    copies = [through("MP3", clip) for clip in clips]
    both = [*prints, *(fingerprint(Waveform(*copy)) for copy in copies)]
    taken = [measuring.seconds(lambda: pairs(both)) for _ in range(given.repeats)]
    found = pairs(both)
    sums = [digest(sound) for sound in clips]
    right = sum((number, number + len(clips)) in found for number in range(len(clips)))
    wrong = sum(sums[one % len(clips)] != sums[other % len(clips)] for one, other in found)
    making = measuring.seconds(lambda: [fingerprint(Waveform(*clip)) for clip in clips])
    tell(
        given,
        f"the search among {len(clips)} clips and an MP3 of each, one core",
        f"{statistics.median(taken):.2f} s, {right} of {len(clips)} found, {wrong} false alarms",
        f"{sum(digest(copy) in sums for copy in copies)} of {len(clips)} found",
        "seconds",
        f"median of {given.repeats}; before it, {1000 * making / len(clips):.1f} ms for each clip's fingerprint",
    )


def heard(utterance: Utterance) -> Sound:
    samples, rate = channels(utterance.path)
    return mixed(samples), rate


def changed(number: int, clip: Sound, other: Sound, rng: np.random.Generator) -> Sound:
    """A copy of a clip, of the kind that comes to a number, as it is read again from a 16 bit file."""
    samples, rate = clip
    kind = KINDS[number // EACH]
    if kind == "another rate":
        return through("WAV", (soxr.resample(samples, rate, 11_025), 11_025))
    if kind == "softer":
        return through("WAV", (samples * 10 ** (-20 / 20), rate))
    if kind == "MP3":
        return through("MP3", clip)
    if kind == "trimmed":
        return through("WAV", (samples[int(0.8 * rate) : -int(0.7 * rate)], rate))
    below, decibels = (rng.standard_normal(len(samples)), 20) if number % 2 else (np.resize(other[0], len(samples)), 15)
    below = below / np.sqrt((below**2).mean()) * np.sqrt((samples**2).mean()) * 10 ** (-decibels / 20)
    return through("WAV", ((samples + below).astype(np.float32), rate))


def through(kind: str, sound: Sound) -> Sound:
    file = io.BytesIO()
    soundfile.write(file, *sound, format=kind)
    samples, rate = channels(file.getvalue())
    return mixed(samples), rate


def digest(sound: Sound) -> str:
    return examine(sound[0][:, None], sound[1]).digest


def pairs(prints: list[Fingerprint]) -> set[tuple[int, int]]:
    return {(match.first, match.second) for match in matches(prints)}


def tell(given: argparse.Namespace, figure: str, ours: str, theirs: str, goal: str, note: str) -> None:
    row = {"figure": figure, "ours": ours, "by checksum": theirs, "goal": goal, "note": note}
    print(json.dumps(row, ensure_ascii=False) if given.json else "  ".join(row.values()), flush=True)


if __name__ == "__main__":
    main()
