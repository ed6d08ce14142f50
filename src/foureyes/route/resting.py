"""A reader that is gone is let alone for a moment, and meanwhile no writer is paid for what nobody could read."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["ReaderRest"]


class ReaderRest:
    """Counts how often in a row a reader was gone.

    Args:
        limit: times in a row after which it is let alone, ≥ 1.
        rest_s: seconds for which it is, > 0; the next request then tries it again.
        clock: seconds that only grow.

    Example:
        >>> rest = ReaderRest(limit=2, clock=lambda: 0.0)
        >>> rest.count(gone=True)
        >>> rest.count(gone=True)
        >>> rest.rests
        True
    """

    def __init__(self, *, limit: int = 3, rest_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._rest_s, self._clock = limit, rest_s, clock
        self._in_a_row = 0
        self._until = clock()

    @property
    def rests(self) -> bool:
        """Whether nothing is to be put to it now."""
        return self._clock() < self._until

    def count(self, *, gone: bool) -> None:
        """Takes whether it was gone when it was asked."""
        self._in_a_row = self._in_a_row + 1 if gone else 0
        if self._in_a_row >= self._limit:
            self._until = self._clock() + self._rest_s
