import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.maths.resampling import check_draws, group_weights, multinomial, open_percentiles, percentiles


def test_a_draw_holds_as_many_rows_as_the_sample():
    counts = np.array([3, 0, 7])
    drawn = multinomial(counts, 200, np.random.default_rng(0))
    assert (drawn.sum(axis=1) == 10).all()
    assert (drawn[:, 1] == 0).all()
    assert drawn.mean(axis=0) == pytest.approx(counts, abs=0.3)
    weights = list(group_weights(5, 20, np.random.default_rng(0)))
    assert [w.sum() for w in weights] == [5] * 20


def test_percentiles_leave_equal_tails():
    assert percentiles(np.arange(1001.0), 0.9) == pytest.approx((50, 950))


def test_tails_need_draws():
    check_draws(40, 0.95)
    with pytest.raises(InputError, match=r"level 0\.99 needs at least 200 draws; got 199"):
        check_draws(199, 0.99)


def test_undefined_draws_leave_an_end_open_where_they_reach_it():
    draws = np.arange(100.0)
    few = np.where(draws == 50, np.nan, draws)
    low, high = (np.where(np.isnan(few), end, few) for end in (-np.inf, np.inf))
    assert open_percentiles(low, high, 0.9) == (3.0, 96.0)
    many = np.where(draws < 20, np.nan, draws)
    low, high = (np.where(np.isnan(many), end, many) for end in (-np.inf, np.inf))
    assert open_percentiles(low, high, 0.9) == (None, None)
