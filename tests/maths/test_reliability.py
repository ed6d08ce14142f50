import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.reliability import ece, mce, reliability

BINNINGS = ("equal-count", "equal-width")


@st.composite
def stated(draw):
    right = draw(hnp.arrays(bool, st.integers(1, 60)))
    few = st.integers(0, 20).map(lambda i: i / 20)
    return draw(hnp.arrays(float, len(right), elements=few | st.floats(0, 1))), right


def slow_ece(c, right, edges):
    total = 0.0
    for low, high in itertools.pairwise(edges):
        inside = (c >= low) & ((c < high) | (high == edges[-1]))
        if inside.any():
            total += inside.sum() * abs(c[inside].mean() - right[inside].mean())
    return total / len(c)


@given(stated(), st.integers(1, 20))
def test_equal_width_bins_are_half_open_and_the_last_is_closed(rows, bins):
    edges = np.array([float(Fraction(k, bins)) for k in range(bins + 1)])
    assert ece(*rows, bins=bins, binning="equal-width").value == pytest.approx(slow_ece(*rows, edges), abs=1e-9)


@pytest.mark.parametrize("bins", [10, 15, 50, 97, 100, 1000])
def test_a_confidence_on_an_edge_belongs_to_the_bin_above_it(bins):
    edges = np.arange(bins) / bins
    table = reliability(edges, np.ones(bins), bins=bins, binning="equal-width")
    assert table.n.tolist() == [1] * bins
    assert table.lower.tolist() == table.confidence.tolist() == edges.tolist()


@given(stated(), st.integers(1, 20))
def test_equal_count_bins_hold_whole_tie_groups_in_order(rows, bins):
    c, right = rows
    table = reliability(c, right, bins=bins)
    assert table.n.sum() == len(c)
    assert (table.upper[:-1] < table.lower[1:]).all()
    for b in range(len(table.n)):
        inside = (c >= table.lower[b]) & (c <= table.upper[b])
        assert (table.n[b], table.n_right[b]) == (inside.sum(), right[inside].sum())
        assert table.confidence[b] == pytest.approx(c[inside].mean())


@given(stated(), st.randoms(use_true_random=False), st.sampled_from(BINNINGS))
def test_the_order_of_the_rows_changes_nothing(rows, random, binning):
    c, right = rows
    order = random.sample(range(len(c)), len(c))
    a, b = ece(c, right, binning=binning), ece(c[order], right[order], binning=binning)
    assert (b.value, b.low, b.high, b.chance) == pytest.approx((a.value, a.low, a.high, a.chance))


@given(stated(), st.sampled_from(BINNINGS))
def test_an_error_lies_within_its_interval_and_below_the_largest_gap(rows, binning):
    e = ece(*rows, binning=binning)
    assert 0 <= e.low <= e.value <= e.high <= 1
    assert e.value <= mce(*rows, binning=binning) + 1e-12
    assert e.n == len(rows[0])
    assert 1 <= e.bins <= 15


def test_rows_that_alternate_are_sorted_before_they_are_cut():
    # A rival that cuts unsorted rows averages the two halves in every bin and calls this calibrated (0.0034).
    rng = np.random.default_rng(0)
    c = np.where(np.arange(6000) % 2, 0.75, 0.25) + rng.uniform(-0.01, 0.01, 6000)
    right = np.arange(6000) // 2 % 2 == 0
    assert ece(c, right, bins=10).value == pytest.approx(0.25, abs=0.001)


def test_always_certain_is_off_by_the_share_of_wrong_answers():
    for binning in BINNINGS:
        e = ece(np.ones(100), np.arange(100) >= 6, binning=binning)
        assert (e.value, e.bins, e.chance) == (pytest.approx(0.06), 1, 0.0)
        assert e.low > 0


def test_the_interval_holds_the_truth_of_calibrated_and_of_overconfident_models():
    rng = np.random.default_rng(1)
    for power, truth in ((1.0, 0.0), (0.4, 0.1459)):
        hits = 0
        for seed in range(200):
            p = rng.beta(4, 1.5, 400)
            e = ece(p**power, rng.random(400) < p, seed=seed)
            hits += e.low <= truth <= e.high
        assert hits >= 184  # 95 % of 200, less two and a half standard errors


def test_chance_is_what_a_calibrated_model_gets():
    rng = np.random.default_rng(2)
    p = rng.beta(4, 1.5, 600)
    errors = [ece(p, rng.random(600) < p).value for _ in range(300)]
    assert ece(p, rng.random(600) < p).chance == pytest.approx(np.mean(errors), rel=0.06)


