"""Mel, chroma and MFCC of clips in memory, on one core: this package against librosa's calls.

Both start from the same 16 kHz samples and end with the means over frames; the calls are those of the prototype.
Each is warmed up first, so that librosa's compilation does not count.

    python benchmarks/features.py [ARCHIVE] [--clips 240] [--repeats 5] [--json]
"""

from __future__ import annotations

import librosa
import numpy as np
from threadpoolctl import threadpool_limits

import measuring
from speech_emotion.audio.read import read
from speech_emotion.corpora import ravdess
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.measure import measure


def main() -> None:
    given = measuring.arguments(__doc__, clips=240, repeats=5)
    measuring.one_core()
    clips = [read(one.path) for one in measuring.spread(list(ravdess.read(given.archive).utterances), given.clips)]
    config = FeatureConfig()

    def ours() -> list[np.ndarray]:
        return [measure(clip, config) for clip in clips]

    def theirs() -> list[np.ndarray]:
        return [by_librosa(clip.samples) for clip in clips]

    with threadpool_limits(1):
        differences = np.abs(np.array(ours()) - np.array(theirs())) / (np.abs(np.array(theirs())) + 1e-4)
        pairs = [
            (1000 * measuring.seconds(ours) / len(clips), 1000 * measuring.seconds(theirs) / len(clips))
            for _ in range(given.repeats)
        ]
    measuring.tell(
        "features",
        f"mel + chroma + MFCC, one core, a clip (of {len(clips)}), against librosa's calls",
        pairs,
        "ms",
        "5 times as fast",
        given.json,
        note=f"largest relative difference {differences.max():.1e}",
    )


def by_librosa(samples: np.ndarray) -> np.ndarray:
    """The prototype's features: 128 mel, 12 chroma, 40 MFCC."""
    magnitude = np.abs(librosa.stft(samples))
    mel = librosa.feature.melspectrogram(y=samples, sr=16_000)
    chroma = librosa.feature.chroma_stft(S=magnitude, sr=16_000)
    mfcc = librosa.feature.mfcc(y=samples, sr=16_000, n_mfcc=40)
    return np.concatenate([track.mean(axis=1) for track in (mel, chroma, mfcc)])


if __name__ == "__main__":
    main()
