"""Ratios within a round must not move with the machine's mood between rounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ratios import Spread, furthest, marginal, per_round

seconds = st.floats(0.01, 1e4)


@given(st.lists(st.tuples(seconds, seconds, seconds), min_size=1, max_size=9))
def test_a_round_that_is_slow_for_both_changes_nothing(rounds: list[tuple[float, float, float]]) -> None:
    ours, theirs, slowness = zip(*rounds, strict=True)
    calm = per_round(theirs, ours)
    busy = per_round(
        [t * s for t, s in zip(theirs, slowness, strict=True)], [o * s for o, s in zip(ours, slowness, strict=True)]
    )
    assert calm is not None
    assert busy is not None
    assert (busy.median, busy.low, busy.high) == pytest.approx((calm.median, calm.low, calm.high))


def test_ratios_are_taken_within_rounds_and_not_of_sums() -> None:
    assert per_round([1.0, 100.0, 3.0], [1.0, 50.0, 1.0]) == Spread(2.0, 1.0, 3.0)


def test_rounds_that_only_one_side_has_do_not_count() -> None:
    assert per_round([6.0], [2.0, 1.0, 1.0]) == Spread(3.0, 3.0, 3.0)
    assert per_round([], [2.0]) is None


def test_start_up_cancels_out_of_what_a_row_costs() -> None:
    assert marginal([10, 20, 40], [100.0 + 10 * 3, 100.0 + 20 * 3, 100.0 + 40 * 3]) == pytest.approx([3.0, 3.0])


def test_furthest_looks_both_ways() -> None:
    assert furthest([1.0, -5.0], [1.5, -2.0]) == 3.0
