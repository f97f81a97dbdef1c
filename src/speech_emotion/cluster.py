"""One function over many items on a Dask cluster, as :mod:`.workers` does it on one machine.

A cluster is named by the address of its scheduler, ``tcp://host:8786``. The result is that of one process, to the bit:
results come in the order of the items, numerical libraries run on one thread inside a task, and a worker that has
another version of this package, or of a library that makes numbers, is refused. So many tasks are under way as keep all
workers busy, and no more. A worker that dies costs time: what it had to do is done by another.

A large array that several items hold, such as a table's values, travels once. It is a task of its own, so that it can
be sent again where the worker that had it is gone.

Dask runs what it is sent: whoever reaches a scheduler can run anything on its workers, and workers can answer with
anything. Keep both in a network that you trust, or give them ``tls://`` by Dask's own configuration.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from .errors import ClusterError, MissingExtraError, UsageError
from .workers import in_turn

Item = TypeVar("Item")
Result = TypeVar("Result")

ADDRESS = re.compile(r"(tcp|tls)://([^\s/:\[\]]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")

PORTS = range(1, 2**16)
"""That a scheduler may listen at."""

ANSWER_SECONDS = 10.0
"""How long a scheduler may take to answer, and a first worker to be there."""

TASKS_A_THREAD = 2
"""Under way at once: one that runs, and one that waits for it to end."""

LARGE = 2**16
"""Bytes; an array of at least so many travels by itself."""

ALIKE = ("speech-emotion", "numpy", "scipy", "scikit-learn", "onnxruntime", "soxr")
"""Libraries of which workers must have the version that is here: another one makes other numbers."""


def check(address: str) -> str:
    """Refuse what cannot be a scheduler's address, and a missing library, before any work is done.

    Returns:
        The address.

    Raises:
        UsageError: if it is no address.
        MissingExtraError: if Dask is not installed.

    Example:
        >>> check("tcp://10.0.0.1:8786")
        'tcp://10.0.0.1:8786'
    """
    found = ADDRESS.fullmatch(address)
    if not found or int(found["port"]) not in PORTS:
        raise UsageError(
            f"'{address}' is no address of a Dask scheduler; valid: tcp://HOST:PORT, such as tcp://10.0.0.1:8786"
        )
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError("a cluster", "cluster") from error
    return address


def run(
    function: Callable[[Item], Result], items: Iterable[Item], address: str, ahead: int | None = None
) -> Generator[Result, None, None]:
    """Call ``function`` on each item, on a cluster, and yield the results in the order of the items.

    Args:
        function: importable on the workers, or small enough to be sent.
        items: taken one by one, shortly before their turn.
        address: of the scheduler.
        ahead: how many items may be under way at most; None is as many as keep the workers busy.

    Yields:
        One result an item. Closing the iterator early stops the work.

    Raises:
        UsageError: if it is no address.
        MissingExtraError: if Dask is not installed.
        ClusterError: if no scheduler answers, it has no worker or one with other versions, it goes away, or an item
            ends each worker that takes it.
    """
    return _run(function, items, check(address), ahead)


def _run(
    function: Callable[[Item], Result], items: Iterable[Item], address: str, ahead: int | None
) -> Generator[Result, None, None]:
    from distributed import KilledWorker

    with _connected(address) as client, _told(client, address, KilledWorker):
        most = ahead or TASKS_A_THREAD * sum(client.nthreads().values()) + 1
        sending = _Sending(client)
        waiting: list[Any] = []
        try:
            for future in in_turn(partial(sending.submit, function), items, most, waiting):
                yield future.result()
                with _interrupts_later():
                    del future  # or it would end as the next one takes its name
                    sending.done(waiting)
        finally:
            if waiting and client.status == "running":
                client.cancel(waiting, force=True)
            with _interrupts_later():
                waiting.clear()


def sees(address: str, files: Mapping[str, int]) -> bool:
    """Whether every worker of a cluster reads these files as they are here.

    Args:
        address: of the scheduler.
        files: paths, each with its size in bytes.

    Raises:
        As :func:`run`.
    """
    from distributed import KilledWorker

    with _connected(check(address)) as client, _told(client, address, KilledWorker):
        return all(client.run(_has, dict(files)).values())


def _has(files: Mapping[str, int]) -> bool:
    try:
        return all(os.path.getsize(path) == size for path, size in files.items())
    except OSError:
        return False


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of the scheduler, its workers looked at."""
    import dask
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    settings = {"distributed.admin.large-graph-warning-threshold": "1 TiB"}  # said of tables that travel once
    before = _quieten()
    with dask.config.set(settings):
        try:
            with ThreadPoolExecutor(1) as aside:  # a notebook has a loop of its own
                aside.submit(asyncio.run, _greeted(address)).result()
            with warnings.catch_warnings():  # of versions that differ, which are refused where they matter
                warnings.simplefilter("ignore", VersionMismatchWarning)
                client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False, name="speech-emotion")
        except Exception as error:  # whatever else listens there may say anything
            _set(before)
            raise ClusterError(f"no Dask scheduler answers at {address}; is it running? dask scheduler") from error
        try:
            _require_workers(client, address)
            yield client
        finally:
            there = client.status == "running"
            with suppress(Exception):  # a scheduler that is gone cannot be told that we go
                client.close(timeout=ANSWER_SECONDS if there else 0.1)
            if there:  # or Dask goes on to complain for a while
                _set(before)


