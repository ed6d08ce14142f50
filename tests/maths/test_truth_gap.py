"""Truth minus falsehood, by hand."""

import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.truth_gap import belief_flips, dose_response, truth_gap, truth_gaps


def test_the_gap_falls_before_beliefs_turn():
    clean, mild = truth_gap([-1, -1], [-5, -3]), truth_gap([-1, -1], [-2, -2])
    assert (clean.mean.value, mild.mean.value) == (3, 1)
    assert clean.prefers_truth.k == mild.prefers_truth.k == 2


def test_a_tie_is_no_preference():
    assert truth_gap([-1.0], [-1.0]).prefers_truth.k == 0


def test_checkpoints_are_asked_the_same_facts():
    found = truth_gaps({"0 %": ([-1, -1], [-3, -3]), "50 %": ([-2, -2], [-2.5, -1.5])})
    assert [gap.mean.value for gap in found.values()] == [2, 0]
    with pytest.raises(InputError, match="the same facts"):
        truth_gaps({"a": ([-1], [-2]), "b": ([-1, -1], [-2, -2])})


def test_the_slope_is_in_nats_for_all_of_the_data():
    found = dose_response([0, 0.25, 0.5], [[2, 3], [1, 2.5], [0, 2]])
    assert found.value == pytest.approx((-4 - 2) / 2)
    assert (found.n, found.low <= found.value <= found.high) == (2, True)
    assert dose_response([0, 1], [[1, 1], [1, 1]]).value == 0


def test_beliefs_that_turned():
    found = belief_flips([1, 2, -1, 0.5], [-1, 1, 2, 0.0])
    assert (found.negative.k, found.positive.k) == (2, 1)


def test_what_is_no_gap():
    with pytest.raises(InputError, match=r"true must be log-probabilities, at most 0; got 0\.5"):
        truth_gap([0.5], [-1])
    with pytest.raises(InputError, match="finite"):
        truth_gap([float("-inf")], [-1])
    with pytest.raises(NotEnoughData, match="two different doses"):
        dose_response([0.5, 0.5], [[1.0], [2.0]])
    with pytest.raises(NotEnoughData):
        truth_gap([], [])
