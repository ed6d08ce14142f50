import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.routing import Tally, apgr, bands, cost_performance, equal_count_cuts, over_random, tally


@st.composite
def routed(draw, *, better=False):
    """Priorities with ties, and who is right: the large model more often if ``better``."""
    n = draw(st.integers(1, 25))
    priority = draw(hnp.arrays(float, n, elements=st.integers(0, 4).map(float)))
    small, large = (draw(hnp.arrays(bool, n)) for _ in range(2))
    if better:
        small[0], large[0] = False, True
        large |= large.sum() <= small.sum()
    return priority, small, large


def by_hand(rows, share):
    """Expected accuracy at a share of escalations when ties are escalated in random order, row by row."""
    priority, small, large = rows
    n = len(priority)
    left, accuracy = share * n, small.sum() / n
    for level in sorted(set(priority), reverse=True):
        tier = priority == level
        part = min(1.0, max(0.0, left / tier.sum()))
        accuracy += part * (large[tier].sum() - small[tier].sum()) / n
        left -= part * tier.sum()
    return accuracy


@given(routed())
def test_the_curve_is_the_expected_accuracy_at_every_share(rows):
    table = tally(*rows)
    for share in (0.0, 0.1, 1 / 3, 0.5, 0.77, 1.0):
        assert np.interp(share, table.escalated, table.accuracy) == pytest.approx(by_hand(rows, share))


@given(routed(better=True))
def test_apgr_is_the_area_over_the_whole_range(rows):
    table = tally(*rows)
    grid = np.linspace(0, 1, 2 * 3 * 5 * 7 * 8 * 11 + 1)
    pgr = (np.interp(grid, table.escalated, table.accuracy) - table.accuracy[0]) / table.gap
    area = ((pgr[1:] + pgr[:-1]) / 2).mean()
    assert apgr(table) == pytest.approx(area, abs=1e-3)
    assert over_random(table) == pytest.approx((apgr(table) - 0.5) * table.gap)


@given(routed(better=True))
def test_a_router_that_tosses_a_coin_has_one_half(rows):
    _, small, large = rows
    assert apgr(tally(np.zeros(len(small)), small, large)) == pytest.approx(0.5)


def test_random_priorities_have_one_half_on_average():
    rng = np.random.default_rng(0)
    small, large = rng.random(500) < 0.5, rng.random(500) < 0.8
    areas = [apgr(tally(rng.random(500), small, large)) for _ in range(400)]
    assert np.mean(areas) == pytest.approx(0.5, abs=4 * float(np.std(areas)) / 20)


@given(routed(better=True))
def test_no_router_beats_the_one_that_knows_and_its_area_has_a_closed_form(rows):
    priority, small, large = rows
    known = tally(large.astype(float) - small, small, large)
    up, down = (large & ~small).mean(), (small & ~large).mean()
    assert apgr(known) == pytest.approx((up * (1 - up / 2) - down**2 / 2) / (up - down))
    assert apgr(tally(priority, small, large)) <= apgr(known) + 1e-12
    assert max((known.accuracy - known.accuracy[0]) / known.gap) >= 1 - 1e-12
    assert (apgr(known) >= 1) == pytest.approx(down >= (up**2 + down**2) / 2, abs=1e-12)


def test_the_perfect_router_is_above_one_when_the_models_complement_each_other():
    small, large = np.repeat([True, False, True], [20, 30, 50]), np.repeat([False, True, True], [20, 30, 50])
    assert apgr(tally(large.astype(float) - small, small, large)) == pytest.approx(2.35)


@given(routed(), st.randoms(use_true_random=False))
def test_order_of_rows_and_monotone_maps_change_nothing(rows, random):
    order = random.sample(range(len(rows[0])), len(rows[0]))
    priority, small, large = (column[order] for column in rows)
    np.testing.assert_array_equal(tally(np.arctan(priority), small, large).counts, tally(*rows).counts)


def test_the_observed_range_is_not_the_whole_range():
    """RouteLLM integrates from the first cut-off it tried; the part before that counts too."""
    counts = np.zeros((2, 4), int)
    counts[0, [0, 1]] = 5, 5
    counts[1, [0, 1]] = 45, 5
    table = Tally(counts, np.array([2.0, 1.0]))
    pgr = (table.accuracy - table.accuracy[0]) / table.gap
    seen = slice(1, None)
    partial = np.interp(np.linspace(table.escalated[1], 1, 101), table.escalated[seen], pgr[seen]).mean()
    assert partial == pytest.approx(0.75, abs=1e-3)
    assert apgr(table) == pytest.approx(1 / 6 * 0.25 + 5 / 6 * 0.75)


