"""Pieces: every row once, in order, as much new text as they may hold, whatever the clock says."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from foureyes.batch.pieces import pieces, text_size
from foureyes.batch.window import WindowLimits
from foureyes.layouts import LoggedAnswer
from foureyes.types import Exchange, Message, Unscored

TEXTS = st.text("ab", max_size=9)
ROWS = st.builds(Exchange, TEXTS, TEXTS) | st.just(Unscored("bad_row", "line 1: no prompt"))


def cut_rows(rows: Sequence[Exchange | Unscored], limits: WindowLimits) -> list[list[Exchange | Unscored]]:
    return [list(rows[piece]) for piece in pieces([LoggedAnswer(row) for row in rows], limits)]


@given(st.lists(ROWS), st.integers(1, 5), st.integers(1, 30))
def test_pieces_are_the_rows_in_order_within_the_limits(
    rows: list[Exchange | Unscored], most: int, reading: int
) -> None:
    cut = cut_rows(rows, WindowLimits(rows=most, reading=reading))
    assert [row for piece in cut for row in piece] == rows
    assert all(1 <= len(piece) <= most for piece in cut)


def test_what_rows_share_with_the_one_before_is_counted_once() -> None:
    system = Message("system", "s" * 1000)
    shared = [Exchange((system, Message("user", f"q{i}")), "a" * 10) for i in range(50)]
    alone = [Exchange((Message("system", f"{i}" * 1000), Message("user", "q")), "a" * 10) for i in range(9)]
    limits = WindowLimits(reading=2000)
    assert [len(piece) for piece in cut_rows(shared, limits)] == [50]
    assert [len(piece) for piece in cut_rows(alone, limits)] == [1] * 9


def test_a_piece_starts_where_the_text_would_be_too_much() -> None:
    rows = [Exchange("q" * size, "") for size in (3, 4, 9, 2, 2)]
    mixed = [Exchange(f"{i}" * len(str(row.prompt)), "") for i, row in enumerate(rows)]
    assert [[text_size(row) for row in piece] for piece in cut_rows(mixed, WindowLimits(reading=7))] == [
        [3, 4],
        [9],
        [2, 2],
    ]
