"""What to have read next, and what it comes to, when workers end while they read. No process is touched here.

Rows that end no worker are read beside the same neighbours as ever, so that their numbers do not hang on luck: which rows
are to blame is found by reading each alone, and then the piece is read without those. Start at :func:`careful`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from foureyes.batch.window import Result
from foureyes.errors import ModelUnavailable
from foureyes.types import Exchange, Unscored

__all__ = ["Careful", "Lost", "careful"]

_TRIES: Final = 2
"""How often several rows are read together before each is read alone: a machine that goes down is no row's fault. Once where they
hang: that takes the longest there is, and a row alone has a bound of its own."""

_TRIES_ALONE: Final = 2
"""How many workers a row may end before it is left unscored."""

Rows: TypeAlias = Sequence[Exchange | Unscored]


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker that was reading is gone.

    Attributes:
        cause: in words that are the same whenever this happens.
        hung: whether it was ended, as it took too long over what it was reading.
    """

    cause: str
    hung: bool = False


Careful: TypeAlias = Generator[Rows, list[Result] | Lost, list[Result]]
"""Yields rows to be read, is sent what became of that, and returns the results of all."""


def careful(rows: Rows) -> Careful:
    """Reads a piece; of one that ends workers, or hangs in them, everything but the rows that do.

    Args:
        rows: what is to be read, or why it cannot be.

    Returns:
        One result per row. A row that ended worker after worker while nothing else was read is ``unavailable``.

    Raises:
        ModelUnavailable: workers end whatever they read.

    Example:
        >>> steps = careful([Exchange("1 + 1 =", "2"), Exchange("2 + 2 =", "4")])
        >>> len(next(steps))
        2
    """
    found = yield from _tried(rows, _TRIES if len(rows) > 1 else _TRIES_ALONE)
    if not isinstance(found, Lost):
        return found
    fit = list(rows)
    if len(rows) == 1 and isinstance(rows[0], Exchange):
        fit[0] = _unscored(found)
    alone: list[Result] = []
    for i, row in enumerate(rows):
        found = yield from _tried([fit[i]], _TRIES_ALONE)
        if isinstance(found, Lost) and isinstance(row, Exchange):
            fit[i] = _unscored(found)
            found = yield from _tried([fit[i]], _TRIES_ALONE)
        if isinstance(found, Lost):
            raise ModelUnavailable(f"workers end whatever they read: {found.cause}", model="workers", retryable=True)
        alone += found
    if len(rows) == 1:
        return alone
    found = yield from _tried(fit, _TRIES)
    return alone if isinstance(found, Lost) else found


def _tried(rows: Rows, tries: int) -> Generator[Rows, list[Result] | Lost, list[Result] | Lost]:
    found: list[Result] | Lost = Lost("")
    for _ in range(tries):
        found = yield rows
        if not isinstance(found, Lost) or (found.hung and len(rows) > 1):
            break
    return found


def _unscored(lost: Lost) -> Unscored:
    return Unscored(
        "unavailable", f"{_TRIES_ALONE} workers ended one after the other while reading this row: {lost.cause}"
    )
