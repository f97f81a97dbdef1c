"""Decoding what strangers send, in processes of its own (:mod:`.decode_worker`): a hostile file costs one request."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..audio.waveform import Waveform
from . import decode_worker
from .decode_worker import ANSWER, OUT_OF_MEMORY, QUESTION, READY, SECONDS_AT_ONCE, SOUND, TOO_LONG
from .limits import ServerLimits
from .refusals import RefusedError

START_SECONDS = 60.0
"""For a decoder to start; it takes half a second where nothing else is going on."""

PACKAGES = Path(__file__).parents[2]
"""Where decoders are started, so that no file of the folder in which the server runs is taken for a library."""

LONGEST_MESSAGE = 2**16
"""Bytes of what a decoder says of a recording that it cannot read."""

KEPT = ("PATH", "PYTHON", "LD_LIBRARY_PATH", "DYLD_", "LANG", "LC_", "SYSTEMROOT", "TEMP", "TMP")
"""Beginnings of the names of the environment's variables that decoders see; no token is among them."""

_log = logging.getLogger(__name__)


class Decoders:
    """Processes that decode, one a recording, each replaced where a recording broke it.

    Args:
        limits: how many, and what each may take.
        replaced: called with the reason each time that one is replaced.
    """

    def __init__(self, limits: ServerLimits, replaced: Callable[[str], None]) -> None:
        self._limits = limits
        self._replaced = replaced
        self._every = [_Decoder(limits) for _ in range(limits.concurrent)]
        self._idle: asyncio.LifoQueue[_Decoder] = asyncio.LifoQueue()

    @property
    def working(self) -> bool:
        """Whether there is a decoder that runs."""
        return any(decoder.runs for decoder in self._every)

    async def start(self) -> None:
        """Start all of them, and wait until they are ready.

        Raises:
            OSError: if one cannot be started.
        """
        await asyncio.gather(*(decoder.start() for decoder in self._every))
        for decoder in self._every:
            self._idle.put_nowait(decoder)

    async def stop(self) -> None:
        """End all of them."""
        await asyncio.gather(*(decoder.stop() for decoder in self._every))

    async def decode(self, data: bytes, rate: int) -> Waveform:
        """The sound of a recording.

        Args:
            data: the file.
            rate: Hz.

        Raises:
            RefusedError: if it cannot be read, is too long, or takes too much time or memory.
        """
        decoder = await self._idle.get()
        try:
            kind, content = await asyncio.wait_for(self._ask(decoder, data, rate), self._limits.decode_seconds)
        except BaseException as error:
            # After half a conversation nothing more can be said to it; a new one costs the next request its start.
            await decoder.stop()
            if (refusal := self._refusal(error)) is None:
                raise
            raise refusal from None
        finally:
            self._idle.put_nowait(decoder)
        if kind == SOUND:
            return Waveform(np.frombuffer(content, dtype=np.float32), rate)
        if kind == TOO_LONG:
            raise RefusedError(
                422, "audio_too_long", f"the recording is longer than {self._limits.audio_seconds:g} s; cut it", "file"
            )
        if kind == OUT_OF_MEMORY:
            await decoder.stop()
            self._tell("memory")
            raise RefusedError(
                422, "decode_memory", f"decoding takes more than {self._limits.decode_mb:g} MB; send a plainer format",
                "file",
            )  # fmt: skip
        raise RefusedError(422, "undecodable", content.decode(errors="replace"), "file")

    async def _ask(self, decoder: _Decoder, data: bytes, rate: int) -> tuple[int, bytes]:
        if not decoder.runs:
            await decoder.start()
        longest = self._limits.audio_seconds
        most = int((longest + SECONDS_AT_ONCE) * rate) * 4
        return await decoder.ask(QUESTION.pack(len(data), rate, longest), data, most)

    def _refusal(self, error: BaseException) -> RefusedError | None:
        """What to say of it, where the recording may be the reason."""
        if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
            self._tell("time")
            limit = self._limits.decode_seconds
            return RefusedError(
                422, "decode_timeout", f"decoding takes more than {limit:g} s; send a plainer format", "file"
            )
        if isinstance(error, (asyncio.IncompleteReadError, ConnectionError)):
            self._tell("died")
            return RefusedError(
                422, "decoder_died", "the decoder did not survive this recording; convert it to WAV", "file"
            )
        return None

    def _tell(self, reason: str) -> None:
        self._replaced(reason)
        _log.warning("a decoder is replaced: %s", reason)


class _Decoder:
    """One process."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._process: Process | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        await self.stop()
        limits = map(str, (self._limits.decode_mb, self._limits.decode_seconds))
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", decode_worker.__name__, *limits),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=PACKAGES,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is the server's alone
            limit=2**20,
        )
        kind, _ = await asyncio.wait_for(self._answer(), START_SECONDS)
        if kind != READY:
            raise ConnectionError("a decoder does not speak as it should")

    async def ask(self, header: bytes, data: bytes, most: int) -> tuple[int, bytes]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(header)
        process.stdin.write(data)
        await process.stdin.drain()
        return await self._answer(most)

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    async def _answer(self, most: int = 0) -> tuple[int, bytes]:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        kind, length = ANSWER.unpack(await process.stdout.readexactly(ANSWER.size))
        if length > max(most, LONGEST_MESSAGE):  # a decoder that a recording has taken over may say anything
            raise ConnectionError("a decoder says too much")
        return kind, await process.stdout.readexactly(length)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith(KEPT)}
    return kept | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
