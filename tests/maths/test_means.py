"""Means with intervals."""

import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.means import mean_interval


def test_the_interval_is_that_of_a_mean():
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    found = mean_interval("x", values, draws=4000)
    assert found.value == pytest.approx(values.mean())
    width = 2 * 1.96 * values.std() / 20
    assert found.high - found.low == pytest.approx(width, rel=0.1)


def test_what_has_no_mean():
    with pytest.raises(NotEnoughData, match="mean of x needs rows"):
        mean_interval("x", [])
    with pytest.raises(InputError, match="x must be finite"):
        mean_interval("x", [np.inf])