def clustered(rng, n_groups, per_group):
    """Stated confidences that are right on the whole, of answers that are right and wrong together within a question."""
    p = np.repeat(rng.beta(4, 1.5, n_groups), per_group)
    right = np.repeat(rng.random(n_groups), per_group) < p
    return p, right, np.repeat(np.arange(n_groups), per_group)


def test_answers_to_one_question_are_not_taken_for_independent():
    rng = np.random.default_rng(5)
    alone = together = 0
    for seed in range(200):
        p, right, ids = clustered(rng, 150, 8)
        alone += ece(p, right, seed=seed).low > 0
        together += ece(p, right, seed=seed, groups=ids).low > 0
    assert alone > 150  # eight copies of a row pass for eight rows, and chance for miscalibration
    assert together <= 16  # 5 % of 200, and two standard errors


def test_chance_is_that_of_the_groups():
    rng = np.random.default_rng(6)
    errors = [ece(*clustered(rng, 300, 5)[:2]).value for _ in range(200)]
    p, right, ids = clustered(rng, 300, 5)
    assert ece(p, right, groups=ids).chance == pytest.approx(np.mean(errors), rel=0.25)
    assert ece(p, right).chance < 0.6 * np.mean(errors)


@given(stated(), st.sampled_from(BINNINGS))
@example((np.array([0.0, 3.2e-160]), np.array([False, False])), "equal-width")
def test_rows_that_are_groups_by_themselves_get_about_the_interval_of_rows(rows, binning):
    if len(rows[0]) < 2:
        return
    plain, grouped = (ece(*rows, binning=binning, groups=ids) for ids in (None, np.arange(len(rows[0]))))
    assert (grouped.value, grouped.bins) == (plain.value, plain.bins)
    assert grouped.chance >= plain.chance - 1e-12
    assert grouped.low <= plain.value <= grouped.high


@given(st.randoms(use_true_random=False))
def test_the_names_of_groups_and_the_order_of_rows_change_nothing(random):
    p, right, ids = clustered(np.random.default_rng(0), 20, 3)
    order = random.sample(range(60), 60)
    one, other = ece(p, right, groups=ids), ece(p[order], right[order], groups=(7 - 3 * ids)[order])
    assert (one.low, one.high, one.chance) == pytest.approx((other.low, other.high, other.chance), abs=2e-3)


def test_the_table_can_be_written_as_json():
    row = reliability([0.2, 0.2, 0.9, 0.9], [0, 1, 1, 1], bins=2).rows(0.5)[0]
    assert row["n"] == 2
    assert (row["lower"], row["upper"], row["confidence"], row["accuracy"]) == (0.2, 0.2, 0.2, 0.5)
    assert row["accuracy_low"] < 0.5 < row["accuracy_high"]
    assert {type(value) for value in row.values()} == {int, float}


def test_gaps_are_signed_so_that_over_and_underconfidence_differ():
    table = reliability([0.2, 0.2, 0.9, 0.9], [1, 1, 0, 0], bins=2)
    assert table.gap.tolist() == pytest.approx([-0.8, 0.9])
    assert mce([0.2, 0.2, 0.9, 0.9], [1, 1, 0, 0], bins=2) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (([0.5, 1.2], [0, 1]), {}, r"lie in \[0, 1\]; got 1\.2 at row 1"),
        (([0.5, np.nan], [0, 1]), {}, r"lie in \[0, 1\]; got nan at row 1"),
        (([0.5], [0, 1]), {}, "confidence 1, correct 2"),
        (([0.5], [1]), {"bins": 0}, "bins must be at least 1; got 0"),
        (([0.5], [1]), {"binning": "quantile"}, "equal-count, equal-width; got 'quantile'"),
        (([0.5], [1]), {"groups": [1, 2]}, "confidence 1, groups 2"),
        (([0.5], [1]), {"groups": ["a"]}, "groups must be a column of integers"),
    ],
)
def test_what_cannot_be_used(arguments, settings, message):
    with pytest.raises(InputError, match=message):
        ece(*arguments, **settings)


def test_no_rows_are_not_enough():
    with pytest.raises(NotEnoughData, match="needs rows; got none"):
        ece([], [])
    with pytest.raises(NotEnoughData, match="at least two; got 1"):
        ece([0.5, 0.6], [1, 0], groups=[3, 3])
