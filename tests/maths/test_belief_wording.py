"""Who believes a fact does not change it."""

import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.belief_wording import known_denied, wording_shift


def test_shifts_that_cancel_are_still_moves():
    found = wording_shift([0.9, 0.6], [0.6, 0.9])
    assert (found.shift.value, found.moved.value, found.turned.k) == (pytest.approx(0), pytest.approx(0.3), 0)


def test_another_verdict_is_counted_and_one_half_is_no_true():
    found = wording_shift([0.9, 0.5, 0.4], [0.5, 0.6, 0.3])
    assert (found.turned.k, found.turned.n) == (2, 3)


def test_third_person_against_first():
    assert wording_shift([0.4, 0.5], [0.9, 0.9]).shift.value == pytest.approx(0.45)


def test_knowledge_implies_truth():
    assert known_denied([0.9, 0.5, 0.2]).k == 1, "½ says nothing"
    with pytest.raises(NotEnoughData, match="got none"):
        known_denied([])


def test_what_cannot_be_compared():
    with pytest.raises(NotEnoughData, match="got none"):
        wording_shift([], [])
    with pytest.raises(InputError, match="same length"):
        wording_shift([0.5], [])
