"""The process that decodes recordings of strangers: ``python -m speech_emotion.serving.decode_worker``.

It is given bytes on standard input and gives samples on standard output; it has no models, no token, and, where the
system can hold a process to that, may neither take more memory than it was told nor write a byte to disk. A
recording that breaks it costs this process, which the server then replaces.

A question is ``<QId``: the length of the file, the rate wanted in Hz, the most seconds of sound; then the file. An
answer is ``<BQ``: one of the kinds below and the length of what follows: samples (float32, mono) or a message.
"""

from __future__ import annotations

import math
import os
import signal
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

QUESTION = struct.Struct("<QId")
ANSWER = struct.Struct("<BQ")
READY, SOUND, TOO_LONG, UNREADABLE, OUT_OF_MEMORY = range(5)

SECONDS_AT_ONCE = 10.0
"""Of sound decoded before its length is looked at."""

MB = 2**20


def main(memory_mb: float, seconds: float) -> None:
    """Answer questions until there are no more.

    Args:
        memory_mb: MB that a recording may take.
        seconds: for which one may be decoded; the system ends this process after that.
    """
    questions, answers = _channels()
    _import_all()
    _hold_back(int(memory_mb * MB))
    _send(answers, READY, b"")
    while header := questions.read(QUESTION.size):
        length, rate, longest = QUESTION.unpack(header)
        if hasattr(signal, "alarm"):
            signal.alarm(math.ceil(seconds) + 1)  # should the server be gone, and not end this process itself
        try:
            kind, content = _decoded(questions.read(length), rate, longest)
        except MemoryError:
            _send(answers, OUT_OF_MEMORY, b"")
            return
        _send(answers, kind, content)
        if hasattr(signal, "alarm"):
            signal.alarm(0)


def _decoded(data: bytes, rate: int, longest: float) -> tuple[int, bytes | bytearray]:
    from ..audio.read import blocks
    from ..errors import SpeechEmotionError

    grown = bytearray()
    try:
        for block in blocks(data, rate, SECONDS_AT_ONCE):
            grown += block.data
            if len(grown) > longest * rate * block.itemsize:
                return TOO_LONG, b""
    except SpeechEmotionError as error:
        return UNREADABLE, str(error).encode()
    return SOUND, grown


def _send(answers: BinaryIO, kind: int, content: bytes | bytearray) -> None:
    answers.write(ANSWER.pack(kind, len(content)))
    answers.write(content)
    answers.flush()


def _channels() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output; what a library prints goes elsewhere, and signals to end are left to the server."""
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return questions, answers


def _import_all() -> None:
    """What decoding needs, while there is memory to load it."""
    from ..audio.read import read
    from ..errors import SpeechEmotionError

    with suppress(SpeechEmotionError):
        read(b"no recording")  # loads FFmpeg's libraries, where they are installed
    with suppress(ImportError):
        import soxr

        soxr.ResampleStream(48_000, 16_000, 1, dtype="float32", quality="HQ")


def _hold_back(memory: int) -> None:
    """Give up what decoding does not need, for the rest of this process's life."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(OSError):  # only Linux tells how much there is already
        with open("/proc/self/statm", encoding="ascii") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
