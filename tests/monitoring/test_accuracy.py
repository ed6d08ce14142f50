import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError, NotEnoughData
from foureyes.monitoring.accuracy import estimated_accuracy, realised_accuracy

confidences = st.lists(st.floats(0, 1), min_size=1, max_size=200)


@given(confidences)
def test_the_estimate_is_the_mean_and_lies_in_its_interval(c):
    e = estimated_accuracy(c)
    assert e.value == pytest.approx(np.mean(c))
    assert 0 <= e.low <= e.value + 1e-9
    assert e.value - 1e-9 <= e.high <= 1


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("shape", [(8, 2), (0.5, 0.5), (300, 3)])
def test_if_calibration_holds_the_share_right_lies_in_the_interval_as_often_as_said(level, shape):
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        c = rng.beta(*shape, 80)
        e = estimated_accuracy(c, level=level)
        held += e.low <= (rng.random(80) < c).mean() <= e.high
    assert held / 1000 >= level - 0.01  # a thousand draws of something that is at least `level`


def test_if_calibration_fails_the_interval_is_wrong_and_labels_say_so():
    rng = np.random.default_rng(1)
    c = rng.beta(20, 2, 400)
    right = rng.random(400) < c - 0.2
    assert right.mean() < estimated_accuracy(c).low
    r = realised_accuracy(right, c.tolist())
    assert r.gap == pytest.approx(right.mean() - c.mean())
    assert r.p_value < 1e-6
    assert "Calibration holds" in estimated_accuracy(c).assumes


def test_if_calibration_holds_small_p_values_are_as_rare_as_they_say():
    rng = np.random.default_rng(2)
    p = []
    for _ in range(1000):
        c = rng.beta(5, 2, 60)
        p.append(realised_accuracy(rng.random(60) < c, c.tolist()).p_value)
    for limit in (0.01, 0.05, 0.2):
        assert np.mean(np.array(p) <= limit) <= limit + 0.01


def test_labels_without_confidences_are_counted_but_not_compared():
    r = realised_accuracy([True, False, True], [None, None, None])
    assert (r.value, r.n, r.expected, r.gap, r.p_value) == (pytest.approx(2 / 3), 3, None, None, None)
    mixed = realised_accuracy([True, False, True], [0.5, None, 0.7])
    assert (mixed.n, mixed.expected, mixed.gap) == (3, pytest.approx(0.6), pytest.approx(0.4))


def test_more_answers_narrow_the_interval():
    few, many = estimated_accuracy([0.9] * 20), estimated_accuracy([0.9] * 2000)
    assert many.high - many.low < (few.high - few.low) / 4


@pytest.mark.parametrize("c", [0.0, 1.0])
def test_certainty_has_no_spread(c):
    e = estimated_accuracy([c] * 10)
    assert (e.low, e.value, e.high) == (c, c, c)


def test_what_cannot_be_told_raises():
    with pytest.raises(NotEnoughData, match="got none"):
        estimated_accuracy([])
    with pytest.raises(NotEnoughData, match="labelled answers; got none"):
        realised_accuracy([], [])
    with pytest.raises(InputError, match=r"confidence must lie in \[0, 1\]; got 1.5"):
        estimated_accuracy([1.5])
    with pytest.raises(InputError, match="same length"):
        realised_accuracy([True], [0.5, 0.5])
