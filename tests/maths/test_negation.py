"""A statement and its negation: contradiction, polarity, and the marker that means nothing."""

import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.negation import negation_consistency


def test_a_coherent_reader():
    found = negation_consistency([0.9, 0.25], [0.1, 0.75])
    assert (found.contradiction.value, found.consistent.value, found.control) == (pytest.approx(0), 1, None)
    assert found.beyond_control is None


def test_believing_both_contradicts_itself():
    found = negation_consistency([0.9, 0.8], [0.9, 0.7])
    assert found.contradiction.value == pytest.approx(0.65)
    assert found.contradiction.excess == pytest.approx(0.65)
    assert found.consistent.k == 0


def test_coherent_on_average_is_not_coherent():
    found = negation_consistency([1.0, 0.0], [1.0, 0.0])
    assert (found.contradiction.value, found.contradiction.excess) == (1, 0)


def test_a_reader_that_stumbles_over_any_marker_is_no_better_than_the_control():
    found = negation_consistency([0.9, 0.8], [0.2, 0.3], marked=[0.2, 0.3])
    assert (found.consistent.value, found.beyond_control.value) == (1, 0)
    good = negation_consistency([0.9, 0.8], [0.2, 0.3], marked=[0.9, 0.7])
    assert (good.beyond_control.low, good.beyond_control.high) == (1, 1)


def test_one_half_takes_no_side():
    assert negation_consistency([0.5], [0.1]).consistent.k == 0


def test_what_is_no_pair():
    with pytest.raises(NotEnoughData, match="got none"):
        negation_consistency([], [])
    with pytest.raises(InputError, match="same length"):
        negation_consistency([0.5], [0.5], marked=[0.5, 0.5])
