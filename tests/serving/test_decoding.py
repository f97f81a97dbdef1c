"""Recordings that break their decoder cost one request. The decoders are real processes."""

from __future__ import annotations

import asyncio
import io
import os
import select
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.audio.read import read
from speech_emotion.serving.decoding import Decoders
from speech_emotion.serving.limits import ServerLimits
from speech_emotion.serving.refusals import RefusedError

from .conftest import launch, wav

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is held on Linux")


def run(work: Callable[[Decoders], Awaitable[None]], **limits: float) -> list[str]:
    """Do something with one decoder, and return for what reasons it was replaced."""
    reasons: list[str] = []

    async def all_of_it() -> None:
        decoders = Decoders(ServerLimits(concurrent=1, **limits), reasons.append)  # type: ignore[arg-type]
        await decoders.start()
        try:
            await work(decoders)
        finally:
            await decoders.stop()

    asyncio.run(all_of_it())
    return reasons


async def code(decoders: Decoders, sound: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        await decoders.decode(sound, 16_000)
    assert caught.value.status == 422
    return caught.value.code


async def is_fine(decoders: Decoders) -> None:
    sound = wav(0.5, 44_100)
    decoded = await decoders.decode(sound, 16_000)
    np.testing.assert_array_equal(decoded.samples, read(sound).samples)


def pid(decoders: Decoders) -> int:
    process = decoders._every[0]._process
    assert process is not None
    return process.pid


def small_and_long() -> bytes:
    """Nine minutes in a few kilobytes."""
    out = io.BytesIO()
    soundfile.write(out, np.zeros(9 * 60 * 16_000, dtype=np.int16), 16_000, format="FLAC")
    return out.getvalue()


@linux
def test_a_recording_that_takes_too_much_memory_costs_itself_only() -> None:
    bomb = small_and_long()
    assert len(bomb) < 200_000

    async def work(decoders: Decoders) -> None:
        assert await code(decoders, bomb) == "decode_memory"
        await is_fine(decoders)

    assert run(work, decode_mb=24) == ["memory"]


def test_the_same_recording_is_fine_where_there_is_memory() -> None:
    async def work(decoders: Decoders) -> None:
        assert (await decoders.decode(small_and_long(), 16_000)).duration == 540

    assert run(work) == []


def test_a_decoder_that_is_killed_in_the_middle_is_replaced() -> None:
    async def work(decoders: Decoders) -> None:
        broken = pid(decoders)
        os.kill(broken, signal.SIGSTOP)  # so that it is in the middle for as long as we want
        asked = asyncio.create_task(code(decoders, wav()))
        for _ in range(20):  # the recording is on its way
            await asyncio.sleep(0)
        os.kill(broken, signal.SIGKILL)
        assert await asked == "decoder_died"
        await is_fine(decoders)
        assert pid(decoders) != broken

    assert run(work) == ["died"]


def test_a_decoder_that_takes_too_long_is_replaced() -> None:
    async def work(decoders: Decoders) -> None:
        os.kill(pid(decoders), signal.SIGSTOP)
        assert await code(decoders, wav()) == "decode_timeout"

    assert run(work, decode_seconds=0.2) == ["time"]


def test_a_decoder_that_died_between_two_recordings_costs_nothing() -> None:
    async def work(decoders: Decoders) -> None:
        os.kill(pid(decoders), signal.SIGKILL)
        await decoders._every[0]._process.wait()  # type: ignore[union-attr]
        assert not decoders.working
        await is_fine(decoders)
        assert decoders.working

    assert run(work) == []


def test_what_is_no_recording_does_not_cost_a_decoder() -> None:
    async def work(decoders: Decoders) -> None:
        before = pid(decoders)
        for sound in (b"", b"no recording", os.urandom(10_000)):
            assert await code(decoders, sound) == "undecodable"
        await is_fine(decoders)
        assert pid(decoders) == before

    assert run(work) == []


@linux
def test_a_decoder_has_no_token_can_write_nothing_and_dump_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_EMOTION_TOKEN", "a-token-that-is-secret")

    async def work(decoders: Decoders) -> None:
        place = Path(f"/proc/{pid(decoders)}")
        assert b"a-token" not in (place / "environ").read_bytes()
        assert b"a-token" not in (place / "cmdline").read_bytes()
        limits = {line[:26].strip(): line[26:].split()[:2] for line in (place / "limits").read_text().splitlines()}
        assert limits["Max file size"] == ["0", "0"]
        assert limits["Max core file size"] == ["0", "0"]
        assert limits["Max address space"][0] != "unlimited"

    run(work)


@linux
def test_over_http_a_bomb_is_422_and_the_next_recording_is_heard() -> None:
    running = launch("--decode-mb", "24", "--concurrent", "1")
    try:
        before = running.decoders()
        answer = running.hear(small_and_long())
        assert (answer.status, answer.code) == (422, "decode_memory")
        assert running.hear(wav()).status == 200
        assert running.decoders() != before
        assert running.metric('speech_emotion_decoders_replaced_total{reason="memory"}') == 1
    finally:
        assert running.end() == 0


@linux
def test_decoders_end_with_a_server_that_is_killed() -> None:
    running = launch("--concurrent", "2")
    decoders = running.decoders()
    assert len(decoders) == 2
    watched = [os.pidfd_open(each) for each in decoders]
    running.end(signal.SIGKILL)
    for each in watched:
        assert select.select([each], [], [], 30.0)[0]
        os.close(each)
