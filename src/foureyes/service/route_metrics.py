"""What Prometheus reads of routes. Labels carry routes and writers by their configured names, never tenants or models' words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from foureyes.route.outcome import RoutedAnswer, RouteStage
from foureyes.service.route_book import paid_stages

__all__ = ["RouteMetrics"]

_BOUNDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class RouteMetrics:
    """Counters of routes.

    Args:
        registry: where they are kept.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "foureyes_route_answers", "routed requests by what became of them", ["route", "action"], registry=registry
        )
        self._stages = Counter(
            "foureyes_route_stages",
            "answers of writers by what followed: answer, escalate, abstain, or why there was none",
            ["route", "writer", "action"],
            registry=registry,
        )
        self._cost = Counter(
            "foureyes_route_cost", "of writers' tokens, in the route's currency", ["route", "writer"], registry=registry
        )
        self._reading = Counter(
            "foureyes_route_reading_cost", "of reading, in the route's currency", ["route"], registry=registry
        )
        self._unpriced = Counter(
            "foureyes_route_unpriced", "answers of writers of unknown cost", ["route", "writer"], registry=registry
        )
        self._hangups = Counter(
            "foureyes_route_hangups", "requests whose caller did not wait", ["route"], registry=registry
        )
        self._outcomes = Counter(
            "foureyes_route_outcomes", "outcomes posted back", ["route", "correct"], registry=registry
        )
        self._seconds = Histogram(
            "foureyes_route_stage_duration_seconds",
            "that a writer wrote, or the reader read it",
            ["route", "writer", "work"],
            buckets=_BOUNDS,
            registry=registry,
        )

    def answered(self, answer: RoutedAnswer) -> None:
        """Counts a routed answer and its stages."""
        self._answers.labels(answer.route, answer.action).inc()
        self._pay(answer.route, answer.stages)

    def left(self, answer: RoutedAnswer) -> None:
        """Counts what had been paid when a caller hung up."""
        self._pay(answer.route, paid_stages(answer))

    def _pay(self, route: str, stages: Sequence[RouteStage]) -> None:
        for stage in stages:
            self._stages.labels(route, stage.writer, stage.failure or stage.action).inc()
            self._seconds.labels(route, stage.writer, "write").observe(stage.write_s)
            self._seconds.labels(route, stage.writer, "read").observe(stage.read_s)
            self._reading.labels(route).inc(stage.reading_cost)
            if stage.cost is None:
                self._unpriced.labels(route, stage.writer).inc()
            else:
                self._cost.labels(route, stage.writer).inc(stage.cost)

    def hung_up(self, route: str) -> None:
        """Counts a caller who did not wait."""
        self._hangups.labels(route).inc()

    def outcome(self, route: str, *, correct: bool) -> None:
        """Counts an outcome."""
        self._outcomes.labels(route, "true" if correct else "false").inc()