async def _greeted(address: str) -> None:
    """See that who listens there speaks as Dask does; a client would wait for ever."""
    from distributed.comm import connect
    from distributed.security import Security

    security = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, timeout=ANSWER_SECONDS, **security), ANSWER_SECONDS)
    comm.abort()


@contextmanager
def _told(client: Any, address: str, killed: type[Exception]) -> Iterator[None]:
    """What goes wrong with a cluster, in one line."""
    try:
        yield
    except killed as error:
        raise ClusterError(
            f"one task ended each of the workers of {address} that took it (out of memory?); "
            "give the workers more memory, or fewer threads"
        ) from error
    except (CancelledError, OSError, RuntimeError) as error:
        if isinstance(error, CancelledError) or client.status != "running":
            raise ClusterError(
                f"the Dask scheduler at {address} went away; what is finished and kept stays, and the same command "
                "goes on from there (a search with --resume)"
            ) from error
        raise


def _require_workers(client: Any, address: str) -> None:
    from distributed import TimeoutError as TooLate

    try:
        client.wait_for_workers(1, timeout=ANSWER_SECONDS)
    except TooLate as error:
        raise ClusterError(
            f"the Dask scheduler at {address} has no workers; start some: dask worker {address}"
        ) from error
    for library, here in _versions():
        # by a function of the standard library, which a worker without this package has, too
        for worker, there in client.run(version, library, on_error="return").items():
            if there != here:
                raise _unlike(worker, library, there, here)


def _unlike(worker: str, library: str, there: object, here: str) -> ClusterError:
    has = f"{library} {there}" if isinstance(there, str) else f"no {library}"
    return ClusterError(f"the worker {worker} has {has}, and here it is {here}; install the same on both")


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    """Of the libraries that are here."""
    return tuple((library, found) for library in ALIKE if (found := _version(library)))


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _quieten() -> dict[str, int]:
    """Hold back Dask's own words about lost connections, which are told in one line; returns the levels before."""
    import distributed  # noqa: F401  (its loggers are made when it is imported)

    # tornado complains of an interrupt that arrives as Dask begins to wait
    names = [
        "distributed",
        "tornado.application",
        *(name for name in logging.root.manager.loggerDict if name.startswith("distributed.")),
    ]
    before = {name: logging.getLogger(name).level for name in names}
    _set(dict.fromkeys(names, logging.CRITICAL + 1))
    return before


def _set(levels: Mapping[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


class _Sending:
    """Sends items, and the large arrays in them once for all items that are under way."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._arrays: dict[int, tuple[Any, Any]] = {}
        self._users: Counter[int] = Counter()
        self._used: dict[str, list[int]] = {}

    def submit(self, function: Callable[[Any], Any], item: Any) -> Any:
        """The future of one call."""
        from .parcels import pack

        parcel, used = pack((function, item), LARGE)
        for array in used:
            if id(array) not in self._arrays:
                self._arrays[id(array)] = array, self._client.submit(_array, array, pure=False)
        keys = [id(array) for array in used]
        self._users.update(keys)
        shared = [self._arrays[key][1] for key in keys]
        future = self._client.submit(_call, _versions(), parcel, *shared, pure=False)
        self._used[future.key] = keys
        return future

    def done(self, waiting: list[Any]) -> None:
        """Let go of the first future, and of the arrays that no item under way holds (interrupts must wait)."""
        self._users.subtract(self._used.pop(waiting.pop(0).key))
        for key in [key for key, users in self._users.items() if not users]:
            del self._users[key], self._arrays[key]


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Ctrl-C waits until the end: Python drops one that arrives in a ``__del__``, and Dask's futures have one."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():  # not Python's own, or not for us
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


def _array(array: Any) -> Any:
    """On a worker: what it keeps while there are calls that need it."""
    return array


def _call(versions: tuple[tuple[str, str], ...], parcel: bytes, *arrays: Any) -> Any:
    """On a worker: one call. A worker may have come since the others were looked at."""
    for library, here in versions:
        if (there := _version(library)) != here:
            raise _unlike("that came last", library, there, here)
    from threadpoolctl import threadpool_limits

    from .parcels import unpack

    function, item = unpack(parcel, arrays)
    # For good: a worker may run several calls at once, and what one gives back another would have lost. Each time: the
    # call before may have loaded more libraries.
    threadpool_limits(limits=1)
    return function(item)
