"""Windows: every row once, in order, within the limits, the same whatever is asked of the source before."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.batch.window import WindowLimits, grouped
from foureyes.errors import InputError


@given(st.lists(st.text(max_size=9)), st.integers(1, 5), st.integers(1, 20))
def test_groups_are_the_items_within_the_limits(items: list[str], rows: Any, size: int) -> None:
    groups = list(grouped(items, len, WindowLimits(rows=rows, size=size)))
    assert [item for group in groups for item in group] == items
    assert all(1 <= len(group) <= rows for group in groups)
    assert all(len(group) == 1 or sum(map(len, group)) <= size for group in groups)


@given(st.lists(st.text(max_size=9), min_size=1), st.integers(1, 5), st.integers(1, 20))
def test_groups_are_as_large_as_they_may_be(items: list[str], rows: Any, size: int) -> None:
    groups = list(grouped(items, len, WindowLimits(rows=rows, size=size)))
    for group, after in pairwise(groups):
        assert len(group) == rows or sum(map(len, group)) + len(after[0]) > size


def test_takes_no_more_than_it_needs() -> None:
    items = iter(range(100))
    next(grouped(items, lambda _: 1, WindowLimits(rows=3, size=100)))
    assert next(items) == 4


@pytest.mark.parametrize("limits", [{"rows": 0}, {"size": 0}])
def test_a_window_has_at_least_one_row(limits: dict[str, int]) -> None:
    with pytest.raises(InputError, match="at least one row"):
        WindowLimits(**limits)
