import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.maths.columns import (
    class_indices,
    distributions,
    flags,
    fraction,
    group_ids,
    outcomes,
    probabilities,
    real,
    same_length,
    stated_and_seen,
)


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


def test_a_probability_just_outside_is_moved_to_the_end_and_others_are_told_with_the_digits_that_matter():
    assert probabilities("c", [1.00001, -0.00001, 0.5]).tolist() == [1.0, 0.0, 0.5]
    with pytest.raises(InputError, match=r"c must lie in \[0, 1\]; got 1\.0002 at row 0 and in 1 more"):
        probabilities("c", [1.0002, 0.5, 1.1])
    with pytest.raises(InputError, match=r"a sum of 1\.00019 at row 1 of 2"):
        distributions("p", [[0.51234, 0.48766], [0.512345678, 0.487844322]])


@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_rounded_distributions_are_scaled_to_one(decimals):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(10, 0.3), 2000)
    rounded = p.round(decimals)
    assert np.abs(rounded.sum(axis=1) - 1).max() > 1e-4
    taken = distributions("p", rounded)
    assert taken.sum(axis=1) == pytest.approx(1)
    assert np.abs(taken - p).max() < 10.0**-decimals * 6
    rounded[7, 0] += 0.1
    with pytest.raises(InputError, match=r"must sum to one; got a sum of .* at row 7 of 2,000"):
        distributions("p", rounded)


def test_shares_of_people_are_outcomes_and_the_wrong_way_round_is_seen():
    assert outcomes("r", [0.0, 1.0]).dtype == np.bool_
    assert outcomes("r", [0.25, 1.0]).tolist() == [0.25, 1.0]
    with pytest.raises(InputError, match=r"shares in between; got 1\.5 at row 1"):
        outcomes("r", [0.5, 1.5])
    with pytest.raises(InputError, match="the wrong way round"):
        stated_and_seen([1, 0, 1], [0.2, 0.3, 0.9])


def test_per_cent_are_seen_in_confidences():
    with pytest.raises(InputError, match="got 72 at row 1: these look like per cent, divide by 100"):
        probabilities("p", [0.5, 72])
    with pytest.raises(InputError, match=r"got 1\.2 at row 1$"):
        probabilities("p", [0.5, 1.2])
