"""One function over many items, here or in processes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from speech_emotion import workers
from speech_emotion.errors import SpeechEmotionError, UsageError


@pytest.mark.parametrize("count", [1, 2, 3, None])
def test_results_come_in_the_order_of_the_items(count: int | None) -> None:
    assert list(workers.run(abs, list(range(-20, 0)), count)) == list(range(20, 0, -1))


@pytest.mark.parametrize("count", [1, 2])
def test_items_may_follow_from_results_so_many_before(count: int) -> None:
    found: list[int] = []

    def items() -> Iterator[int]:
        for place in range(12):
            assert len(found) > place - 4
            yield -(found[place - 4] + 1 if place >= 4 else place)

    with workers.Standing(count) as standing:
        for each in standing.run(abs, items(), ahead=4):
            found.append(each)
    assert found == [0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signals to hold back")
def test_an_interrupt_is_not_held_back_while_items_are_made() -> None:
    def items() -> Iterator[int]:
        for number in range(6):
            assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
            yield number

    assert list(workers.run(abs, items(), 2)) == list(range(6))


def test_an_error_in_a_task_arrives_as_it_was_raised() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(workers.run(int, ["1", "x", "3"], 2))


@pytest.mark.skipif(os.name != "posix", reason="os.abort tells itself on Windows")
def test_a_worker_that_dies_is_told_in_one_line() -> None:
    with pytest.raises(SpeechEmotionError, match=r"a worker process died .*--workers 1"):
        list(workers.run(os._exit, [1, 1], 2))


def test_fewer_than_one_worker_is_refused() -> None:
    with pytest.raises(UsageError, match="workers must be a whole number from 1 to 1024, not 0"):
        workers.run(abs, [1], 0)


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from speech_emotion import workers\nprint(list(workers.run(abs, [-1, -2], 2)))\n", encoding="utf-8"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout == "[1, 2]\n"
    assert not done.stderr


def test_libraries_run_on_one_thread_in_a_worker() -> None:
    assert list(workers.run(os.getenv, ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], 2)) == ["1", "1"]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for a process that is no child")
def test_workers_do_not_outlive_the_process_that_started_them() -> None:
    script = (
        "import multiprocessing, time; from speech_emotion import workers\n"
        "for _ in workers.run(time.sleep, [0.1, 60, 60, 60, 60, 60], 2):\n"
        "    print(*[process.pid for process in multiprocessing.active_children()], flush=True)\n"
    )
    running = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    started = [os.pidfd_open(int(pid)) for pid in running.stdout.readline().split()]
    assert len(started) == 2
    running.kill()
    running.wait()
    for worker in started:
        ended, _, _ = select.select([worker], [], [], 30)
        assert ended, "a worker lives on"
