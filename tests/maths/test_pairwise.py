import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import binomtest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.pairwise import pairwise_accuracy
from foureyes.maths.ranking import auroc

pairs = hnp.arrays(float, st.tuples(st.just(2), st.integers(1, 30)), elements=st.integers(0, 5).map(float))


@given(pairs)
def test_it_is_the_mean_auroc_within_a_question(both):
    right, wrong = both
    within = [auroc([r, w], wrong=[False, True], draws=40).value for r, w in zip(right, wrong, strict=True)]
    assert pairwise_accuracy(right, wrong, draws=40).value == pytest.approx(np.mean(within))


@given(pairs)
def test_swapping_the_answers_mirrors_it(both):
    there, back = pairwise_accuracy(*both, draws=40), pairwise_accuracy(*both[::-1], draws=40)
    assert back.value == pytest.approx(1 - there.value)
    assert back.n_ties == there.n_ties


@given(pairs)
def test_the_interval_lies_in_0_to_1_and_is_never_a_point(both):
    p = pairwise_accuracy(*both)
    assert 0 <= p.low <= p.high <= 1
    if p.value in (0, 1):
        assert p.low < p.high


def test_the_interval_is_close_to_the_exact_binomial_one():
    right, wrong = np.zeros(120), np.where(np.arange(120) < 90, 1.0, -1.0)
    exact = binomtest(90, 120).proportion_ci(method="wilson")
    p = pairwise_accuracy(right, wrong, draws=4000)
    assert (p.value, p.n, p.n_ties) == (0.75, 120, 0)
    assert p.low == pytest.approx(exact.low, abs=0.02)
    assert p.high == pytest.approx(exact.high, abs=0.02)


def test_where_all_pairs_agree_the_open_end_is_the_binomial_bound():
    p = pairwise_accuracy(np.zeros(10), np.ones(10))
    assert (p.value, p.high) == (1, 1)
    assert p.low == pytest.approx(binomtest(10, 10).proportion_ci(method="exact").low)


def test_what_it_refuses():
    with pytest.raises(NotEnoughData, match="got none"):
        pairwise_accuracy([], [])
    with pytest.raises(InputError, match="same length"):
        pairwise_accuracy([1], [1, 2])
    with pytest.raises(InputError, match="NaN"):
        pairwise_accuracy([1], [np.nan])
