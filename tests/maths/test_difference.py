import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.difference import paired_difference
from foureyes.maths.ranking import auroc
from foureyes.maths.resampling import FEW
from foureyes.maths.risk_coverage import aurc


def two_signals(n=400, seed=0, gap=0.0):
    rng = np.random.default_rng(seed)
    wrong = rng.random(n) < 0.4
    shared = rng.normal(size=n)
    one = shared + (1 + gap) * wrong + 0.3 * rng.normal(size=n)
    other = shared + wrong + 0.3 * rng.normal(size=n)
    return one, other, wrong


@given(st.integers(0, 1000), st.booleans())
@settings(max_examples=25)
def test_it_is_the_difference_of_the_measures_with_ties(seed, coarse):
    one, other, wrong = two_signals(40, seed)
    wrong[:2] = True, False
    if coarse:
        one, other = np.round(one), np.round(other)
    area = paired_difference(one, other, wrong, draws=40)
    assert (area.one, area.other) == pytest.approx([auroc(u, wrong=wrong, draws=40).value for u in (one, other)])
    assert area.value == pytest.approx(area.one - area.other)
    risk = paired_difference(one, other, wrong, measure="aurc", draws=40)
    assert (risk.one, risk.other) == pytest.approx([aurc(u, wrong=wrong, draws=40).value for u in (one, other)])


@pytest.mark.parametrize("measure", ["auroc", "aurc"])
def test_swapping_the_two_mirrors_everything(measure):
    one, other, wrong = two_signals(100, gap=0.5)
    there = paired_difference(one, other, wrong, measure=measure)
    back = paired_difference(other, one, wrong, measure=measure)
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))
    assert back.p_value == pytest.approx(there.p_value)


def test_what_both_share_cancels_out():
    one, other, wrong = two_signals(gap=0.3)
    paired = paired_difference(one, other, wrong)
    a, b = auroc(one, wrong=wrong), auroc(other, wrong=wrong)
    assert paired.high - paired.low < 0.6 * np.hypot(a.high - a.low, b.high - b.low)


def test_the_interval_is_that_of_delong():
    one, other, wrong = two_signals(500, seed=5)
    found = paired_difference(one, other, wrong, draws=4000)

    def placements(u):
        above = u[wrong][:, None] > u[~wrong][None, :]
        return above.mean(1), above.mean(0)

    (w1, r1), (w2, r2) = placements(one), placements(other)
    variance = np.var(w1 - w2, ddof=1) / wrong.sum() + np.var(r1 - r2, ddof=1) / (~wrong).sum()
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(np.sqrt(variance), rel=0.08)


def test_equal_signals_differ_in_nothing():
    one, _, wrong = two_signals(50)
    same = paired_difference(one, np.exp(one), wrong)
    assert (same.value, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_the_p_value_is_as_small_as_it_says():
    few = [paired_difference(*two_signals(150, seed), draws=200, level=0.9).p_value for seed in range(150)]
    assert 0.04 <= np.mean(np.array(few) <= 0.1) <= 0.18
    clear = paired_difference(*two_signals(400, gap=1.5))
    assert clear.p_value == pytest.approx(2 / 1001)


def test_rows_of_one_question_are_one_piece_of_evidence():
    one, other, wrong = two_signals(60)
    rows = [np.repeat(column, 10) for column in (one, other, wrong)]
    alone, grouped = paired_difference(*rows), paired_difference(*rows, groups=np.repeat(np.arange(60), 10))
    once = paired_difference(one, other, wrong)
    assert grouped.value == pytest.approx(alone.value) == pytest.approx(once.value)
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)
    assert (grouped.low, grouped.high) == pytest.approx((once.low, once.high))
    assert (grouped.n, grouped.n_groups) == (600, 60)


@pytest.mark.parametrize(("n_right", "low", "high"), [(1, 0.80, 0.90), (5, 0.10, 0.17), (FEW, 0.05, 0.12)])
def test_few_of_a_class_are_told_because_their_interval_is_too_sure(n_right, low, high):
    found, wrong = [], np.arange(200) >= n_right
    for seed in range(300):
        one, other = np.random.default_rng(seed).normal(size=(2, 200))  # both know nothing
        found.append(paired_difference(one, other, wrong, draws=200))
    assert {difference.few for difference in found} == {n_right < FEW}
    decided = np.mean([difference.low > 0 or difference.high < 0 for difference in found])
    assert low < decided < high


def test_the_rarer_class_is_counted_in_groups():
    groups, wrong = np.repeat(np.arange(12), 10), np.repeat([True, False], 60)
    u = np.arange(120.0)
    assert paired_difference(u, -u, wrong).n_rarer == 60
    grouped = paired_difference(u, -u, wrong, groups=groups)
    assert (grouped.n_rarer, grouped.few) == (6, True)
    alike = auroc(u, wrong=wrong), auroc(u, wrong=wrong, groups=groups)
    assert [(one.n_rarer, one.few) for one in alike] == [(60, False), (6, True)]


def test_the_seed_decides_the_interval():
    rows = two_signals(60)
    assert paired_difference(*rows, seed=1) == paired_difference(*rows, seed=1)
    assert paired_difference(*rows, seed=1) != paired_difference(*rows, seed=2)


def test_one_class_has_a_risk_but_no_area():
    assert paired_difference([1, 2], [2, 1], [1, 1], measure="aurc").value == 0
    with pytest.raises(NotEnoughData, match="2 wrong and 0 right"):
        paired_difference([1, 2], [2, 1], [1, 1])
    with pytest.raises(NotEnoughData, match="0 wrong and 0 right"):
        paired_difference([], [], [], measure="aurc")


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (([1, 2], [1], [0, 1]), {}, "one 2, other 1"),
        (([1, np.nan], [1, 2], [0, 1]), {}, "one must not contain NaN"),
        (([1, 2], [1, 2], [0, 1]), {"measure": "ece"}, "auroc or aurc; got 'ece'"),
        (([1, 2], [1, 2], [0, 1]), {"draws": 3}, "at least 40 draws"),
    ],
)
def test_what_cannot_be_compared(arguments, settings, message):
    with pytest.raises(InputError, match=message):
        paired_difference(*arguments, **settings)
