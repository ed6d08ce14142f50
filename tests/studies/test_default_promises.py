"""The study of promises finds what is so where the truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studies.defaults.promise_rivals import COST_METHODS, RATE_METHODS
from studies.defaults.promises import LIMITS, Population, tried
from studies.defaults.section import StudyPlan


@pytest.fixture(scope="module")
def population() -> Population:
    rng = np.random.default_rng(0)
    p = rng.beta(3, 1, 20_000)
    wrong = rng.random(20_000) > p
    return Population("simulated", np.log(p / (1 - p)), wrong, np.full(20_000, 1 / 20_000))


def test_whoever_tests_keeps_the_promise_and_whoever_does_not_breaks_it(population: Population) -> None:
    found = tried(population, RATE_METHODS, 200, LIMITS, StudyPlan(Path(), splits=40), costs=False)
    *tested, untested = found.values()
    assert all(one.broken / one.draws <= 0.05 + 3 * (0.05 * 0.95 / one.draws) ** 0.5 for one in tested)
    assert untested.broken / untested.draws > 0.2
    ours = tested[0]
    assert ours.coverage >= max(one.coverage for one in tested[2:])
    assert ours.draws == 40 * len(LIMITS)


def test_bets_let_more_through_than_bounds_that_know_the_mean_only(population: Population) -> None:
    found = tried(population, COST_METHODS, 1000, (0.8,), StudyPlan(Path(), splits=12), costs=True)
    ours, *_, before, untested = found.values()
    assert ours.coverage > before.coverage + 0.02
    assert ours.broken <= 2
    assert untested.broken > 2


def test_rows_that_hang_together_count_as_their_question() -> None:
    chance = np.array([0.25, 0.25, 0.5])
    population = Population("grouped", np.zeros(3), np.array([True, False, False]), chance)
    assert population.risk(population.wrong.astype(np.float64), np.ones(3, np.bool_)) == 0.25
    assert population.risk(population.wrong.astype(np.float64), np.zeros(3, np.bool_)) == 0
