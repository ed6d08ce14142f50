import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.router_comparison import compare_orders
from foureyes.maths.routing import over_random, tally

QUICK = (0.9, 40, 0)


def rows(seed, n, ties=None):
    """Two priorities that know something each, and who is right."""
    rng = np.random.default_rng(seed)
    hard = rng.random(n)
    small, large = rng.random(n) > hard, rng.random(n) > hard / 3
    first, second = hard + rng.normal(0, 0.2, n), hard + rng.normal(0, 0.6, n)
    if ties:
        first, second = (np.floor(x * ties) for x in (first, second))
    return (first, second), small, large


@given(st.integers(0, 5000), st.integers(1, 80), st.sampled_from([None, 3]))
def test_the_value_is_the_difference_of_the_two_curves(seed, n, ties):
    orders, small, large = rows(seed, n, ties)
    found = compare_orders(orders, small, large, interval=QUICK)
    apart = [float(over_random(tally(order, small, large))) for order in orders]
    assert found.gained == pytest.approx(apart[0] - apart[1])
    assert found.gap == pytest.approx(float(large.mean()) - float(small.mean()))
    assert found.n == n


@given(st.integers(0, 5000), st.integers(1, 60))
def test_swapping_the_routers_changes_the_sign_and_the_order_of_rows_nothing(seed, n):
    (first, second), small, large = rows(seed, n)
    found = compare_orders((first, second), small, large, interval=QUICK)
    assert compare_orders((second, first), small, large, interval=QUICK).gained == pytest.approx(-found.gained)
    order = np.random.default_rng(seed).permutation(n)
    moved = compare_orders((first[order], second[order]), small[order], large[order], interval=QUICK)
    assert moved.gained == found.gained
    assert np.array_equal(moved.drawn_gained, found.drawn_gained)


def test_a_router_is_never_ahead_of_itself():
    (first, _), small, large = rows(0, 5000)
    found = compare_orders((first, np.exp(first)), small, large, interval=QUICK)
    assert found.gained == 0
    assert found.drawn_gained == pytest.approx(np.zeros(40))


def test_the_draws_are_those_of_rows_resampled_together():
    orders, small, large = rows(3, 800)
    found = compare_orders(orders, small, large, interval=(0.95, 2000, 0))
    rng = np.random.default_rng(1)
    plain = []
    for _ in range(2000):
        drawn = rng.integers(0, 800, 800)
        apart = [float(over_random(tally(order[drawn], small[drawn], large[drawn]))) for order in orders]
        plain.append(apart[0] - apart[1])
    assert found.drawn_gained.std() == pytest.approx(np.std(plain), rel=0.08)
    ends = np.quantile(plain, (0.025, 0.975))
    assert np.quantile(found.drawn_gained, (0.025, 0.975)) == pytest.approx(ends, abs=0.15 * np.ptp(ends))


def test_a_pair_is_compared_more_sharply_than_its_curves_apart():
    orders, small, large = rows(4, 2000)
    found = compare_orders(orders, small, large)
    alone = [
        tally(order, small, large).pooled(64).drawn(1000, np.random.default_rng(i)) for i, order in enumerate(orders)
    ]
    apart = over_random(alone[0]) - over_random(alone[1])
    assert found.drawn_gained.std() < 0.85 * apart.std()


def test_the_interval_of_a_difference_covers_it():
    truth = compare_orders(*rows(99, 500_000, 8), interval=QUICK).gained
    hits = 0
    for seed in range(200):
        drawn = compare_orders(*rows(seed, 400, 8), interval=(0.9, 200, seed)).drawn_gained
        low, high = np.quantile(drawn, (0.05, 0.95))
        hits += low <= truth <= high
    assert 166 <= hits <= 194


def test_what_cannot_be_used():
    with pytest.raises(InputError, match="first 1, second 2"):
        compare_orders(([1], [1, 2]), [1], [1], interval=QUICK)
    with pytest.raises(InputError, match="priority must not contain NaN"):
        compare_orders(([np.nan], [1]), [1], [1], interval=QUICK)
    with pytest.raises(InputError, match="at least 20 draws; got 10"):
        compare_orders(([1], [1]), [1], [1], interval=(0.9, 10, 0))
    with pytest.raises(NotEnoughData, match="at least one row"):
        compare_orders(([], []), [], [], interval=QUICK)
