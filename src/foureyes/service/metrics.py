"""What Prometheus reads at ``/metrics``. Names carry their units; labels carry routes, statuses and verifiers, never tenants.

Every request counts a dozen things, so counting is adding to a number in a dictionary; the library's families are made of
them when somebody scrapes. One registry an application, so that two in one process do not mix.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from foureyes.service.gauges import Gauges
from foureyes.types import Verdict

__all__ = ["Metrics"]

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of every duration, seconds; the last bucket has none."""


class _Durations:
    """How often something took how long."""

    __slots__ = ("buckets", "total_s")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BOUNDS) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(_BOUNDS, seconds)] += 1
        self.total_s += seconds


class Metrics(Collector):
    """The counters of one application. One event loop counts.

    Args:
        registry: where they are registered; a new one when ``None``.

    Attributes:
        gauges: what the monitors know, for the same page.
    """

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._requests: Counter[tuple[str, ...]] = Counter()
        self._verdicts: Counter[tuple[str, ...]] = Counter()
        self._stages: Counter[tuple[str, ...]] = Counter()
        self._votes: Counter[tuple[str, ...]] = Counter()
        self._alarms: Counter[tuple[str, ...]] = Counter()
        self._reloads: Counter[tuple[str, ...]] = Counter()
        self._request_s: dict[tuple[str, ...], _Durations] = {}
        self._vote_s: dict[tuple[str, ...], _Durations] = {}
        self._in_flight: Callable[[], float] = lambda: 0.0
        self.gauges: Final = Gauges()
        self.registry: Final = registry or CollectorRegistry()
        self.registry.register(self)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Counts a request by the template of its route."""
        self._requests[route, str(status)] += 1
        _take(self._request_s, (route,), seconds)

    def watch_in_flight(self, number: Callable[[], float]) -> None:
        """Reads the number of requests in flight from here."""
        self._in_flight = number

    def verification(self, verdict: Verdict, failed: str | None) -> None:
        """Counts a verification and its votes."""
        outcome = "safe" if verdict.safe else "unsafe" if verdict.consensus_reached and failed is None else "undecided"
        self._verdicts[outcome,] += 1
        if failed is not None:
            self._stages[failed,] += 1
        for vote in verdict.votes:
            self._votes[vote.provider, vote.model, vote.verdict] += 1
            _take(self._vote_s, (vote.provider, vote.model), vote.latency_ms / 1000)

    def alarm(self, signal: str) -> None:
        """Counts an alarm."""
        self._alarms[signal,] += 1

    def reload(self, *, refused: bool) -> None:
        """Counts a reading of the configuration."""
        self._reloads["refused" if refused else "applied",] += 1

    def render(self) -> bytes:
        """What was counted, in Prometheus' text format."""
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        """The library's families, made of what was counted."""
        counted: Sequence[tuple[str, str, list[str], Counter[tuple[str, ...]]]] = (
            ("foureyes_http_requests", "requests served", ["route", "status"], self._requests),
            ("foureyes_verdicts", "verifications by what they came to", ["verdict"], self._verdicts),
            ("foureyes_failed_stages", "verifications kept from safe by a stage", ["stage"], self._stages),
            ("foureyes_votes", "votes by verifier", ["provider", "model", "verdict"], self._votes),
            ("foureyes_alarms", "alarms by signal", ["signal"], self._alarms),
            ("foureyes_config_reloads", "configuration read again", ["outcome"], self._reloads),
        )
        for name, words, labels, counts in counted:
            family = CounterMetricFamily(name, words, labels=labels)
            for values, n in counts.items():
                family.add_metric(values, n)
            yield family
        yield _histogram(
            "foureyes_http_request_duration_seconds", "from a request to its answer", ["route"], self._request_s
        )
        yield _histogram("foureyes_vote_duration_seconds", "from asking to a vote", ["provider", "model"], self._vote_s)
        yield GaugeMetricFamily("foureyes_http_requests_in_flight", "requests being served", value=self._in_flight())


def _take(kept: dict[tuple[str, ...], _Durations], labels: tuple[str, ...], seconds: float) -> None:
    if (durations := kept.get(labels)) is None:
        durations = kept[labels] = _Durations()
    durations.add(seconds)


def _histogram(name: str, words: str, labels: list[str], kept: dict[tuple[str, ...], _Durations]) -> Metric:
    family = HistogramMetricFamily(name, words, labels=labels)
    bounds = [*(str(bound) for bound in _BOUNDS), "+Inf"]
    for values, durations in kept.items():
        sums = [float(n) for n in accumulate(durations.buckets)]
        family.add_metric(values, list(zip(bounds, sums, strict=True)), durations.total_s)
    return family
