"""What Prometheus reads at ``/metrics``. Names carry their units; labels carry routes, statuses and verifiers, never tenants.

One registry an application, so that two in one process do not mix. Counting costs a few microseconds, so the labels of
the hot path are looked up once and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from foureyes.types import Verdict

__all__ = ["Metrics"]

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one application.

    Args:
        registry: where they live; a new one when ``None``.
    """

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry: Final = registry or CollectorRegistry()
        self._requests = Counter(
            "foureyes_http_requests_total", "requests served", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "foureyes_http_request_duration_seconds",
            "from a request to its answer",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._in_flight = Gauge("foureyes_http_requests_in_flight", "requests being served", registry=self.registry)
        self._verdicts = Counter(
            "foureyes_verdicts_total", "verifications by what they came to", ["verdict"], registry=self.registry
        )
        self._stages = Counter(
            "foureyes_failed_stages_total", "verifications kept from safe by a stage", ["stage"], registry=self.registry
        )
        self._votes = Counter(
            "foureyes_votes_total", "votes by verifier", ["provider", "model", "verdict"], registry=self.registry
        )
        self._vote_seconds = Histogram(
            "foureyes_vote_duration_seconds",
            "from asking a verifier to its vote",
            ["provider", "model"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._alarms = Counter("foureyes_alarms_total", "alarms by signal", ["signal"], registry=self.registry)
        self._reloads = Counter(
            "foureyes_config_reloads_total", "configuration read again", ["outcome"], registry=self.registry
        )
        self._known: dict[tuple[str, ...], Counter | Histogram] = {}

    def request(self, route: str, status: int, seconds: float) -> None:
        """Counts a request by the template of its route."""
        self._counter(self._requests, route, str(status)).inc()
        self._histogram(self._seconds, route).observe(seconds)

    def watch_in_flight(self, number: Callable[[], float]) -> None:
        """Reads the number of requests in flight from here."""
        self._in_flight.set_function(number)

    def verification(self, verdict: Verdict, failed: str | None) -> None:
        """Counts a verification and its votes."""
        outcome = "safe" if verdict.safe else "unsafe" if verdict.consensus_reached and failed is None else "undecided"
        self._counter(self._verdicts, outcome).inc()
        if failed is not None:
            self._counter(self._stages, failed).inc()
        for vote in verdict.votes:
            self._counter(self._votes, vote.provider, vote.model, vote.verdict).inc()
            self._histogram(self._vote_seconds, vote.provider, vote.model).observe(vote.latency_ms / 1000)

    def alarm(self, signal: str) -> None:
        """Counts an alarm."""
        self._alarms.labels(signal).inc()

    def reload(self, *, refused: bool) -> None:
        """Counts a reading of the configuration."""
        self._reloads.labels("refused" if refused else "applied").inc()

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, family: Counter, *labels: str) -> Counter:
        key = ("c", family._name, *labels)  # noqa: SLF001 - the library has no public name for it
        if (child := self._known.get(key)) is None:
            child = self._known[key] = family.labels(*labels)
        assert isinstance(child, Counter)
        return child

    def _histogram(self, family: Histogram, *labels: str) -> Histogram:
        key = ("h", family._name, *labels)  # noqa: SLF001 - as above
        if (child := self._known.get(key)) is None:
            child = self._known[key] = family.labels(*labels)
        assert isinstance(child, Histogram)
        return child
