"""What Prometheus reads at ``/metrics``. Names carry their units; labels carry routes, statuses and verifiers, never tenants.

One registry an application, so that two in one process do not mix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from foureyes.service.gauges import Gauges
from foureyes.service.route_metrics import RouteMetrics
from foureyes.types import Verdict

__all__ = ["Metrics"]

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of every duration, seconds; the last bucket has none."""


class Metrics:
    """The counters of one application.

    Attributes:
        gauges: what the monitors know, for the same page.
        routes: what routes did.
    """

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.gauges: Final = Gauges()
        self._registry = registry = CollectorRegistry()
        self.routes: Final = RouteMetrics(registry)
        self._requests = Counter("foureyes_http_requests", "requests served", ["route", "status"], registry=registry)
        self._verdicts = Counter(
            "foureyes_verdicts", "verifications by what they came to", ["verdict"], registry=registry
        )
        self._stages = Counter(
            "foureyes_failed_stages", "verifications kept from safe by a stage", ["stage"], registry=registry
        )
        self._votes = Counter(
            "foureyes_votes", "votes by verifier", ["provider", "model", "verdict"], registry=registry
        )
        self._alarms = Counter("foureyes_alarms", "alarms by signal", ["signal"], registry=registry)
        self._fresh = Counter(
            "foureyes_fresh_readings", "questions put to a clean model afresh", ["outcome"], registry=registry
        )
        self._reloads = Counter("foureyes_config_reloads", "configuration read again", ["outcome"], registry=registry)
        self._request_s = Histogram(
            "foureyes_http_request_duration_seconds",
            "from a request to its answer",
            ["route"],
            buckets=_BOUNDS,
            registry=registry,
        )
        self._vote_s = Histogram(
            "foureyes_vote_duration_seconds",
            "from asking to a vote",
            ["provider", "model"],
            buckets=_BOUNDS,
            registry=registry,
        )
        self._turned_away = Counter(
            "foureyes_turned_away", "connections and heads of requests refused at the door", ["why"], registry=registry
        )
        self._connections = Gauge("foureyes_connections", "open connections", registry=registry)
        self._in_flight = Gauge("foureyes_http_requests_in_flight", "requests being served", registry=registry)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Counts a request by the template of its route."""
        self._requests.labels(route, status).inc()
        self._request_s.labels(route).observe(seconds)

    def turned_away(self, why: str) -> None:
        """Counts what was refused before it was a request."""
        self._turned_away.labels(why).inc()

    def watch_connections(self, number: Callable[[], float]) -> None:
        """Reads the number of open connections from here."""
        self._connections.set_function(number)

    def watch_in_flight(self, number: Callable[[], float]) -> None:
        """Reads the number of requests in flight from here."""
        self._in_flight.set_function(number)

    def verification(self, verdict: Verdict, failed: str | None) -> None:
        """Counts a verification and its votes."""
        outcome = "safe" if verdict.safe else "unsafe" if verdict.consensus_reached and failed is None else "undecided"
        self._verdicts.labels(outcome).inc()
        if failed is not None:
            self._stages.labels(failed).inc()
        for vote in verdict.votes:
            self._votes.labels(vote.provider, vote.model, vote.verdict).inc()
            self._vote_s.labels(vote.provider, vote.model).observe(vote.latency_ms / 1000)

    def alarm(self, signal: str) -> None:
        """Counts an alarm."""
        self._alarms.labels(signal).inc()

    def fresh(self, outcome: str) -> None:
        """Counts a question put afresh: ``read``, ``failed``, or ``dropped`` where too many waited."""
        self._fresh.labels(outcome).inc()

    def reload(self, *, refused: bool) -> None:
        """Counts a reading of the configuration."""
        self._reloads.labels("refused" if refused else "applied").inc()

    def render(self) -> bytes:
        """What was counted, in Prometheus' text format."""
        return generate_latest(self._registry)
