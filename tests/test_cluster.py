"""One function over many items on a real Dask scheduler, its workers being processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from speech_emotion import cluster, workers
from speech_emotion.errors import ClusterError, MissingExtraError, UsageError
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.training.families import family


def test_results_come_in_the_order_of_the_items(dask_cluster: Any) -> None:
    assert list(workers.run(abs, range(-50, 0), dask_cluster.address)) == list(range(50, 0, -1))


def test_no_more_is_taken_than_keeps_the_workers_busy(dask_cluster: Any) -> None:
    taken = []
    items = (taken.append(number) or number for number in range(100))
    with closing(workers.run(abs, items, dask_cluster.address)) as results:
        assert next(results) == 0
        assert len(taken) <= 1 + 2 * cluster.TASKS_A_THREAD


def test_an_error_in_a_task_arrives_as_it_was_raised(dask_cluster: Any) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(workers.run(int, ["1", "x", "3"], dask_cluster.address))
    with pytest.raises(MissingExtraError, match="training needs more"):
        list(workers.run(_raise, [MissingExtraError("training", "train")], dask_cluster.address))


def test_libraries_run_on_one_thread_in_a_worker(dask_cluster: Any) -> None:
    assert set(workers.run(_threads, [0, 1, 2, 3], dask_cluster.address)) == {(1,)}


def test_an_array_that_all_items_hold_travels_to_a_worker_once(
    dask_cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = np.arange(100_000.0)
    sent = []
    real = cluster._Sending.submit

    def submit(self: Any, function: Any, item: Any) -> Any:
        future = real(self, function, item)
        sent.append(len(self._arrays))
        return future

    monkeypatch.setattr(cluster._Sending, "submit", submit)
    sums = list(workers.run(_sum, [(table, row) for row in range(20)], dask_cluster.address))
    assert sums == [table.sum() + row for row in range(20)]
    assert sent == [1] * 20


def test_an_evaluation_on_a_cluster_has_the_bits_of_one_process(made_table: Any, dask_cluster: Any) -> None:
    table = made_table(speakers=6, clips=6)
    built = family("mlp").build(seed=0, max_iter=20)
    alone, there = (evaluate(built, table, "speaker", folds=3, workers=which) for which in (1, dask_cluster.address))
    np.testing.assert_array_equal(alone.probabilities, there.probabilities)
    assert alone.as_dict() == there.as_dict()


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_worker_that_is_killed_costs_nothing_but_time(own_cluster: Any) -> None:
    for _ in range(2):
        own_cluster.add_worker()
    table = np.arange(100_000.0)
    results = workers.run(_sum_and_place, [(table, row) for row in range(40)], own_cluster.address)
    first = next(results)
    os.kill(first[1], signal.SIGKILL)  # the worker that holds the table, or a copy of it
    found = [first, *results]
    assert [each[0] for each in found] == [table.sum() + row for row in range(40)]
    assert first[1] not in {each[1] for each in found[-10:]}


def test_a_scheduler_that_goes_away_is_told_in_one_line(own_cluster: Any, capfd: pytest.CaptureFixture) -> None:
    own_cluster.add_worker()
    results = workers.run(abs, range(100), own_cluster.address)
    next(results)
    own_cluster.scheduler.kill()
    with pytest.raises(ClusterError, match=f"scheduler at {own_cluster.address} went away; .* goes on") as caught:
        list(results)
    assert caught.value.exit_status == 1
    assert capfd.readouterr().err == ""


def test_an_item_that_ends_every_worker_is_told_in_one_line(own_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    own = type(own_cluster)(own_cluster._folder)
    try:
        for _ in range(2):
            own.add_worker()
        with pytest.raises(ClusterError, match=r"ended each of the workers .* that took it"):
            list(workers.run(os._exit, [1], own.address))
    finally:
        own.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "10.0.0.1:8786",
        "tcp://10.0.0.1",
        "tcp://:8786",
        "http://a:1",
        "tcp://a:b",
        "tcp://a:1/x",
        "2",
        "tcp://a:65536",
        "tcp://a:0",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_done(address: str) -> None:
    with pytest.raises(UsageError, match=f"'{address}' is no address of a Dask scheduler; valid: tcp://HOST:PORT"):
        workers.run(abs, [1], address)


@pytest.mark.parametrize("says", [None, b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_an_address_where_no_scheduler_answers_is_told_in_one_line(
    says: bytes | None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 0.5)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        if says is not None:
            other.listen()
            threading.Thread(target=_greet, args=(other, says), daemon=True).start()
        with pytest.raises(ClusterError, match=f"no Dask scheduler answers at tcp://127.0.0.1:{port}"):
            list(workers.run(abs, [1], f"tcp://127.0.0.1:{port}"))
    assert capfd.readouterr().err == ""


def test_a_scheduler_without_workers_is_told_in_one_line(own_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 3.0)  # in which it must answer, however busy this machine is
    with pytest.raises(ClusterError, match=rf"has no workers; start some: dask worker {own_cluster.address}"):
        list(workers.run(abs, [1], own_cluster.address))


@pytest.mark.parametrize(("library", "found"), [("speech-emotion", "0.0.9"), ("numpy", "1.0")])
def test_a_worker_with_another_version_is_refused(own_cluster: Any, tmp_path: Path, library: str, found: str) -> None:
    other = tmp_path / "other" / f"{library.replace('-', '_')}-{found}.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: {found}\n", encoding="utf-8")
    before = os.environ.get("PYTHONPATH", "")
    own_cluster.add_worker(PYTHONPATH=os.pathsep.join([str(other.parent), before]))
    with pytest.raises(ClusterError, match=rf"the worker tcp://\S+ has {library} {found}, and here it is"):
        list(workers.run(abs, [1], own_cluster.address))


def test_a_worker_that_comes_later_is_looked_at_as_well() -> None:
    with pytest.raises(ClusterError, match=r"has numpy \d+\S+, and here it is 1\.0"):
        cluster._call((("numpy", "1.0"),), b"")


def test_without_dask_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['distributed'] = None\n"
        "from speech_emotion import workers\n"
        "try:\n    workers.run(abs, [1], 'tcp://127.0.0.1:1')\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == 'a cluster needs more libraries: pip install "speech-emotion[cluster]"\n'


@pytest.mark.skipif(os.name != "posix", reason="SIGINT")
def test_an_interrupt_ends_the_work_here(own_cluster: Any) -> None:
    own_cluster.add_worker()
    script = (
        "import time; from speech_emotion import workers\n"
        "try:\n"
        f"    for _ in workers.run(time.sleep, [0, 60, 60, 60, 60, 60, 60, 60], {own_cluster.address!r}):\n"
        "        print('begun', flush=True)\n"
        "except KeyboardInterrupt:\n"
        "    print('ended')\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout.readline() == "begun\n"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=50)
    assert (out, err) == ("ended\n", "")


@pytest.mark.skipif(os.name != "posix", reason="SIGINT")
def test_an_interrupt_while_a_future_ends_comes_right_after() -> None:
    class Ending:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    before, reached = signal.getsignal(signal.SIGINT), False
    with pytest.raises(KeyboardInterrupt), cluster._interrupts_later():  # noqa: PT012
        Ending()
        reached = True
    assert reached
    assert signal.getsignal(signal.SIGINT) is before


class Interrupting:
    """A future in whose end Ctrl-C arrives."""

    key = "one"

    def result(self) -> int:
        return 1

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(os.name != "posix", reason="SIGINT")
def test_an_interrupt_in_the_end_of_an_items_future_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    client = SimpleNamespace(nthreads=lambda: {"": 1}, status="running", cancel=lambda waiting, force: None)
    sending = SimpleNamespace(submit=lambda function, item: Interrupting(), done=lambda waiting: waiting.pop(0))
    monkeypatch.setattr(cluster, "_connected", lambda address: nullcontext(client))
    monkeypatch.setattr(cluster, "_told", lambda client, address, lost: nullcontext())
    monkeypatch.setattr(cluster, "_Sending", lambda client: sending)
    with closing(cluster._run(abs, [1, 2, 3], "tcp://", 1)) as results:
        assert next(results) == 1
        with pytest.raises(KeyboardInterrupt):
            next(results)


def _greet(listening: socket.socket, says: bytes) -> None:
    with suppress(OSError):
        while True:
            listening.accept()[0].sendall(says)


def _raise(error: Exception) -> None:
    raise error


def _threads(_: int) -> tuple[int, ...]:
    from threadpoolctl import threadpool_info

    return tuple({library["num_threads"] for library in threadpool_info()})


def _sum(item: tuple[Any, int]) -> float:
    return float(item[0].sum() + item[1])


def _sum_and_place(item: tuple[Any, int]) -> tuple[float, int]:
    return _sum(item), os.getpid()
