"""Mel, chroma and MFCC of clips in memory, on one core: this package against librosa's calls.

Both start from the same 16 kHz samples and end with the means over frames; the calls are those of the prototype.
Each is warmed up first, so that librosa's compilation does not count. They take turns on a few clips at a time, so that
both meet the same moments of a busy machine; medians are over those turns.

    python benchmarks/features.py [ARCHIVE] [--clips 1440] [--repeats 3] [--json]
"""

from __future__ import annotations

from functools import partial

import librosa
import numpy as np
from threadpoolctl import threadpool_limits

import measuring
from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import Waveform
from speech_emotion.corpora import ravdess
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.measure import measure

TIMED = 240
"""Clips that are timed; all are compared."""

TURN = 8
"""Clips that one side measures before it is the other's turn."""


def main() -> None:
    given = measuring.arguments(__doc__, repeats=3)
    measuring.one_core()
    clips = [read(one.path) for one in measuring.spread(list(ravdess.read(given.archive).utterances), given.clips)]
    config = FeatureConfig()

    def ours(some: list[Waveform]) -> np.ndarray:
        return np.array([measure(clip, config) for clip in some])

    def theirs(some: list[Waveform]) -> np.ndarray:
        return np.array([by_librosa(clip.samples) for clip in some])

    with threadpool_limits(1):
        beyond = sum(differing(measure(clip, config), by_librosa(clip.samples)) for clip in clips)
        turned = measuring.spread(clips, TIMED)
        turns = [turned[first : first + TURN] for first in range(0, len(turned), TURN)] * given.repeats
        pairs = [
            (
                1000 * measuring.seconds(partial(ours, some)) / len(some),
                1000 * measuring.seconds(partial(theirs, some)) / len(some),
            )
            for some in turns
        ]
    measuring.tell(
        "features",
        f"mel + chroma + MFCC, one core, a clip (of {len(turned)}), against librosa's calls",
        pairs,
        "ms",
        "5 times as fast",
        given.json,
        note=f"of {180 * len(clips)} values in {len(clips)} clips, {beyond} differ by more than 1e-3 of librosa's",
    )


def differing(ours: np.ndarray, theirs: np.ndarray) -> int:
    """How many values are not librosa's to 1e-3 of it.

    The mean of a cepstral coefficient may all but cancel to zero; it counts as equal within 1e-5 of the clip's largest.
    """
    slack = np.concatenate([np.zeros(140), np.full(40, 1e-5 * np.abs(theirs[140:]).max())])
    return int((np.abs(ours - theirs) > 1e-3 * np.abs(theirs) + slack).sum())


def by_librosa(samples: np.ndarray) -> np.ndarray:
    """The prototype's features: 128 mel, 12 chroma, 40 MFCC."""
    magnitude = np.abs(librosa.stft(samples))
    mel = librosa.feature.melspectrogram(y=samples, sr=16_000)
    chroma = librosa.feature.chroma_stft(S=magnitude, sr=16_000)
    mfcc = librosa.feature.mfcc(y=samples, sr=16_000, n_mfcc=40)
    return np.concatenate([track.mean(axis=1) for track in (mel, chroma, mfcc)])


if __name__ == "__main__":
    main()
