import itertools

import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.maths.two_rates import RateComparison


def first_alarm(events, others, alpha=0.01):
    test = RateComparison(alpha=alpha)
    pairs = enumerate(zip(events.tolist(), others.tolist(), strict=True), 1)
    return next((n for n, (x, y) in pairs if test.observe(event=x, other=y)), None)


@pytest.mark.parametrize(("rate", "other"), [(0.05, 0.05), (0.5, 0.5), (0.9, 0.9), (0.3, 0.5)])
def test_of_a_thousand_streams_without_a_difference_no_more_than_alpha_alarm(rate, other):
    rng = np.random.default_rng(1)
    false = sum(first_alarm(rng.random(300) < rate, rng.random(300) < other, 0.05) is not None for _ in range(1000))
    assert false <= 50


@pytest.mark.parametrize("rates", [*itertools.product((0.1, 0.3, 0.8), repeat=2)])
@pytest.mark.parametrize("past", [(True, False), (True, True), (False, False)])
def test_no_bet_wins_on_average_where_the_first_rate_is_no_higher(rates, past):
    low, high = sorted(rates)
    test = RateComparison(alpha=0.01)
    for _ in range(30):
        test.observe(event=past[0], other=past[1])
    expected = sum(
        (low if x else 1 - low) * (high if y else 1 - high) * test._won(event=x, other=y)
        for x, y in itertools.product((True, False), repeat=2)
    )
    assert expected <= 1 + 1e-12


def test_a_clear_difference_is_seen_in_a_dozen_pairs_and_after_a_long_quiet_past_in_three_dozen():
    rng = np.random.default_rng(2)
    sudden = [first_alarm(rng.random(100) < 0.8, rng.random(100) < 0.1) for _ in range(100)]
    assert np.median(sudden) <= 15
    quiet = [first_alarm(np.r_[rng.random(500) < 0.1, rng.random(100) < 0.8], rng.random(600) < 0.1) for _ in range(50)]
    assert np.median(quiet) <= 540


def test_it_goes_on_from_its_state():
    rng = np.random.default_rng(3)
    whole, part = RateComparison(alpha=0.01), RateComparison(alpha=0.01)
    for x, y in zip(rng.random(40) < 0.5, rng.random(40) < 0.3, strict=True):
        whole.observe(event=bool(x), other=bool(y))
        part = RateComparison.from_state(part.state())
        part.observe(event=bool(x), other=bool(y))
    assert part.state() == whole.state()


@pytest.mark.parametrize("state", [[], {}, "ten digits", [0.01] * 9])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(InputError, match="ten numbers"):
        RateComparison.from_state(state)


def test_after_an_alarm_it_is_silent():
    test = RateComparison(alpha=0.01)
    raised = [test.observe(event=True, other=False) for _ in range(100)]
    assert raised.count(True) == 1
    assert test.alarmed
