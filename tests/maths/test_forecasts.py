"""Over-confidence and forecasts, by hand: which end counts, and what nobody may repair."""

import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.forecasts import forecast_scores, overconfidence_rate, two_sided_overconfidence_rate


def test_the_two_rates_count_different_answers():
    p = [0.95, 0.99, 0.9, 0.02, 0.5]
    right = [True, False, False, False, True]
    one = overconfidence_rate(p, right)
    both = two_sided_overconfidence_rate(p, right)
    assert (one.k, one.n) == (1, 2)  # 0.9 itself is not above 0.9
    assert (both.k, both.n) == (1, 3)  # 0.02 is a sure "no", and no it was


def test_a_sure_no_that_came_true_is_overconfident_on_two_sides_only():
    assert two_sided_overconfidence_rate([0.01], [True]).value == 1
    with pytest.raises(NotEnoughData, match=r"above 0\.9"):
        overconfidence_rate([0.01], [True])


def test_a_no_with_a_high_probability_is_counted_and_never_turned_round():
    found = forecast_scores([0.8, 0.8, 0.2, 0.5, 0.5], [0, 1, 1, 0, 1], [1, 1, 0, 0, 1])
    assert (found.inconsistent.k, found.inconsistent.n) == (2, 5)
    assert found.brier.value == pytest.approx((0.04 + 0.04 + 0.04 + 0.25 + 0.25) / 5)
    assert found.said_right.k == 3


def test_skill_is_against_the_base_rate_and_none_where_that_is_perfect():
    assert forecast_scores([0.75] * 4, [1] * 4, [1, 1, 1, 0]).brier.skill == pytest.approx(0)
    assert forecast_scores([0.1, 0.9], [0, 1], [0, 1]).brier.skill == pytest.approx(1 - 0.01 / 0.25)
    certain = forecast_scores([0.7], [1], [1])
    assert (certain.brier.skill, certain.overconfident) == (None, None)


@pytest.mark.parametrize("above", [0.4, 1.0, float("nan")])
def test_a_threshold_that_is_none_is_refused(above):
    with pytest.raises(InputError, match="above must lie in"):
        overconfidence_rate([0.9], [True], above=above)


def test_nothing_to_score():
    with pytest.raises(NotEnoughData, match="got none"):
        forecast_scores([], [], [])
    with pytest.raises(InputError, match="same length"):
        forecast_scores([0.5], [1, 0], [1])
    with pytest.raises(InputError, match="divide by 100"):
        overconfidence_rate([95.0], [True])
