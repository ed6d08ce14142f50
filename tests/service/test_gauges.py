"""The monitors' figures at ``/metrics``: units in their names, no tenant's name, and not made anew for every stranger."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from foureyes.monitoring import Monitor, Observation, ObservedVote, metric_samples
from foureyes.service.gauges import Gauges
from foureyes.signals.catalog import signal
from tests.service.house import House, open_house

__all__ = ["open_house"]

ASKED = {"prompt": "Capital of Australia?", "response": "Canberra"}


def fed(n: int, verifier: str = "p/a", log_cmp: float | None = 1.25) -> Monitor:
    monitor = Monitor()
    for t in range(n):
        opinion = ObservedVote(verifier, "safe", 0.9, log_cmp)
        monitor.observe(Observation(float(t), safe=True, consensus=True, opinions=(opinion,), confidence=0.9))
    return monitor


def read(page: bytes) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Every sample of a page, as Prometheus reads it."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def rendered(*monitors: Monitor, now: float = 100.0) -> dict[str, list[tuple[dict[str, str], float]]]:
    return read(asyncio.run(Gauges().render(monitors, now)))


def test_every_figure_says_whose_it_is_by_number() -> None:
    page = rendered(fed(3), fed(5, "p/b", None))
    assert page["foureyes_window_decisions"] == [({"tenant": "1"}, 3.0), ({"tenant": "2"}, 5.0)]
    assert page["foureyes_verifier_error_ratio"] == [
        ({"tenant": "1", "verifier": "p/a"}, 0.0),
        ({"tenant": "2", "verifier": "p/b"}, 0.0),
    ]
    assert page["foureyes_verifier_log_cmp_mean_nats"] == [({"tenant": "1", "verifier": "p/a"}, 1.25)]
    assert page["foureyes_estimated_accuracy_ratio"][0] == ({"tenant": "1"}, pytest.approx(0.9))


def test_of_nothing_nothing_is_claimed() -> None:
    assert set(rendered(Monitor())) == {"foureyes_window_decisions", "foureyes_alarms_active"}
    assert rendered() == {}


def test_names_that_need_care_are_read_back_as_they_are() -> None:
    name = 'p/"a\\b\nc'
    [(labels, _)] = rendered(fed(1, name))["foureyes_verifier_error_ratio"]
    assert labels["verifier"] == name


def test_figures_are_made_anew_only_once_they_are_old() -> None:
    monitor, gauges = fed(3), Gauges(fresh_s=10.0)

    def decisions(now: float) -> float:
        return read(asyncio.run(gauges.render([monitor], now)))["foureyes_window_decisions"][0][1]

    assert decisions(100.0) == 3
    monitor.observe(Observation(101.0, safe=True, consensus=True))
    assert decisions(109.9) == 3
    assert decisions(110.0) == 4
    monitor.observe(Observation(111.0, safe=True, consensus=True))
    assert decisions(50.0) == 5  # a clock set back makes nothing look fresh


def test_many_who_ask_at_once_are_given_one_page() -> None:
    class Counting(Monitor):
        made = 0

        def snapshot(self, now: float) -> dict[str, Any]:
            self.made += 1
            return super().snapshot(now)

    monitor, gauges = Counting(), Gauges()

    async def ask() -> set[bytes]:
        return set(await asyncio.gather(*(gauges.render([monitor], 0.0) for _ in range(50))))

    assert len(asyncio.run(ask())) == 1
    assert monitor.made == 1


def test_the_page_of_a_service_has_counters_and_gauges_once_each_and_no_tenant(house: House) -> None:
    for _ in range(3):
        house.call("POST", "/v1/guard/verify", ASKED)
    body = house.call("GET", "/metrics", key=None).body
    page = read(body)
    assert page["foureyes_window_decisions"] == [({"tenant": "1"}, 3.0)]
    assert {labels["verifier"] for labels, _ in page["foureyes_verifier_error_ratio"]} == {
        f"{judge.provider}/{judge.name}" for judge in house.judges
    }
    assert ({"verdict": "safe"}, 3.0) in page["foureyes_verdicts_total"]
    types = [line for line in body.decode().splitlines() if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    assert b"acme" not in body


def test_the_surprise_of_readers_is_called_as_in_the_catalogue_of_signals() -> None:
    row, static = signal("log_cmp"), files("foureyes.service") / "dashboard" / "static"
    told = {sample.help for sample in metric_samples(fed(1).snapshot(1.0)) if "log_cmp" in sample.name}
    assert told == {row.caption, f"{row.caption}, by quantile"}
    page, plot = (static / "index.html").read_text(), (static / "charts.js").read_text()
    assert row.title.removeprefix("mean ").capitalize() in page
    assert row.unit.replace("/", " a ") in page
    assert f"{row.title.capitalize()} of the readers" in plot
