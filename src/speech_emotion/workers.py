"""One function over many items: in this process, on this machine's cores, or on a Dask cluster (see :mod:`.cluster`).

The result does not depend on the number of workers: results come in the order of the items, and numerical libraries
run on one thread inside a task, here as there. Processes are joblib's (loky), so a user's script needs no
``if __name__ == "__main__"``.
"""

from __future__ import annotations

import itertools
import operator
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

from .errors import SpeechEmotionError, UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are, after each step."""

Workers: TypeAlias = "int | str | None"
"""How many processes of this machine, None for as many as it has cores; or a Dask scheduler's address, "tcp://…"."""

SECONDS_TO_OUTLIVE = 1.0
"""How long a worker may go on after the process that started it was killed."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    function: Callable[[Item], Result], items: Iterable[Item], workers: Workers = None
) -> Generator[Result, None, None]:
    """Call ``function`` on each item and yield the results in the order of the items.

    Args:
        function: importable from a module, as are its argument and result.
        items: what to call it on; taken one by one, not long before their turn.
        workers: how many processes; 1 stays in this one, None takes all cores; or a Dask scheduler's address.

    Yields:
        One result an item. Closing the iterator early stops the work.

    Raises:
        UsageError: if ``workers`` is less than 1, or no address.
        SpeechEmotionError: if a worker process dies (out of memory, killed).
        ClusterError: if the cluster cannot be reached, is not alike, or goes away.

    Example:
        >>> list(run(abs, [-1, 2, -3], workers=1))
        [1, 2, 3]
    """
    standing = Standing(workers)
    if isinstance(standing.workers, str):
        return standing.run(function, items)
    standing.workers = max(1, min(standing.workers, operator.length_hint(items, standing.workers)))
    return _once(standing, function, items)


MOST = 1024
"""Processes of one machine."""


class Standing:
    """Workers that stay, for work that comes in rounds, each of which follows from the one before.

    As :func:`run`, in all but that processes are started once, and keep what they hold. A context manager, at whose end
    they stop.

    Args:
        workers: as of :func:`run`.

    Raises:
        UsageError: if ``workers`` is less than 1, or more than :data:`MOST`.
    """

    def __init__(self, workers: Workers = None) -> None:
        self.workers: int | str = cores() if workers is None else workers
        if not isinstance(self.workers, str) and not (isinstance(self.workers, int) and 1 <= self.workers <= MOST):
            raise UsageError(f"workers must be a whole number from 1 to {MOST}, not {self.workers!r:.60}")
        self._executor: Any = None

    def __enter__(self) -> Standing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop(now=kind is not None)

    def run(
        self, function: Callable[[Item], Result], items: Iterable[Item], ahead: int | None = None
    ) -> Generator[Result, None, None]:
        """One round.

        Args:
            function: as of the function :func:`run`, as is all that is not said here.
            items: may follow from earlier results: with ``ahead``, an item is taken when all but so many before it
                were yielded.
            ahead: how many items may be under way; None is two a worker, and one more.
        """
        if isinstance(self.workers, str):
            from . import cluster

            return cluster.run(function, items, self.workers, ahead)
        if min(self.workers, operator.length_hint(items, self.workers)) <= 1:
            return _here(function, items)
        return self._in_processes(function, items, self.workers, ahead or 2 * self.workers + 1)

    def _in_processes(
        self, function: Callable[[Item], Result], items: Iterable[Item], count: int, ahead: int
    ) -> Generator[Result, None, None]:
        from joblib.externals.loky import ProcessPoolExecutor
        from joblib.externals.loky.process_executor import BrokenProcessPool

        if self._executor is None:
            # loky starts another, and the answers are the same
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
            self._executor = ProcessPoolExecutor(
                max_workers=count, initializer=_begin_worker, initargs=(os.getpid(),), env=_ONE_THREAD
            )

        def submit(item: Item) -> Any:
            with _interrupts_held_back():  # processes may start here, and Ctrl-C is not for them
                return self._executor.submit(function, item)

        waiting: list[Any] = []
        try:
            for future in in_turn(submit, items, ahead, waiting):
                yield future.result()
                waiting.pop(0)
        except BrokenProcessPool as error:
            self._executor = None
            raise SpeechEmotionError(
                "a worker process died (killed, or out of memory); try again with fewer: --workers 1"
            ) from error
        except BaseException:  # the next round begins with new ones, and does not wait for what is still in flight
            self._stop(now=True)
            raise

    def _stop(self, now: bool = False) -> None:
        executor, self._executor = self._executor, None
        if executor is None:
            return
        if now:
            # loky's own kill_workers=True loses track of tasks that were submitted a moment ago, and says so on stderr
            for process in list(executor._processes.values()):
                process.terminate()
        executor.shutdown(wait=True)


def in_turn(
    submit: Callable[[Item], Result], items: Iterable[Item], ahead: int, waiting: list[Result]
) -> Iterator[Result]:
    """The items that are under way, the oldest first.

    Args:
        submit: puts one under way, and gives what stands for it.
        items: taken one by one, each when all but ``ahead`` before it are done.
        ahead: how many may be under way.
        waiting: what is under way; whoever goes through this takes the first away when it is done.
    """
    upcoming = iter(items)
    while True:
        for item in itertools.islice(upcoming, ahead - len(waiting)):
            waiting.append(submit(item))
        if not waiting:
            return
        yield waiting[0]


def _once(
    standing: Standing, function: Callable[[Item], Result], items: Iterable[Item]
) -> Generator[Result, None, None]:
    with standing:
        yield from standing.run(function, items)


def see(workers: Workers, files: Mapping[str, int]) -> bool:
    """Whether the workers read these files as they are here: on this machine they do, on a cluster they may not.

    Args:
        workers: as of :func:`run`.
        files: paths, each with its size in bytes.
    """
    if not isinstance(workers, str):
        return True
    from . import cluster

    return cluster.sees(workers, files)


def _here(function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController()
    for item in items:
        with libraries.limit(limits=1):
            result = function(item)
        yield result


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C waits until the end; processes started inside never get it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def _begin_worker(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process soon after the one that started it, which may be killed without a word."""
    while os.getppid() == parent:
        time.sleep(SECONDS_TO_OUTLIVE)
    os._exit(1)
