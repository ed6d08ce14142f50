"""Pieces of a window: the rows that a verifier reads in one call, cut by how much there is to read.

A verifier's numbers depend, in their last digits, on what it reads beside a row. Pieces are therefore cut by the rows
alone, never by the clock: a run may be saved, killed and resumed between any two pieces, and the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foureyes.batch.window import Result, RowWindow, WindowLimits, grouped
from foureyes.layouts import LoggedAnswer
from foureyes.types import Exchange, Unscored

__all__ = ["RowPiece", "ScoredPiece", "fresh_sizes", "pieces", "text_size"]


@dataclass(frozen=True, slots=True)
class RowPiece:
    """Rows of one window that every verifier reads in one call.

    Attributes:
        window: of the rows.
        answers: one per row; what cannot be read holds an ``Unscored``.
        places: one per row, where it stands in the input.
        kept: one result per row where an earlier run had them; otherwise empty.
        ends_window: whether these are the last rows of the window.
    """

    window: RowWindow
    answers: Sequence[LoggedAnswer]
    places: Sequence[str]
    kept: Sequence[Result]
    ends_window: bool

    @property
    def exchanges(self) -> list[Exchange | Unscored]:
        """What is to be read, one per row."""
        return [answer.exchange for answer in self.answers]


@dataclass(frozen=True, slots=True)
class ScoredPiece:
    """A piece, and what became of its rows.

    Attributes:
        piece: as it was handed in.
        results: one per row; for a piece that an earlier run had read, those that it kept.
    """

    piece: RowPiece
    results: list[Result]


def pieces(answers: Sequence[LoggedAnswer], limits: WindowLimits) -> Iterator[slice]:
    """Cuts a window.

    Args:
        answers: of the window, in order.
        limits: of which ``reading`` counts here: most characters that are new, since rows that share the beginning of
            a prompt are read together. A piece has at least one row.
    """
    sizes = fresh_sizes([answer.exchange for answer in answers])
    for group in grouped(range(len(sizes)), sizes.__getitem__, WindowLimits(limits.rows, limits.reading)):
        yield slice(group[0], group[-1] + 1)


def fresh_sizes(exchanges: Sequence[Exchange | Unscored]) -> list[int]:
    """Of each row, the characters beyond those that its prompt shares with the one before."""
    return [_fresh(before, now) for before, now in zip([None, *exchanges], exchanges, strict=False)]


def text_size(exchange: Exchange | Unscored) -> int:
    """Characters of prompt and answer."""
    return 0 if isinstance(exchange, Unscored) else sum(map(len, _prompt(exchange))) + len(exchange.answer)


def _fresh(before: Exchange | Unscored | None, now: Exchange | Unscored) -> int:
    if not isinstance(before, Exchange) or not isinstance(now, Exchange):
        return text_size(now)
    return text_size(now) - _shared(_prompt(before), _prompt(now))


def _shared(before: Sequence[str], now: Sequence[str]) -> int:
    shared = 0
    for old, new in zip(before, now, strict=False):
        shared += _common(old, new)
        if old != new:
            break
    return shared


def _common(a: str, b: str) -> int:
    """Characters that two texts begin with, both of them."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle - 1)
    return low


def _prompt(exchange: Exchange) -> Sequence[str]:
    prompt = exchange.prompt
    return (prompt,) if isinstance(prompt, str) else [message.content for message in prompt]
