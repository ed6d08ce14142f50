import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.maths.bounds import (
    binomial_cdf,
    binomial_p,
    clopper_pearson,
    rate_lower,
    rate_upper,
)

counts = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def exact_cdf(k, n, p):
    p = Fraction(p)
    return float(sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1)))


@given(counts, st.floats(0, 1))
def test_the_distribution_is_the_sum_of_its_terms(kn, p):
    assert binomial_cdf(*kn, p) == pytest.approx(exact_cdf(*kn, p), rel=1e-12, abs=1e-300)


def test_the_distribution_outside_its_range():
    assert [binomial_cdf(k, 5, 0.3) for k in (-1, 5, 9)] == [0, 1, 1]
    assert binomial_cdf(0, 0, 0.3) == 1
    assert [binomial_cdf(2, 5, p) for p in (0.0, 1.0)] == [1, 0]


@given(counts, st.floats(0.001, 0.5))
def test_at_an_upper_bound_the_count_is_just_as_unlikely_as_asked(kn, delta):
    k, n = kn
    bound = rate_upper(k, n, delta)
    assert bound == 1 if k == n else binomial_p(k, n, bound) == pytest.approx(delta, rel=1e-9)
    assert rate_lower(n - k, n, delta) == pytest.approx(1 - bound)


@given(counts)
def test_the_interval_holds_what_was_seen_and_narrows_with_more_of_it(kn):
    k, n = kn
    low, high = clopper_pearson(k, n)
    assert 0 <= low <= (k / n if n else 0.5) <= high <= 1
    tenfold = clopper_pearson(10 * k, 10 * n)
    assert tenfold[1] - tenfold[0] <= high - low


def test_the_interval_is_broken_no_more_often_than_it_says():
    n = 40
    intervals = [clopper_pearson(k, n, 0.9) for k in range(n + 1)]
    for p in np.linspace(0.01, 0.99, 99):
        outside = [not low <= p <= high for low, high in intervals]
        terms = np.diff([binomial_cdf(k, n, p) for k in range(-1, n + 1)])
        assert terms @ outside <= 0.1


def test_what_cannot_be_bounded():
    with pytest.raises(InputError, match="between 0 and the trials, 3; got 4"):
        rate_upper(4, 3, 0.05)
    with pytest.raises(InputError, match="delta must lie strictly"):
        rate_upper(1, 3, 0)
    with pytest.raises(InputError, match="n ≥ 0 and p"):
        binomial_cdf(1, 2, 1.5)
