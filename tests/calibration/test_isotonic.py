import numpy as np
import pytest

from foureyes.calibration import Isotonic
from foureyes.errors import InputError


def test_its_direction_is_the_caller_s_to_say():
    x, right = np.arange(200.0), np.arange(200) < 100
    falls = Isotonic.fit(x, right).predict_proba(x)
    assert falls[0] > 0.98
    assert falls[-1] < 0.02
    flat = Isotonic.fit(x, right, larger_is="better")
    assert np.ptp(flat.predict_proba(x)) == 0
    mirrored = Isotonic.fit(-x, right, larger_is="better").predict_proba(-x)
    assert mirrored.tolist() == falls.tolist()
    with pytest.raises(InputError, match="worse, better; got 'up'"):
        Isotonic.fit(x, right, larger_is="up")


def test_it_is_straight_between_blocks_and_flat_beyond():
    fitted = Isotonic.fit([1, 2, 3, 4], [1, 1, 0, 0])
    high, low = fitted.confidences[0], fitted.confidences[-1]
    assert fitted.predict_proba([-9, 1, 2, 2.5, 3, 4, 9]) == pytest.approx(
        [high, high, high, (high + low) / 2, low, low, low]
    )


def test_it_states_no_more_blocks_than_the_order_supports():
    rng = np.random.default_rng(0)
    x = rng.normal(size=5000)
    fitted = Isotonic.fit(x, rng.random(5000) < 1 / (1 + np.exp(x)))
    assert 10 < len(fitted.scores) < 200
    assert list(fitted.scores) == sorted(set(fitted.scores))
