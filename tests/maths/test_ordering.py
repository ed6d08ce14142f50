import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.maths.ordering import cut_evenly, sort_with_flags, tie_starts

unit = st.floats(0, 1) | st.sampled_from([0.0, -0.0, 1.0, 5e-324, 0.5])
anything = st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, np.inf, -np.inf, 1.5])


def pairs(values, flags):
    return sorted(zip((values + 0.0).tolist(), flags.tolist(), strict=True))


@given(st.data(), st.sampled_from([unit, anything]), st.integers(0, 50))
def test_the_rows_are_kept_and_their_values_ascend(data, elements, n):
    values = data.draw(hnp.arrays(float, n, elements=elements))
    flags = data.draw(hnp.arrays(bool, n))
    v, f = sort_with_flags(values, flags)
    assert (v[1:] >= v[:-1]).all()
    assert pairs(v, f) == pairs(values, flags)
    assert not ((v[1:] == v[:-1]) & (f[1:] > f[:-1])).any(), "among equals, raised flags come first"


def test_the_caller_s_columns_stay_as_they_were():
    values, flags = np.array([0.5, 0.25]), np.array([True, False])
    sort_with_flags(values, flags)
    assert values.tolist() == [0.5, 0.25]
    assert flags.tolist() == [True, False]


@given(hnp.arrays(float, st.integers(0, 40), elements=st.integers(0, 9).map(float)))
def test_runs_of_equals_begin_where_the_value_changes(values):
    values.sort()
    assert values[tie_starts(values)].tolist() == sorted(set(values.tolist()))


@given(hnp.arrays(float, st.integers(1, 60), elements=st.integers(0, 9).map(float)), st.integers(1, 20))
def test_cuts_never_split_ties_and_no_part_is_empty(values, parts):
    values.sort()
    cuts = cut_evenly(values, parts)
    assert (cuts[0], cuts[-1]) == (0, len(values))
    assert (np.diff(cuts) > 0).all()
    assert len(cuts) - 1 <= parts
    assert all(values[c - 1] < values[c] for c in cuts[1:-1])


@pytest.mark.parametrize(("n", "parts"), [(15, 15), (31, 15), (1000, 7), (3, 15)])
def test_without_ties_parts_differ_by_one_row_at_most(n, parts):
    sizes = np.diff(cut_evenly(np.arange(n) / 2, parts))
    assert len(sizes) == min(n, parts)
    assert sizes.max() - sizes.min() <= 1
