"""Beliefs as context grows, beside control turns."""

import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.context_growth import belief_shift

BEFORE = [[0.7, 0.2, 0.1], [0.4, 0.6, 0.0]]


def test_length_alone_is_not_the_topic():
    after = [[0.5, 0.4, 0.1], [0.6, 0.4, 0.0]]
    found = belief_shift(BEFORE, after, after)
    assert (found.shift.value, found.beyond_control.value) == (pytest.approx(0.2), 0)
    assert (found.changed.k, found.surprise) == (1, None)


def test_the_shift_is_a_total_variation():
    found = belief_shift([[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 0.0]])
    assert (found.shift.value, found.beyond_control.value) == (1, 1)


def test_the_first_answer_surprises_more():
    found = belief_shift(BEFORE, BEFORE, BEFORE, surprise=([1.0, 2.0], [1.5, 2.5]))
    assert found.surprise.value == pytest.approx(0.5)
    assert found.changed.k == 0


def test_what_cannot_be_compared():
    with pytest.raises(InputError, match="the same options"):
        belief_shift(BEFORE, BEFORE, BEFORE[:1])
    with pytest.raises(InputError, match="2 probes need a surprise each; got 1"):
        belief_shift(BEFORE, BEFORE, BEFORE, surprise=([1.0], [1.0]))
    with pytest.raises(NotEnoughData, match="got none"):
        belief_shift(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2)))
