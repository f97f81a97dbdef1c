"""Who is let in, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from .limits import ServerLimits
from .refusals import busy


class Admission:
    """Places for requests and streams, as many as the limits say; who finds none is sent away at once.

    Args:
        limits: how many.
    """

    def __init__(self, limits: ServerLimits) -> None:
        self._places = limits.concurrent + limits.waiting
        self._streams = limits.streams
        self._turns = asyncio.Semaphore(limits.concurrent)
        self.requests = 0
        self.streams = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place, from before the body is read: bodies that wait take memory, too.

        Raises:
            RefusedError: if all are taken.
        """
        if self.requests >= self._places:
            raise busy()
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait, in order, until a recording can be worked on."""
        async with self._turns:
            yield

    @contextmanager
    def stream(self) -> Iterator[None]:
        """A place for a stream.

        Raises:
            RefusedError: if all are taken.
        """
        if self.streams >= self._streams:
            raise busy()
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1
