"""Rows of the catalogue by their names, and somebody else's beside ours."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Final

from foureyes.errors import InputError
from foureyes.signals.catalog.row import LargerIs, Signal
from foureyes.signals.catalog.rows import ROWS

__all__ = [
    "RESERVED",
    "direction",
    "one_pass",
    "register",
    "registered",
    "require_one_pass",
    "require_reader_enough",
    "signal",
    "signals",
]

_rows: dict[str, Signal] = {row.name: row for row in ROWS}

RESERVED: Final = frozenset(
    {"cme_low", "cme_high", "missing_mass", "n_tokens", "n_prompt_tokens", "n_dropped", "tokens", "unscored"}
)
"""What stands beside the signals in a row of results, so that no signal may be called the same."""


def signals() -> tuple[Signal, ...]:
    """Every row, those of one reading first."""
    return tuple(_rows.values())


@cache  # it is asked for at every row
def one_pass() -> tuple[Signal, ...]:
    """The rows that come with one reading, in the order in which they are written and shown."""
    return tuple(row for row in _rows.values() if row.take is not None)


def signal(name: str) -> Signal:
    """One row by its name.

    Raises:
        InputError: there is none; says which are close.

    Example:
        >>> signal("log_cmp").larger_is, signal("min_logprob").larger_is
        ('worse', 'better')
    """
    if name not in _rows:
        close = difflib.get_close_matches(name, _rows, n=3)
        meant = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(_rows)}"
        raise InputError(f"there is no signal {name!r}; {meant}")
    return _rows[name]


def direction(name: str) -> LargerIs | None:
    """What a larger value of this signal says; ``None`` of one that is not in the catalogue."""
    return _rows[name].larger_is if name in _rows else None


def require_one_pass(names: Sequence[str]) -> None:
    """Refuses names that one reading does not give.

    Raises:
        InputError: no names, one twice, an unknown one, or one that needs more than a reading; says how to take it.
    """
    _require(names, [row.name for row in one_pass()], "one reading")


def require_reader_enough(names: Sequence[str]) -> None:
    """Refuses names that need more than a reader and the row: what ``foureyes score`` cannot write.

    Raises:
        InputError: as for :func:`require_one_pass`.
    """
    _require(names, [row.name for row in signals() if row.take or row.ask], "a row and a reader")


def _require(names: Sequence[str], known: Sequence[str], what: str) -> None:
    for row in map(signal, names):
        if row.name not in known:
            raise InputError(
                f"{row.name} needs more than {what} ({', '.join(row.needs)}): take it with foureyes.signals.{row.call}"
            )
    if not names or len(set(names)) < len(names):
        raise InputError(f"wanted one or more signals, each once; got {', '.join(names) or 'none'}")


def register(row: Signal) -> None:
    """Adds somebody else's signal of one reading: it is then written, shown and calibrated like the others.

    Raises:
        InputError: the name is taken, or the row does not say how to take it.
    """
    if row.take is None:
        raise InputError(f"{row.name}: only a signal of one reading can be registered; it needs a function, take")
    if row.name in _rows or row.name in RESERVED:
        raise InputError(f"there is a signal {row.name!r} already")
    _rows[row.name] = row
    one_pass.cache_clear()


@contextmanager
def registered(row: Signal) -> Iterator[None]:
    """:func:`register` for the length of a ``with`` block."""
    register(row)
    try:
        yield
    finally:
        del _rows[row.name]
        one_pass.cache_clear()
