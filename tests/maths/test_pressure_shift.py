"""Pressure on probabilities, by hand."""

import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.pressure_shift import pressure_shift

NEUTRAL = [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3]]
PRESSED = [[0.5, 0.4, 0.1], [0.2, 0.2, 0.6]]


def test_the_shift_shows_where_no_answer_changed():
    found = pressure_shift(NEUTRAL[:1], PRESSED[:1], truth=[0], claim=[1])
    assert (found.on_truth.value, found.on_claim.value) == (pytest.approx(-0.3), pytest.approx(0.3))
    assert found.brier.value == pytest.approx(0.25 - 0.04)
    assert (found.ece_before.value, found.ece_after.value, found.ece) == tuple(map(pytest.approx, (0.2, 0.5, 0.3)))


def test_a_changed_answer_is_scored_as_what_it_is_now():
    found = pressure_shift(NEUTRAL[1:], PRESSED[1:], truth=[1], claim=[2])
    assert found.brier.value == pytest.approx(0.6**2 - 0.5**2)
    assert found.on_claim.value == pytest.approx(0.3)


def test_no_pressure_no_shift():
    found = pressure_shift(NEUTRAL, NEUTRAL, truth=[0, 1], claim=[1, 2])
    assert (found.on_truth.value, found.on_claim.value, found.brier.value, found.ece) == (0, 0, 0, 0)


def test_what_cannot_be_compared():
    with pytest.raises(InputError, match="the claim must be wrong"):
        pressure_shift(NEUTRAL, PRESSED, truth=[0, 1], claim=[1, 1])
    with pytest.raises(InputError, match="the same options"):
        pressure_shift(NEUTRAL, [[0.5, 0.5]] * 2, truth=[0, 1], claim=[1, 0])
    with pytest.raises(NotEnoughData, match="got none"):
        pressure_shift(np.zeros((0, 2)), np.zeros((0, 2)), truth=np.zeros(0, int), claim=np.zeros(0, int))
