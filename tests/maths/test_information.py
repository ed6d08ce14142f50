"""The entropy interval holds the true entropy, and its ends are reached."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.maths.information import entropy_interval

weights = st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=40)


def entropy(p):
    p = np.asarray(p)[np.asarray(p) > 0]
    return float(-(p * np.log(p)).sum())


@given(weights=weights, k=st.integers(1, 40), slack=st.integers(0, 1_000_000))
def test_the_true_entropy_lies_within_whatever_was_seen(weights, k, slack):
    p = np.sort(np.array(weights) / sum(weights))[::-1]
    k = min(k, len(p))
    bounds = entropy_interval(np.log(p[:k])[None], len(p) + slack)
    assert bounds.low[0] - 1e-9 <= entropy(p) <= bounds.high[0] + 1e-9
    assert 0 <= bounds.low[0] <= bounds.high[0] <= math.log(len(p) + slack) + 1e-12
    assert bounds.missing[0] == pytest.approx(p[k:].sum(), abs=1e-12)


@given(weights=weights, k=st.integers(1, 39), extra=st.integers(0, 39))
def test_an_extra_token_below_the_top_still_bounds_the_entropy(weights, k, extra):
    p = np.sort(np.array(weights) / sum(weights))[::-1]
    k = min(k, len(p) - 1)
    extra = min(k + extra, len(p) - 1)
    seen = np.log([*p[:k], p[extra]])[None]
    bounds = entropy_interval(seen, len(p), largest_unseen=np.log(p[k - 1 : k]))
    assert bounds.low[0] - 1e-9 <= entropy(p) <= bounds.high[0] + 1e-9


@given(weights=weights, k=st.integers(1, 40))
def test_knowing_nothing_of_the_unseen_only_widens_the_interval(weights, k):
    p = np.sort(np.array(weights) / sum(weights))[::-1][:k]
    informed = entropy_interval(np.log(p)[None], 50)
    ignorant = entropy_interval(np.log(p)[None], 50, largest_unseen=[0.0])
    assert ignorant.low[0] <= informed.low[0] + 1e-12
    assert ignorant.high[0] == informed.high[0]


def test_a_distribution_seen_whole_has_a_number_and_no_interval():
    p = np.array([0.5, 0.3, 0.2])
    bounds = entropy_interval(np.log(p)[None], 3)
    assert bounds.low[0] == bounds.high[0] == pytest.approx(entropy(p))
    assert bounds.missing[0] == 0


def test_an_even_rest_reaches_the_upper_end():
    p = np.array([0.4, 0.2] + [0.05] * 8)
    assert entropy_interval(np.log(p[:2])[None], 10).high[0] == pytest.approx(entropy(p))


def test_a_heaped_rest_reaches_the_lower_end():
    p = np.array([0.4, 0.2, 0.2, 0.2])
    assert entropy_interval(np.log(p[:2])[None], 1000).low[0] == pytest.approx(entropy(p))


def test_rows_of_different_length_are_padded_with_minus_infinity():
    rows = np.log([[0.5, 0.25, 0.125]])
    padded = np.concatenate([rows, [[-math.inf] * 2]], axis=1)
    one, other = entropy_interval(rows, 100), entropy_interval(padded, 100)
    assert (one.low[0], one.high[0], one.missing[0]) == (other.low[0], other.high[0], other.missing[0])


def test_certainty_has_no_entropy():
    bounds = entropy_interval([[0.0]], 50_000)
    assert (bounds.low[0], bounds.high[0], bounds.missing[0]) == (0, 0, 0)


def test_the_sum_over_the_top_is_not_mistaken_for_the_entropy():
    # 20 of 50 000 tokens seen, together 0.11 of the mass: the sum over them is 0.57, the entropy 10.2.
    p = np.full(50_000, 0.89 / 49_980)
    p[:20] = 0.0055
    bounds = entropy_interval(np.log(p[:20])[None], 50_000)
    assert entropy(p[:20]) < 0.6
    assert bounds.low[0] > 5
    assert bounds.high[0] == pytest.approx(entropy(p))


@pytest.mark.parametrize(
    ("seen", "vocabulary", "words"),
    [
        ([[math.nan]], 10, "nan"),
        ([[0.5]], 10, "0.5"),
        ([[-0.1, -0.1]], 10, "sum to at most 1"),
        ([[-math.inf]], 10, "1 to 10 tokens"),
        ([[-3.0, -3.0]], 1, "1 to 1 tokens"),
    ],
)
def test_what_is_not_a_distribution_is_refused(seen, vocabulary, words):
    with pytest.raises(InputError, match=words):
        entropy_interval(seen, vocabulary)
