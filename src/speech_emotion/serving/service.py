"""What the application holds while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket

from .admission import Admission
from .decoding import Decoders
from .ears import Ears
from .limits import ServerLimits
from .metrics import Metrics
from .streams import follow


class Service:
    """What the application needs while it runs."""

    def __init__(self, models: Sequence[str], words: str | None, limits: ServerLimits) -> None:
        self.limits = limits
        self.admission = Admission(limits)
        self.metrics = Metrics(self.admission)
        self.decoders = Decoders(limits, self.metrics.decoder_replaced)
        self.ears = Ears(models, words, limits.concurrent)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Everything that runs beside the application, from its start to its end."""
        try:
            await self.decoders.start()
            await self.ears.hear(self.ears.warm)
            yield
        finally:
            await self.decoders.stop()
            self.ears.close()

    async def stream(self, websocket: WebSocket) -> None:
        """Sound that goes on."""
        await follow(websocket, self.ears, self.limits, self.admission, self.metrics)
