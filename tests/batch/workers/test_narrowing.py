"""Which rows are read when workers end: everything but the ones that end them, beside the same neighbours as ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.batch.window import Result
from foureyes.batch.workers.narrowing import Lost, Rows, careful
from foureyes.errors import ModelUnavailable
from foureyes.types import Exchange, Unscored

ROWS = st.lists(st.sampled_from(["good", "poison", "unread"]), min_size=1, max_size=6)
HANGING = st.lists(st.sampled_from(["good", "hang", "unread"]), min_size=1, max_size=6)


def exchanges(kinds: list[str]) -> list[Exchange | Unscored]:
    return [Unscored("bad_row", kind) if kind == "unread" else Exchange("q", kind) for kind in kinds]


def shown(rows: Rows) -> list[str]:
    return [row.reason if isinstance(row, Unscored) else row.answer for row in rows]


def ran(rows: Rows, *, strays: frozenset[int] = frozenset(), most: int = 99) -> tuple[list[Result], int]:
    """Reads to the end; workers end at poison, at more rows than memory holds, and at calls that are out of luck."""
    steps = careful(rows)
    wanted, calls, losses = next(steps), 0, 0
    while True:
        hung = "hang" in shown(wanted)
        lost = hung or "poison" in shown(wanted) or calls in strays or len(wanted) > most
        losses, calls = losses + lost, calls + 1
        read: list[Result] = [{"x": {"of": beside, "among": len(wanted)}} for beside in shown(wanted)]
        try:
            wanted = steps.send(Lost("its process ended", hung=hung) if lost else read)
        except StopIteration as end:
            return end.value, losses


@given(ROWS)
def test_poison_alone_comes_out_unscored_and_its_neighbours_as_ever(kinds: list[str]) -> None:
    results, losses = ran(exchanges(kinds))
    wanted = {"good": "good", "poison": "unavailable", "unread": "bad_row"}
    assert results == [{"x": {"of": wanted[kind], "among": len(kinds)}} for kind in kinds]
    assert losses <= 2 + 2 * kinds.count("poison")


@given(HANGING)
def test_a_row_that_hangs_comes_out_alone_too_and_its_piece_has_hung_once(kinds: list[str]) -> None:
    results, losses = ran(exchanges(kinds))
    wanted = {"good": "good", "hang": "unavailable", "unread": "bad_row"}
    assert results == [{"x": {"of": wanted[kind], "among": len(kinds)}} for kind in kinds]
    assert losses <= 1 + 2 * kinds.count("hang")


@given(ROWS, st.frozensets(st.integers(0, 0)))
def test_a_machine_that_goes_down_changes_nothing(kinds: list[str], strays: frozenset[int]) -> None:
    assert ran(exchanges(kinds), strays=strays)[0] == ran(exchanges(kinds))[0]


def test_a_piece_too_large_for_the_memory_is_read_row_by_row() -> None:
    results, losses = ran(exchanges(["good"] * 4), most=2)
    assert results == [{"x": {"of": "good", "among": 1}}] * 4
    assert losses == 4


def test_a_row_that_cannot_be_read_keeps_its_reason_when_workers_end_beside_it() -> None:
    results, _ = ran(exchanges(["unread"]), strays=frozenset({0, 1}))
    assert results == [{"x": {"of": "bad_row", "among": 1}}]


def test_workers_that_end_whatever_they_read_are_no_rows_fault() -> None:
    with pytest.raises(ModelUnavailable, match="workers end whatever they read: its process ended"):
        ran(exchanges(["good"]), most=0)
