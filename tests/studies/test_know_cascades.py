"""Cascades on made-up models of which the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from studies.know_when.cascades import ORDERS, CascadePair, cascade, same_size


def pair(n: int, seed: int) -> CascadePair:
    """A small model that knows what it knows, and a large one that is right in nine of ten."""
    rng = np.random.default_rng(seed)
    conf = rng.random(n)
    large = np.full(n, 0.9)
    return CascadePair((conf**0.3, large), (conf, large), (rng.random(n) < conf, rng.random(n) < 0.9))


def test_orderings_that_should_agree_do_and_all_beat_chance():
    done = cascade(pair(6000, 0), pair(6000, 1), bins=15)
    areas = {order: done.area(order) for order in ORDERS}
    assert areas["calibrated"] == areas["threshold"]
    assert done.reversed_bins == 0
    assert min(areas.values()) > 0.65
    assert done.area("oracle") > max(areas.values())


def test_a_difference_is_taken_on_the_same_rows():
    done = cascade(pair(600, 0), pair(600, 1), bins=5)
    rows = np.arange(300)
    assert done.ahead("calibrated", "oracle")(rows) == pytest.approx(
        done.gained("calibrated", rows) - done.gained("oracle", rows)
    )


def test_a_large_model_that_fails_where_the_small_one_doubts_reverses_bins():
    conf = np.repeat([0.2, 0.5, 0.9], 100)
    large = np.repeat([0.1, 0.9, 0.9], 100)
    right = np.arange(300) % 2 == 0
    both = CascadePair((conf, large), (conf, large), (right, ~right))
    assert cascade(both, both, bins=3).reversed_bins == 2


def test_complementary_models_of_one_size_gain_over_the_better_one():
    n = 1000
    first = np.arange(n) % 2 == 0
    conf = np.where(first, 0.9, 0.1)
    half = np.full(n, 0.5)
    both = CascadePair((conf, half), (conf, half), (first, ~first))
    assert same_size(both, both, bins=2).mean() == pytest.approx(0.5)


def test_a_model_that_adds_nothing_is_not_asked():
    conf = np.linspace(0.6, 1, 100)
    right = np.arange(100) % 3 > 0
    both = CascadePair((conf, conf - 0.1), (conf, conf - 0.1), (right, np.zeros(100, bool)))
    assert not same_size(both, both, bins=5).any()
