"""Answers come as the seed says, and each is waited for."""

from __future__ import annotations

import asyncio

import pytest

from bench.mixed_reading import WAYS, arrivals, computed, rows, waits
from foureyes.models.scripted import ScriptedReader


def test_each_kind_keeps_the_reader_as_busy_and_the_same_come_to_all() -> None:
    coming, again = (
        arrivals({"short": 0.01, "long": 1.0}, seconds=1000.0, busy=0.5, characters=400, seed=7) for _ in range(2)
    )
    assert coming == again
    n = {kind: sum(one.kind == kind for one in coming) for kind in ("short", "long")}
    assert n["short"] * 0.01 == pytest.approx(250, rel=0.1)
    assert n["long"] * 1.0 == pytest.approx(250, rel=0.3)


@pytest.mark.parametrize("way", WAYS)
def test_each_is_read_once(way: str) -> None:
    coming = arrivals({"short": 0.001, "long": 0.01}, seconds=0.05, busy=0.9, characters=400, seed=0)
    found = asyncio.run(waits(ScriptedReader(), coming, WAYS[way]))
    assert [kind for kind, _ in found] == [one.kind for one in coming]
    assert [row[:2] for row in rows({way: [("short", 0.1), ("long", 2.0)]})] == [["short", way], ["long", way]]


def test_short_answers_wait_less_by_size_for_a_reader_that_is_computed_with() -> None:
    coming = arrivals({"short": 0.05, "long": 2.0}, seconds=2000.0, busy=0.6, characters=4000, seed=0)
    found = {name: computed(coming, way, 2000.0) for name, way in WAYS.items()}
    assert {len(all_) for all_ in found.values()} == {len(coming)}
    longest = {way: max(wait for kind, wait in all_ if kind == "short") for way, all_ in found.items()}
    assert longest["by size"] < 0.7 * longest["by number"]
