import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.maths.columns import class_indices, flags, fraction, group_ids, probabilities, real, same_length


def test_a_column_that_is_right_already_is_not_copied():
    column, truth = np.array([0.5, 1.0]), np.array([True, False])
    assert real("x", column) is column
    assert probabilities("x", column) is column
    assert flags("x", truth) is truth


@pytest.mark.parametrize("values", [[1, 0], [1.0, 0.0], [True, False], np.array([1, 0], dtype=np.int8)])
def test_flags_come_as_booleans_or_as_zero_and_one(values):
    assert flags("x", values).tolist() == [True, False]


def test_nothing_is_a_column_too():
    assert real("x", []).shape == flags("x", []).shape == probabilities("x", []).shape == (0,)


def test_a_message_counts_how_many_rows_are_wrong():
    with pytest.raises(InputError, match="x must not contain NaN; got at row 1 and in 2 more"):
        real("x", [0, np.nan, np.nan, 1, np.nan])
    with pytest.raises(InputError, match="an infinity at row 2"):
        real("x", [0, 1, np.inf], finite=True)
    assert np.isinf(real("x", [0, 1, np.inf])[2])


def test_groups_are_renumbered():
    assert group_ids("g", [7, -1, 7, 9]).tolist() == [1, 0, 1, 2]


def test_lengths_are_named():
    with pytest.raises(InputError, match="a 1, b 2"):
        same_length(a=np.zeros(1), b=np.zeros(2))


@pytest.mark.parametrize("value", [0, 1, -0.5, 2, float("nan")])
def test_a_fraction_lies_strictly_inside(value):
    with pytest.raises(InputError, match="share must lie strictly between 0 and 1"):
        fraction("share", value)


def test_class_indices_are_whole_numbers_in_range():
    assert class_indices("y", [0, 2], n_classes=3).tolist() == [0, 2]
    with pytest.raises(InputError, match=r"y must lie in 0\.\.2; got -1 at row 1"):
        class_indices("y", [0, -1], n_classes=3)
