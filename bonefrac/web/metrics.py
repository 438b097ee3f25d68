"""Counts for Prometheus; nothing in them is of a patient."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What a server counts.

    Args:
        waiting: gives the requests in work or waiting.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry, "namespace": "bonefrac"}
        self.requests = Counter("requests", "Answered requests", ["route", "status"], **own)
        self.seconds = Histogram("request_seconds", "Time to answer", ["route"], **own)
        self.verdicts = Counter("verdicts", "Findings", ["model", "verdict"], **own)
        sizes = (1, 2, 4, 8, 16, 32)
        self.batch = Histogram("batch_size", "Squares in a request", buckets=sizes, **own)
        Gauge("pending", "Requests in work or waiting", **own).set_function(waiting)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
