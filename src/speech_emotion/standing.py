"""Workers that stay: for work that comes in rounds, each of which follows from the one before.

As :func:`speech_emotion.workers.run`, in all but that the processes are started once, and keep what they hold.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import Any

from .errors import SpeechEmotionError
from .workers import _ONE_THREAD, Item, Result, _begin_worker, _here, _interrupts_held_back, cores, run


class Standing:
    """Processes for many rounds; a context manager, at whose end they stop.

    Args:
        workers: how many; 1 stays in this process, None takes all cores.

    Raises:
        UsageError: if ``workers`` is less than 1.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._count = cores() if workers is None else workers
        run(abs, [], self._count)  # which refuses what is no number of workers
        self._executor: Any = None

    def __enter__(self) -> Standing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def run(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Generator[Result, None, None]:
        """Call ``function`` on each item and yield the results in the order of the items.

        Args:
            function: importable from a module, as are its argument and result.
            items: what to call it on.

        Raises:
            SpeechEmotionError: if a worker process dies (out of memory, killed).
        """
        if self._count <= 1:
            return _here(function, items)
        return self._in_processes(function, items)

    def _in_processes(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Generator[Result, None, None]:
        from joblib.externals.loky import ProcessPoolExecutor
        from joblib.externals.loky.process_executor import BrokenProcessPool

        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                max_workers=self._count, initializer=_begin_worker, initargs=(os.getpid(),), env=_ONE_THREAD
            )
        try:
            upcoming = iter(items)
            with _interrupts_held_back():  # the processes start here, and Ctrl-C is not for them
                waiting = [self._executor.submit(function, item) for item in itertools.islice(upcoming, self._count)]
            for item in upcoming:
                waiting.append(self._executor.submit(function, item))
                if len(waiting) > 2 * self._count:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        except BrokenProcessPool as error:
            raise SpeechEmotionError(
                "a worker process died (killed, or out of memory); go on with fewer: --resume --workers 1"
            ) from error
        except BaseException:  # the next round begins with new ones, and does not wait for what is still in flight
            self._stop()
            raise

    def _stop(self) -> None:
        executor, self._executor = self._executor, None
        if executor is None:
            return
        # loky's own kill_workers=True loses track of tasks that were submitted a moment ago, and says so on stderr
        for process in list(executor._processes.values()):
            process.terminate()
        executor.shutdown(wait=True)
