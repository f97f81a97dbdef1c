"""How much a server gives to those who ask it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from ..errors import UsageError
from ..workers import cores

MB = 2**20

MOST = 1_000_000
"""Of any limit: a week and a half, or a terabyte. Systems cannot count or wait without end."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one request, one stream and all of them together may take.

    Attributes:
        body_mb: MB of a request's body; more is answered with status 413.
        audio_seconds: decoded length of a recording; more is 422.
        decode_seconds: time to decode it; more is 422.
        decode_mb: MB of memory to decode it, beyond what a decoder takes by itself; more is 422. Held by the
            system where it can limit a process's memory (Linux).
        header_seconds: time to send the headers of a request; more is 408.
        body_seconds: time to send all of the body; more is 408.
        idle_seconds: time without a byte: in a body, 408; on a stream without a message, close 1008; between the
            requests of a connection, it is closed.
        concurrent: recordings worked on at once, each with a decoder process of its own.
        waiting: requests that may wait beyond those; more are 503 with Retry-After.
        streams: open at once; more are closed with 1013.
        message_kb: KB of a message on a stream; more is close 1009.
        drain_seconds: time for what is being done to end at a shutdown.

    Raises:
        UsageError: if a limit is not above 0 and at most :data:`MOST`; ``waiting`` and ``streams`` may be 0.
    """

    body_mb: float = 25.0
    audio_seconds: float = 600.0
    decode_seconds: float = 20.0
    decode_mb: float = 512.0
    header_seconds: float = 10.0
    body_seconds: float = 120.0
    idle_seconds: float = 30.0
    concurrent: int = field(default_factory=cores)
    waiting: int = 32
    streams: int = 64
    message_kb: float = 1024.0
    drain_seconds: float = 30.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not (value > 0 or (value == 0 and each.name in ("waiting", "streams"))):
                raise UsageError(f"the limit {each.name} must be above 0, not {value}")
            if value > MOST:
                raise UsageError(f"the limit {each.name} must be at most {MOST}, not {value}")

    @property
    def body_bytes(self) -> int:
        """Bytes of a request's body."""
        return int(self.body_mb * MB)

    @property
    def message_bytes(self) -> int:
        """Bytes of a message on a stream."""
        return int(self.message_kb * 1024)
