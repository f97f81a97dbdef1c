"""How short a stretch of speech may be, and how exactly it must be cut, for its tone to be told.

Short: the middle of EMO-DB's clips of four emotions (RAVDESS's calm read as neutral), heard by `tone`, which learnt
from RAVDESS alone: how many are right, how confident it is, and how many it calls sure. Cut: RAVDESS's clips at the
times of Whisper tiny.en, with more or less around: how many get the answer of the whole clip.

    python benchmarks/segments.py [RAVDESS] [EMO-DB] [--clips 120]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import measuring
from speech_emotion import corpora
from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import RATE, Waveform
from speech_emotion.corpora import emodb, ravdess
from speech_emotion.corpora.utterance import Utterance
from speech_emotion.features.log_mel import log_mel
from speech_emotion.features.tone import speech
from speech_emotion.models.bundle import load
from speech_emotion.models.model import Model
from speech_emotion.models.prediction import Prediction
from speech_emotion.recognition import whisper

FOUR = {"neutral": "neutral", "calm": "neutral", "happy": "happy", "sad": "sad", "angry": "angry"}
LENGTHS = (0.15, 0.3, 0.5, 0.75, 1.0, 1.5, None)
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ravdess", type=Path, nargs="?", default=corpora.find("ravdess"))
    parser.add_argument("emodb", type=Path, nargs="?", default=corpora.find("emodb"))
    parser.add_argument("--clips", type=int, default=120, help="of each corpus at most")
    given = parser.parse_args()
    model = load("tone")
    clips = [clip for clip in emodb.read(given.emodb).utterances if clip.emotion in FOUR]
    short(measuring.spread(clips, given.clips), model)
    cut(measuring.spread(list(ravdess.read(given.ravdess).utterances), given.clips), model)


def short(clips: Sequence[Utterance], model: Model) -> None:
    print(
        f"the middle of {len(clips)} clips of EMO-DB\n\n| heard | right | mean confidence | sure |\n|---|---|---|---|"
    )
    sounds = [read(clip.path).samples for clip in clips]
    middles = [sum(speech(log_mel(sound))) // 2 * RATE // 100 for sound in sounds]
    for length in LENGTHS:
        half = max(map(len, sounds)) if length is None else round(length * RATE / 2)
        heard = [
            hear(sound[max(0, middle - half) : middle + half], model)
            for sound, middle in zip(sounds, middles, strict=True)
        ]
        right = np.mean([four(said) == FOUR[clip.emotion] for said, clip in zip(heard, clips, strict=True)])
        confidence = np.mean([said.confidence for said in heard])
        sure = np.mean([said.emotion is not None for said in heard])
        print(
            f"| {'all' if length is None else f'{length} s'} | {right:.0%} | {confidence:.2f} | {sure:.0%} |",
            flush=True,
        )


def cut(clips: Sequence[Utterance], model: Model) -> None:
    listener = whisper.opened(measuring.whisper_folder(), 2)
    same: Counter[float] = Counter()
    count = 0
    for clip in clips:
        sound = read(clip.path).samples
        segments, _ = listener.transcribe(sound, language="en", word_timestamps=True, vad_filter=True)
        found = list(segments)
        if not found:
            continue
        count += 1
        whole = hear(sound, model).scores[0][0]
        for margin in MARGINS:
            first, last = max(0.0, found[0].start - margin), found[-1].end + margin
            same[margin] += hear(sound[round(first * RATE) : round(last * RATE)], model).scores[0][0] == whole
    print(
        f"\n{count} clips of RAVDESS, cut at Whisper's times\n\n| heard around | the answer of the whole |\n|---|---|"
    )
    for margin in MARGINS:
        print(f"| {margin} s | {same[margin]} |")


def hear(samples: np.ndarray, model: Model) -> Prediction:
    return model.recognize_waveform(Waveform(samples, RATE))


def four(said: Prediction) -> str:
    """The likeliest of four emotions."""
    sums = dict.fromkeys(FOUR.values(), 0.0)
    for emotion, score in said.scores:
        if emotion in FOUR:
            sums[FOUR[emotion]] += score
    return max(sums, key=lambda emotion: sums[emotion])


if __name__ == "__main__":
    main()
