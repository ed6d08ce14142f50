import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.calibration.rows import Rows

columns = st.integers(1, 300).flatmap(
    lambda n: st.tuples(hnp.arrays(float, n, elements=st.floats(-5, 5)), hnp.arrays(bool, n))
)


def drawn(n, seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=n), rng.random(n) < 0.5]


@given(columns, st.randoms(use_true_random=False))
def test_the_same_rows_are_recognised_in_any_order(rows, random):
    order = random.sample(range(len(rows[0])), len(rows[0]))
    shuffled = [column[order] for column in rows]
    assert Rows.of(rows) == Rows.of(shuffled)
    assert Rows.of(rows).shared_with(shuffled)


@given(columns)
def test_one_changed_outcome_makes_other_rows(rows):
    x, right = rows
    changed = right.copy()
    changed[0] = not changed[0]
    assert Rows.of([x, changed]).digest != Rows.of([x, right]).digest


def test_a_part_of_the_rows_and_more_than_the_rows_are_recognised():
    x, right = drawn(2000, 0)
    remembered = Rows.of([x[:1000], right[:1000]])
    for part in (slice(0, 300), slice(0, 2000), slice(500, 1500), slice(10, 1010)):
        assert remembered.shared_with([x[part], right[part]])
    for part in (slice(1000, 2000), slice(900, 2000)):
        assert not remembered.shared_with([x[part], right[part]])


def test_rows_of_the_same_kind_are_not_mistaken():
    for digits in (None, 3, 2, 1):
        for n in (50, 500, 20_000):
            pairs = [drawn(n, seed) for seed in (1, 2)]
            if digits:
                pairs = [[np.round(x, digits), right] for x, right in pairs]
            assert not Rows.of(pairs[0]).shared_with(pairs[1])


def test_zero_has_no_sign():
    assert Rows.of([np.array([0.0, 1.0])]) == Rows.of([np.array([-0.0, 1.0])])


def test_rows_are_known_again_though_many_of_them_are_alike():
    """A sure model says exactly 1 of half of the rows; the others still tell one set from another."""
    rng = np.random.default_rng(0)
    sure = np.where(rng.random(4000) < 0.5, 1.0, rng.random(4000))
    other = np.where(rng.random(4000) < 0.5, 1.0, rng.random(4000))
    for n in (1000, 2000):
        rows = Rows.of([sure[:n]])
        assert rows.shared_with([sure])
        assert not rows.shared_with([other])


@pytest.mark.parametrize("decimals", [1, 2, 3])
@pytest.mark.parametrize("n", [50, 500, 5000])
def test_coarse_scores_of_other_rows_raise_no_alarm(n, decimals):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        one, other = (rng.random(size).round(decimals) for size in (n, 2 * n))
        assert not Rows.of([one]).shared_with([other])
