"""The figures of every tenant's monitor as Prometheus gauges, computed on request and at most every few seconds.

``/metrics`` needs no key, so tenants are told apart by a number: the place in the configuration, from 1. Figures of a window of thousands take tens of milliseconds, so they are remembered for a while, and the
event loop gets its turn between two tenants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from foureyes.monitoring import MetricSample, Monitor, metric_samples

__all__ = ["Gauges"]

_FRESH_S: Final = 10.0

Numbered: TypeAlias = tuple[int, MetricSample]


@dataclass(frozen=True, slots=True)
class _Page:
    """What was rendered, and when."""

    at: float
    text: bytes


class Gauges:
    """Gauges of several monitors.

    Args:
        fresh_s: how long figures are given again before they are made anew.

    Example:
        >>> page = asyncio.run(Gauges().render([Monitor()], 0.0)).decode()
        >>> print(page.splitlines()[2])
        foureyes_window_decisions{tenant="1"} 0.0
    """

    def __init__(self, *, fresh_s: float = _FRESH_S) -> None:
        self._fresh_s = fresh_s
        self._page: _Page | None = None
        self._making = asyncio.Lock()

    async def render(self, monitors: Collection[Monitor], now: float) -> bytes:
        """In Prometheus' text format.

        Args:
            monitors: one a tenant, in the order of the configuration.
            now: seconds since 1970.
        """
        async with self._making:
            if self._page is None or not 0 <= now - self._page.at < self._fresh_s:
                self._page = _Page(now, await _rendered(list(monitors), now))
            return self._page.text


async def _rendered(monitors: Sequence[Monitor], now: float) -> bytes:
    found: list[Numbered] = []
    for number, monitor in enumerate(monitors, 1):
        found += [(number, sample) for sample in metric_samples(monitor.snapshot(now))]
        await asyncio.sleep(0)
    return generate_latest(_Families(found))


class _Families(Collector):
    """Samples by their names."""

    def __init__(self, found: Sequence[Numbered]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """One family a name, in the order of the names' first metric_samples."""
        families: dict[str, GaugeMetricFamily] = {}
        for number, sample in self._found:
            if (family := families.get(sample.name)) is None:
                labels = ["tenant", *sample.labels]
                family = families[sample.name] = GaugeMetricFamily(sample.name, sample.help, labels=labels)
            family.add_metric([str(number), *sample.labels.values()], sample.value)
        yield from families.values()
