import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.coherence import incoherence

DEBATES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)


@given(DEBATES)
@settings(max_examples=40)
def test_it_is_the_mean_distance_from_one(debates):
    one, other = np.array(debates).T
    found = incoherence(one, other, draws=40)
    assert found.value == pytest.approx(np.abs(one + other - 1).mean())
    assert found.excess == pytest.approx((one + other - 1).mean())
    assert abs(found.excess) <= found.value + 1e-12
    assert found.both_sure.k == sum(a > 0.5 and b > 0.5 for a, b in debates)
    swapped = incoherence(other, one, draws=40)
    assert (swapped.value, swapped.excess) == pytest.approx((found.value, found.excess))


def test_coherent_debaters_score_nothing():
    confidence = np.array([0.25, 0.5, 1.0])
    found = incoherence(confidence, 1 - confidence)
    assert (found.value, found.low, found.high, found.both_sure.k) == (0, 0, 0, 0)


def test_too_sure_and_too_modest_cancel_in_the_excess_but_not_in_the_value():
    found = incoherence([0.9, 0.1], [0.9, 0.1])
    assert found.value == pytest.approx(0.8)
    assert found.excess == pytest.approx(0)


def test_the_interval_holds_the_value_and_narrows_with_debates():
    rng = np.random.default_rng(0)
    widths = []
    for n in (30, 3000):
        found = incoherence(rng.random(n), rng.random(n))
        assert found.low <= found.value <= found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 5


def test_what_is_no_debate():
    with pytest.raises(NotEnoughData, match="needs debates; got none"):
        incoherence([], [])
    with pytest.raises(InputError, match=r"other must lie in \[0, 1\]"):
        incoherence([0.5], [1.5])
    with pytest.raises(InputError, match="same length"):
        incoherence([0.5], [])
