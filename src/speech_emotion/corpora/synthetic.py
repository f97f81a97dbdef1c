"""Made voices, for tests and for a first look where there are no recordings.

Speakers differ in sex, pitch, length of the vocal tract, pace, loudness and effort. Four emotions shift these
in the directions that Banse & Scherer (1996) found in actors, more in some speakers than in others, so that
they can be learnt, but not perfectly. A score on these voices says that the software works, and nothing about
people.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from pathlib import Path

from ..errors import CorpusError, UsageError
from ..workers import Progress
from ..writing import write_error
from . import paths
from .utterance import Corpus, Origin, Utterance
from .voice import RATE, Tone, invent, say

ORIGIN = Origin(
    name="synthetic",
    licence="CC0 1.0",
    citation="Synthetic voices, made by the Python package speech-emotion; no person speaks.",
)
LANGUAGE = None
ARCHIVE = None
BY_HAND = None

TONES = {
    "calm": Tone(pitch=-1.0, span=1.0, glide=-1.5, pace=0.95, level=-2.0, effort=-0.10, breath=0.03),
    "happy": Tone(pitch=4.0, span=3.0, glide=1.0, pace=1.15, level=3.0, effort=0.10, breath=0.00),
    "sad": Tone(pitch=-0.5, span=0.7, glide=-3.0, pace=0.80, level=-5.0, effort=-0.25, breath=0.10),
    "angry": Tone(pitch=3.0, span=2.2, glide=-2.0, pace=1.20, level=6.0, effort=0.30, breath=-0.03),
}
"""The emotions."""

SENTENCES = ("sa mi do na be", "be lu ga si ro", "no da me sha ki")
"""Nonsense, so that no word gives an emotion away."""

VERSION = 1
"""Part of every file name; the same version and seed give the same voices."""


def write(
    folder: str | os.PathLike[str],
    speakers: int = 8,
    takes: int = 2,
    seed: int = 0,
    progress: Progress | None = None,
) -> Corpus:
    """Make the voices and save them as 16 kHz WAV files, or find them already there.

    Args:
        folder: new, empty, or holding just these voices; a new one appears only once it is complete.
        speakers: how many; men and women in turn.
        takes: how often each says each sentence in each emotion.
        seed: 0 or more; the same seed gives the same samples, whatever the other numbers.
        progress: called with how many files are made and how many there will be.

    Returns:
        ``speakers`` × 4 emotions × 3 sentences × ``takes`` utterances.

    Raises:
        UsageError: if a number is too small.
        CorpusError: if the folder holds something else, or cannot be written.
    """
    for name, number, least in (("speakers", speakers, 1), ("takes", takes, 1), ("seed", seed, 0)):
        if number < least:
            raise UsageError(f"{name} must be {least} or more, not {number}")
    target = Path(folder)
    files = [
        (_file(seed, speaker, emotion, sentence, take), (speaker, emotion, sentence, take))
        for speaker in range(1, speakers + 1)
        for emotion in sorted(TONES)
        for sentence in range(1, len(SENTENCES) + 1)
        for take in range(1, takes + 1)
    ]
    try:
        if not target.exists() or not any(target.iterdir()):
            _write_all(target, files, seed, progress or (lambda done, total: None))
    except OSError as error:
        raise write_error(target, error, CorpusError) from error
    corpus = read(target)
    if {Path(utterance.path).name for utterance in corpus.utterances} != {name for name, _ in files}:
        raise CorpusError(f"{target} holds other synthetic voices than these; choose another folder")
    return corpus


def owns(name: str) -> bool:
    """Whether a file is named as :func:`write` names its files.

    Example:
        >>> owns("synthetic-v1-seed0-03-angry-s1-t2.wav")
        True
    """
    return _NAME.fullmatch(Path(name).name) is not None


def read(path: str | os.PathLike[str]) -> Corpus:
    """The voices in a folder or archive, as :func:`write` left them.

    Raises:
        CorpusError: if there are none.
    """
    utterances, left_out = [], 0
    for file in paths.walk(path):
        name = _NAME.fullmatch(Path(file).name)
        if name is None:
            left_out += 1
            continue
        utterances.append(
            Utterance(
                path=file,
                emotion=name["emotion"],
                speaker=f"{ORIGIN.name}/{name['speaker']}",
                corpus=ORIGIN.name,
                sentence=SENTENCES[int(name["sentence"]) - 1],
                repetition=int(name["take"]),
                sex=_sex(int(name["speaker"])),
            )
        )
    if not utterances:
        raise CorpusError(f"no synthetic voice in {path}; 'synthetic' without a path makes some")
    utterances.sort(key=lambda utterance: utterance.path)
    return Corpus(ORIGIN, tuple(utterances), {"not a synthetic voice": left_out} if left_out else {})


_NAME = re.compile(
    rf"synthetic-v\d+-seed\d+-(?P<speaker>\d+)-(?P<emotion>{'|'.join(TONES)})"
    rf"-s(?P<sentence>[1-{len(SENTENCES)}])-t(?P<take>\d+)\.wav"
)
_Take = tuple[int, str, int, int]
"""Speaker, emotion, sentence and take; the numbers from 1."""


def _file(seed: int, speaker: int, emotion: str, sentence: int, take: int) -> str:
    return f"synthetic-v{VERSION}-seed{seed}-{speaker:02}-{emotion}-s{sentence}-t{take}.wav"


def _sex(speaker: int) -> str:
    return "male" if speaker % 2 else "female"


def _write_all(target: Path, files: list[tuple[str, _Take]], seed: int, progress: Progress) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for done, (name, take) in enumerate(files, 1):
            (unfinished / name).write_bytes(_wav(take, seed))
            progress(done, len(files))
        if target.exists():
            target.rmdir()
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _wav(take: _Take, seed: int) -> bytes:
    import numpy as np
    import soundfile

    speaker, emotion, sentence, number = take
    voice = invent(_sex(speaker), np.random.default_rng((seed, speaker)))
    chance = np.random.default_rng((seed, speaker, sorted(TONES).index(emotion), sentence, number))
    file = io.BytesIO()
    soundfile.write(file, say(SENTENCES[sentence - 1], voice, TONES[emotion], chance), RATE, "PCM_16", format="WAV")
    return file.getvalue()