@given(routed(better=True), st.sampled_from([0.2, 0.5, 0.8, 1.0]))
def test_cpt_is_the_first_share_that_recovers_enough(rows, recovered):
    table = tally(*rows)
    share = cost_performance(table, recovered)
    wanted = table.accuracy[0] + recovered * table.gap
    assert np.interp(share, table.escalated, table.accuracy) == pytest.approx(wanted) or share == 0
    before = np.linspace(0, max(0, share - 1e-6), 200)
    assert (np.interp(before, table.escalated, table.accuracy) < wanted + 1e-9).all()


@given(hnp.arrays(float, st.integers(1, 60), elements=st.integers(0, 9).map(float)), st.integers(1, 8))
def test_bins_hold_every_value_and_split_no_tie(values, bins):
    if len(values) < bins:
        with pytest.raises(NotEnoughData, match=f"{bins} bins need at least {bins} rows"):
            equal_count_cuts(values, bins)
        return
    cuts = equal_count_cuts(values, bins)
    counts = np.bincount(np.searchsorted(cuts, values, side="right"), minlength=len(cuts) + 1)
    assert len(counts) <= bins
    assert (counts > 0).all()
    assert (np.diff(cuts) > 0).all()


def test_bins_of_distinct_values_are_equal():
    values = np.random.default_rng(0).permutation(3000).astype(float)
    counts = np.bincount(np.searchsorted(equal_count_cuts(values, 15), values, side="right"))
    assert (counts == 200).all()


def test_pooling_keeps_every_row_and_the_order_of_tiers():
    rng = np.random.default_rng(0)
    table = tally(rng.random(5000), rng.random(5000) < 0.5, rng.random(5000) < 0.8)
    pooled = table.pooled(512)
    assert len(pooled.counts) == 512
    np.testing.assert_array_equal(pooled.counts.sum(axis=0), table.counts.sum(axis=0))
    assert set(pooled.escalated) <= set(table.escalated)
    np.testing.assert_allclose(np.interp(pooled.escalated, table.escalated, table.accuracy), pooled.accuracy)
    assert apgr(pooled) == pytest.approx(apgr(table), abs=1e-3)
    assert table.pooled(5000) is table


def test_the_bands_are_what_resampling_rows_gives():
    rng = np.random.default_rng(3)
    n = 1500
    skill = rng.random(n)
    small, large = rng.random(n) < skill, rng.random(n) < 0.85
    shares = np.array([0.2, 0.6])
    drawn = bands(tally(-skill, small, large), shares, draws=1000, level=0.95, seed=0)
    slow_area, slow_accuracy = [], []
    for _ in range(600):
        rows = rng.integers(0, n, n)
        table = tally(-skill[rows], small[rows], large[rows])
        slow_area.append(apgr(table))
        slow_accuracy.append(np.interp(shares, table.escalated, table.accuracy))
    ends = (0.025, 0.5, 0.975)
    np.testing.assert_allclose(np.quantile(drawn.apgr_low, ends), np.quantile(slow_area, ends), atol=0.01)
    np.testing.assert_allclose(np.quantile(drawn.accuracy, ends, 0), np.quantile(slow_accuracy, ends, 0), atol=0.006)


def test_draws_without_a_gap_count_against_the_interval():
    drawn = bands(tally([0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0]), np.array([0.5]), draws=400, level=0.95, seed=0)
    without = np.isinf(drawn.apgr_low)
    assert 0.2 < without.mean() < 0.5
    assert (drawn.apgr_low[without] == -np.inf).all()
    assert (drawn.apgr_high[without] == np.inf).all()
    assert not np.isnan(drawn.apgr_low).any()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (([0.1], [1, 0], [1, 0]), "same length"),
        (([0.1, np.nan], [1, 0], [1, 0]), "NaN"),
        (([0.1, 0.2], [1, 2], [1, 0]), "booleans or 0 and 1"),
    ],
)
def test_bad_columns_are_refused(rows, message):
    with pytest.raises(InputError, match=message):
        tally(*rows)


def test_no_rows_are_too_few():
    with pytest.raises(NotEnoughData, match="at least one row"):
        tally([], [], [])
