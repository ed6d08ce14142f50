"""When to stop asking a server."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

__all__ = ["Breaker"]

Failure = TypeVar("Failure")


class Breaker(Generic[Failure]):
    """Stops asking a server that failed several times in a row, whichever thread asked.

    Args:
        limit: failures without a success between them, ≥ 1.

    Example:
        >>> breaker = Breaker[str](2)
        >>> for outcome in ("refused", None, "refused", "refused"):
        ...     breaker.count(outcome)
        >>> breaker.reason
        'refused'
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failures = 0
        self._lock = threading.Lock()
        self._reason: Failure | None = None

    @property
    def reason(self) -> Failure | None:
        """The failure that stopped it; ``None`` while it goes on. Once stopped it stays so."""
        return self._reason

    def count(self, failure: Failure | None) -> None:
        """Counts one outcome; ``None`` is a success."""
        with self._lock:
            self._failures = 0 if failure is None else self._failures + 1
            if self._failures >= self._limit and self._reason is None:
                self._reason = failure
