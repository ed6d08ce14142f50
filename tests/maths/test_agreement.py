import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.agreement import both_miss, coverage, miss_agreement, rho_max

rates = st.floats(0.01, 0.99)
misses = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.booleans(), min_size=n, max_size=n), st.lists(st.booleans(), min_size=n, max_size=n)
    )
)


@given(rates, rates)
def test_independent_readers_both_miss_with_the_product(p1, p2):
    assert both_miss(p1, p2, 0.0) == pytest.approx(p1 * p2)
    assert coverage(p1, p2, 0.0) == pytest.approx(1 - max(p1, p2))


@given(rates, rates)
def test_at_the_largest_correlation_the_better_reader_adds_nothing(p1, p2):
    assert both_miss(p1, p2, rho_max(p1, p2)) == pytest.approx(min(p1, p2))
    assert coverage(p1, p2, rho_max(p1, p2)) == pytest.approx(0, abs=1e-9)


@given(rates, rates, st.floats(0, 1), st.floats(0, 1))
def test_coverage_falls_as_misses_correlate(p1, p2, a, b):
    low, high = sorted((a * rho_max(p1, p2), b * rho_max(p1, p2)))
    assert coverage(p1, p2, high) <= coverage(p1, p2, low) + 1e-9


@given(rates)
def test_only_equal_rates_allow_a_correlation_of_one(p):
    assert rho_max(p, p) == pytest.approx(1)
    assume(abs(p - 0.5) > 1e-3)
    assert rho_max(p, 1 - p) < 1


@given(misses)
def test_what_is_measured_obeys_the_algebra(columns):
    a = miss_agreement(*columns, draws=100)
    first, second = (np.array(column) for column in columns)
    assert a.n_both == (first & second).sum()
    if a.rho is None:
        assert a.rho_max is None
        assert a.rho_share is None
        assert min(a.p1, a.p2) == 0 or max(a.p1, a.p2) == 1
    else:
        assert a.rho == pytest.approx(np.corrcoef(first, second)[0, 1])
        assert a.rho <= a.rho_max + 1e-12
        assert both_miss(a.p1, a.p2, a.rho) == pytest.approx(a.both)
        assert a.coverage == pytest.approx(coverage(a.p1, a.p2, a.rho))
    assert (a.coverage is None) == (min(a.p1, a.p2) == 0)
    assert -1 <= a.rho_low <= a.rho_high <= 1
    assert 0 <= a.coverage_low <= a.coverage_high <= 1


@given(misses)
def test_the_two_readers_are_treated_alike(columns):
    one, two = miss_agreement(*columns, draws=100), miss_agreement(*columns[::-1], draws=100)
    assert (one.rho, one.both, one.p1) == (pytest.approx(two.rho) if two.rho is not None else None, two.both, two.p2)


def test_the_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(3)
    p1, p2, rho = 0.3, 0.4, 0.35
    both = both_miss(p1, p2, rho)
    cells = [both, p1 - both, p2 - both, 1 - p1 - p2 + both]
    held = 0
    for seed in range(200):
        row = rng.choice(4, size=150, p=cells)
        a = miss_agreement(row < 2, (row == 0) | (row == 2), level=0.9, draws=300, seed=seed)
        held += (a.rho_low <= rho <= a.rho_high) and (a.coverage_low <= coverage(p1, p2, rho) <= a.coverage_high)
    assert held >= 0.78 * 200


def test_an_empty_cell_leaves_the_interval_open():
    a = miss_agreement([True] * 3 + [False] * 17, [False] * 20)
    assert (a.rho, a.coverage) == (None, None)
    assert a.rho_high - a.rho_low > 0.1


def test_the_same_seed_gives_the_same_interval():
    columns = ([1, 1, 0, 0, 1], [1, 0, 0, 1, 1])
    assert miss_agreement(*columns, seed=4) == miss_agreement(*columns, seed=4)
    assert miss_agreement(*columns, seed=4) != miss_agreement(*columns, seed=5)


def test_what_cannot_be_measured():
    with pytest.raises(NotEnoughData, match="at least one wrong answer"):
        miss_agreement([], [])
    with pytest.raises(InputError, match="same length"):
        miss_agreement([1], [1, 0])
    with pytest.raises(InputError, match=r"correlated by 0\.9"):
        both_miss(0.1, 0.5, 0.9)
    with pytest.raises(InputError, match=r"in \[0, 1\]; got 1\.2"):
        both_miss(1.2, 0.5, 0)
    with pytest.raises(InputError, match="misses nothing"):
        coverage(0.0, 0.5, 0)
    with pytest.raises(InputError, match="p1 must lie strictly"):
        rho_max(0, 0.5)
