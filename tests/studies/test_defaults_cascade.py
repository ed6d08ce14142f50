"""How the study of cascade's defaults counts, on made-up models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.maths.routing import over_random, tally
from studies.defaults.cascade_chains import CHAIN_BASE, CHAIN_DEFAULT, chain_areas
from studies.defaults.cascade_orders import BASE, DEFAULT, gain_of
from studies.defaults.cascade_pairs import lead_of, set_gains, split
from studies.defaults.cascade_sets import CascadeSet


def made_up(n=600, skills=(0.5, 0.65, 0.8, 0.9), rotations=1):
    rng = np.random.default_rng(0)
    chance = np.array([rng.beta(4 * skill, 4 * (1 - skill), n) for skill in skills])
    return CascadeSet("made up", chance, rng.random(chance.shape) < chance, np.arange(n) // rotations, "made up")


@given(st.integers(0, 1000), st.integers(2, 40))
def test_a_gain_is_the_librarys(seed, tiers):
    rng = np.random.default_rng(seed)
    priority = rng.integers(0, tiers, 80).astype(float)
    small, large = rng.random((2, 80)) < 0.6
    found = gain_of(priority, small, large)
    assert found.value == pytest.approx(float(over_random(tally(priority, small, large))), abs=1e-12)
    assert found.of_rows.mean() == pytest.approx(0, abs=1e-12)


def test_first_order_changes_spread_as_a_bootstrap_of_rows_does():
    rng = np.random.default_rng(1)
    priority = rng.random(400)
    small, large = rng.random(400) < 1 - priority, rng.random(400) < 0.8
    drawn = []
    for _ in range(600):
        rows = rng.integers(0, 400, 400)
        drawn.append(gain_of(priority[rows], small[rows], large[rows]).value)
    first_order = gain_of(priority, small, large).of_rows.std() / np.sqrt(400)
    assert first_order == pytest.approx(np.std(drawn), rel=0.12)


def test_no_question_stands_on_both_sides():
    found = made_up(rotations=4)
    fit, test = split(found, 100, 3)
    assert len(fit) == 100
    assert not set(found.question[fit]) & set(found.question[test])


def test_the_base_leads_itself_by_nothing_and_orders_are_measured_on_every_pair():
    gains = set_gains(made_up(), "half", 2, 0)
    assert gains is not None
    assert len(gains.leads[BASE]) == 6
    lead = lead_of([gains], BASE)
    assert (lead.value, lead.low, lead.high) == (0, 0, 0)
    other = lead_of([gains], DEFAULT)
    assert other.low <= other.value <= other.high
    assert abs(other.value) < 0.05
    assert set_gains(made_up(), 500, 1, 0) is None


def test_mixing_never_costs_area_where_curves_rise():
    (chain,) = chain_areas(made_up(), 3, 1, 20, 0)
    assert chain.areas[CHAIN_BASE] > chain.areas["grid of thresholds"]
    assert chain.areas[CHAIN_DEFAULT] > chain.areas["200 prices, not mixed"]
    assert chain.drawn[CHAIN_DEFAULT].shape == (20,)
