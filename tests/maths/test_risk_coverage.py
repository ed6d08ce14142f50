import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.risk_coverage import aurc, risk_coverage


@st.composite
def scored(draw):
    wrong = draw(hnp.arrays(bool, st.integers(1, 80)))
    return draw(hnp.arrays(float, len(wrong), elements=st.integers(-9, 9).map(float) | st.just(np.inf))), wrong


def in_order(wrong):
    return (np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean()


@given(hnp.arrays(bool, 6), hnp.arrays(float, 6, elements=st.integers(0, 3).map(float)))
def test_it_is_the_mean_over_all_orders_of_the_ties(wrong, u):
    orders = [order for order in itertools.permutations(range(6)) if (np.diff(u[list(order)]) >= 0).all()]
    assert aurc(u, wrong=wrong, draws=40).value == pytest.approx(np.mean([in_order(wrong[list(o)]) for o in orders]))


@given(scored(), st.randoms(use_true_random=False))
def test_order_of_rows_and_monotone_maps_change_nothing(rows, random):
    u, wrong = rows
    order = random.sample(range(len(u)), len(u))
    assert aurc(np.arctan(u[order]), wrong=wrong[order], draws=40) == aurc(u, wrong=wrong, draws=40)


@given(scored())
def test_it_lies_between_the_best_and_the_worst_order(rows):
    u, wrong = rows
    area = aurc(u, wrong=wrong, draws=40)
    assert area.best == pytest.approx(in_order(np.sort(wrong)))
    assert area.best - 1e-12 <= area.value <= in_order(np.sort(wrong)[::-1]) + 1e-12
    assert area.blind == wrong.mean()
    assert area.auarc == 1 - area.value
    assert area.excess == area.value - area.best
    assert (area.prr is None) == (wrong.all() or not wrong.any())


def test_large_samples_are_summed_as_exactly_as_small_ones():
    rng = np.random.default_rng(0)
    u, wrong = rng.normal(size=30_000), rng.random(30_000) < 0.3
    assert aurc(u, wrong=wrong).value == pytest.approx(in_order(wrong[np.argsort(u)]), rel=1e-12)


def test_the_rejection_ratio_at_its_marks():
    wrong = np.arange(100) >= 70
    assert aurc(wrong.astype(float), wrong=wrong).prr == pytest.approx(1)
    assert aurc(np.zeros(100), wrong=wrong).prr == pytest.approx(0)
    assert aurc(-wrong.astype(float), wrong=wrong).prr < 0


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    big = rng.normal(size=2_000_000)
    truth = aurc(big, wrong=rng.random(len(big)) < 1 / (1 + np.exp(-2 * big))).value
    hits = 0
    for seed in range(200):
        u = rng.normal(size=700)
        a = aurc(u, wrong=rng.random(700) < 1 / (1 + np.exp(-2 * u)), level=0.9, draws=200, seed=seed)
        hits += a.low <= truth <= a.high
    assert 168 <= hits <= 192


def test_answers_to_one_question_are_resampled_together():
    rng = np.random.default_rng(4)
    big = rng.normal(size=500_000)
    truth = aurc(big, wrong=rng.random(len(big)) < 1 / (1 + np.exp(-2 * big)), draws=40).value
    alone = together = 0
    for seed in range(150):
        hard = rng.normal(size=120)
        u, wrong = (np.repeat(x, 4) for x in (hard, rng.random(120) < 1 / (1 + np.exp(-2 * hard))))
        ids = np.repeat(np.arange(120), 4)
        plain, grouped = (aurc(u, wrong=wrong, level=0.9, draws=100, seed=seed, groups=g) for g in (None, ids))
        assert grouped.value == plain.value
        alone += plain.low <= truth <= plain.high
        together += grouped.low <= truth <= grouped.high
    assert alone < 105  # four copies of a row pass for four rows
    assert 122 <= together <= 147


def test_rows_that_are_groups_by_themselves_are_drawn_as_rows():
    rng = np.random.default_rng(0)
    u, wrong = rng.normal(size=900), rng.random(900) < 0.3
    plain, grouped = (aurc(u, wrong=wrong, draws=2000, groups=ids) for ids in (None, np.arange(900)))
    assert (grouped.low, grouped.high) == pytest.approx((plain.low, plain.high), abs=0.01)


@given(scored())
def test_the_curve_counts_what_each_cut_accepts(rows):
    u, wrong = rows
    curve = risk_coverage(u, wrong=wrong)
    for cut, coverage, risk in zip(curve.cut, curve.coverage, curve.risk, strict=True):
        accepted = u <= cut
        assert (coverage, risk) == pytest.approx((accepted.mean(), wrong[accepted].mean()))
    assert curve.coverage[-1] == 1


def test_what_cannot_be_used():
    with pytest.raises(InputError, match="NaN"):
        aurc([np.nan], wrong=[True])
    with pytest.raises(InputError, match="uncertainty 1, wrong 2"):
        risk_coverage([1.0], wrong=[True, False])
    with pytest.raises(InputError, match="uncertainty 2, groups 1"):
        aurc([1.0, 2.0], wrong=[True, False], groups=[1])
    with pytest.raises(NotEnoughData, match="at least two; got 1"):
        aurc([1.0, 2.0], wrong=[True, False], groups=[1, 1])
    with pytest.raises(NotEnoughData, match="needs rows; got none"):
        aurc([], wrong=[])
