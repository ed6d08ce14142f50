import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from foureyes.maths.unimodal import falling_or_peaked

SEQUENCES = st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 9)), min_size=1, max_size=12)


def isotonic(values, weights, sign):
    x = np.arange(len(values))
    return sign * IsotonicRegression().fit(x, sign * values, weights).predict(x) if len(values) else values


@given(SEQUENCES, st.sampled_from([0.0, 5.0, 200.0]))
def test_the_fit_is_the_best_of_all_peaks(pairs, least_gain):
    values, weights = np.array(pairs, np.float64).T
    fits = [
        np.append(isotonic(values[:peak], weights[:peak], 1), isotonic(values[peak:], weights[peak:], -1))
        for peak in range(len(values))
    ]
    errors = np.array([(weights * (fit - values) ** 2).sum() for fit in fits])
    found = falling_or_peaked(values, weights, least_gain=least_gain)
    error = (weights * (found - values) ** 2).sum()
    gained = errors[0] - errors.min()
    if abs(gained - least_gain) > 1e-6:
        assert error == pytest.approx(errors.min() if gained > least_gain else errors[0], abs=1e-6)
    peak = int(found.argmax())
    assert (np.diff(found[: peak + 1]) >= 0).all()
    assert (np.diff(found[peak:]) <= 0).all()


def test_an_endless_gain_is_never_enough():
    assert falling_or_peaked(np.array([0.0, 9.0]), np.ones(2), least_gain=np.inf).tolist() == [4.5, 4.5]
