import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.flips import FlipShare, answer_flips, decision_flips

ANSWERS = st.lists(st.tuples(*[st.sampled_from("ABC")] * 3), min_size=1, max_size=30)


def test_a_share_has_the_exact_interval():
    share = FlipShare.of(3, 20, 0.9)
    theirs = binomtest(3, 20).proportion_ci(0.9, method="exact")
    assert (share.value, share.k, share.n) == (0.15, 3, 20)
    assert (share.low, share.high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))


def test_by_hand():
    #          kept  broken  mended  wandered  stubborn
    before = ["A", "A", "B", "B", "B"]
    after = ["A", "C", "A", "C", "B"]
    found = answer_flips(before, after, ["A"] * 5)
    assert [found.negative.k, found.positive.k, found.wandering.k, found.nfr_mc.k] == [1, 1, 1, 2]
    assert (found.accuracy_before.value, found.accuracy_after.value) == (0.4, 0.4)
    assert found.negative.n == 5


@given(ANSWERS)
def test_flips_are_their_formulas_and_account_for_the_change_in_accuracy(rows):
    before, after, truth = (list(column) for column in zip(*rows, strict=True))
    found, n = answer_flips(before, after, truth), len(rows)
    assert found.negative.value == sum(b == t != a for b, a, t in rows) / n
    assert found.nfr_mc.value == sum(a not in (b, t) for b, a, t in rows) / n
    change = found.accuracy_after.k - found.accuracy_before.k
    assert change == found.positive.k - found.negative.k
    assert found.negative.k <= found.nfr_mc.k


@given(ANSWERS)
def test_an_update_that_changes_nothing_flips_nothing(rows):
    before, _, truth = (list(column) for column in zip(*rows, strict=True))
    found = answer_flips(before, before, truth)
    assert (found.negative.k, found.positive.k, found.nfr_mc.k) == (0, 0, 0)
    assert found.nfr_mc.high > 0, "no flip seen is not no flip"


def test_two_options_leave_no_room_to_wander():
    found = answer_flips("YNYN", "YYNN", "YYYY")
    assert found.wandering.k == 0
    assert found.nfr_mc == found.negative


def test_decisions_are_only_right_or_wrong():
    found = decision_flips(np.array([True, True, False]), [1, 0, 1])
    assert (found.negative.k, found.positive.k) == (1, 1)
    assert found.wandering is None
    assert found.nfr_mc is None


def test_answers_of_any_kind_are_compared():
    assert answer_flips([1, None], [2, None], [1, "x"]).negative.value == 0.5


@pytest.mark.parametrize(
    ("before", "after", "truth", "error", "message"),
    [
        ("AB", "A", "AB", InputError, "before 2, after 1, truth 2"),
        ("", "", "", NotEnoughData, "got none"),
    ],
)
def test_what_cannot_be_compared(before, after, truth, error, message):
    with pytest.raises(error, match=message):
        answer_flips(before, after, truth)


def test_decisions_that_are_none():
    with pytest.raises(InputError, match="booleans or 0 and 1"):
        decision_flips([0, 2], [0, 1])
    with pytest.raises(NotEnoughData, match="got none"):
        decision_flips([], [])
