"""What the server counts, for Prometheus: numbers only, nothing of what was said."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from .admission import Admission

METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
BUCKETS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds."""


class Metrics:
    """Counts of one server.

    Args:
        admission: whose places are counted.
    """

    def __init__(self, admission: Admission) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "speech_emotion_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "speech_emotion_request_seconds",
            "From a request's headers to those of its answer.",
            ["route"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._audio = Counter("speech_emotion_audio_seconds", "Seconds of sound heard.", ["source"], registry=registry)
        self._moments = Counter("speech_emotion_moments", "Answers on streams.", registry=registry)
        self._decoders = Counter(
            "speech_emotion_decoders_replaced", "Decoders that a recording broke.", ["reason"], registry=registry
        )
        for reason in ("time", "memory", "died"):
            self._decoders.labels(reason)
        for source in ("file", "stream"):
            self._audio.labels(source)
        working = Gauge("speech_emotion_requests_in_place", "Requests with a recording, now.", registry=registry)
        working.set_function(lambda: admission.requests)
        streams = Gauge("speech_emotion_streams", "Streams open now.", registry=registry)
        streams.set_function(lambda: admission.streams)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(route, method if method in METHODS else "other", str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def heard(self, seconds: float, source: str) -> None:
        """Sound was heard, of a ``"file"`` or a ``"stream"``."""
        self._audio.labels(source).inc(seconds)

    def moments(self, count: int) -> None:
        """Answers were sent on a stream."""
        self._moments.inc(count)

    def decoder_replaced(self, reason: str) -> None:
        """A recording broke a decoder."""
        self._decoders.labels(reason).inc()

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self._registry)
