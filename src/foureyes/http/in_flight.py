"""How many requests a server is sent at once: a number that is given, or one that is found by trying."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from foureyes.errors import InputError

__all__ = ["InFlightLimit"]

_FIRST: Final = 8
_WORTH: Final = 1.1
"""Throughput by which more requests at once must win; less is noise."""
_EPOCHS_HELD: Final = 16
"""Epochs before a larger limit is tried again: a server's work changes, and others use it too."""


class InFlightLimit:
    """The number of requests under way at one server: doubled while that gains throughput, halved when the server is busy.

    Throughput is measured over an epoch of twice as many replies as the limit, after as many again that still tell of the limit
    before, and only while the limit is what holds requests back. Where twice the limit brings less than a tenth more, the
    smaller one is kept, and the larger tried again sixteen epochs later; at once, when another server of the same model is sent more
    than it was then, since what one wins on a machine that both share the other loses. A server that turns a request away has its limit
    halved, once until it answers again.

    Thread-safe.

    Args:
        most: never more, ≥ 1.
        fixed: whether it is ``most`` throughout.
        clock: seconds that only grow, like :func:`time.monotonic`.

    Raises:
        InputError: ``most`` is below 1.

    Example:
        >>> now = [0.0]
        >>> limit = InFlightLimit(64, clock=lambda: now[0])
        >>> for _ in range(500):                             # a server that takes sixteen at once, a second each
        ...     now[0] += 1 / min(limit.value, 16)
        ...     limit.answered(100, full=True)
        >>> limit.value
        16
    """

    def __init__(self, most: int, *, fixed: bool = False, clock: Callable[[], float]) -> None:
        if most < 1:
            raise InputError(f"wanted at least one request at once; got {most}")
        self._most = most
        self._fixed = fixed
        self._clock = clock
        self._lock = threading.Lock()
        self._value = most if fixed else min(_FIRST, most)
        self._before: tuple[int, float] | None = None
        self._held = self._beside = 0
        self._halved = self._was_busy = False
        self._begin()

    @property
    def value(self) -> int:
        """Requests at once, now."""
        return self._value

    @property
    def most(self) -> int:
        """Requests at once, ever."""
        return self._most

    def answered(self, size: int, *, full: bool, others: int = 0) -> None:
        """Counts a request that was answered.

        Args:
            size: what it cost, in any unit that adds up: tokens.
            full: whether as many requests as allowed were under way at some time while this one was.
            others: requests at once, now, at the server of the same model that is sent the most.
        """
        with self._lock:
            self._halved = False
            if self._fixed:
                return
            if not full:
                self._begin()
                return
            if max(self._value, self._beside) < others and not self._was_busy:
                self._held = 0
            self._count(size, others)

    def turned_away(self) -> None:
        """Counts a request that the server was too busy for."""
        with self._lock:
            if self._fixed or self._halved:
                return
            self._halved, self._before, self._held, self._was_busy = True, None, _EPOCHS_HELD, True
            self._set(max(1, self._value // 2))

    def _begin(self) -> None:
        self._left, self._size, self._since = 3 * self._value, 0, 0.0

    def _count(self, size: int, others: int) -> None:
        self._left -= 1
        if self._left == 2 * self._value:
            self._since = self._clock()
        elif self._left < 2 * self._value:
            self._size += size
        if self._left == 0 and (seconds := self._clock() - self._since) > 0:
            self._judge(self._size / seconds, others)
        elif self._left <= 0:
            self._begin()

    def _judge(self, rate: float, others: int) -> None:
        """What to do after an epoch with so much a second, while another server was sent so many."""
        if self._held > 0:
            self._held -= 1
            self._begin()
            return
        self._was_busy = False
        if self._before is not None and rate < _WORTH * self._before[1]:
            smaller, _ = self._before
            self._before, self._held, self._beside = None, _EPOCHS_HELD, others
            self._set(smaller)
        elif self._value < self._most:
            self._before = self._value, rate
            self._set(min(2 * self._value, self._most))
        else:
            self._before, self._held = None, _EPOCHS_HELD
            self._begin()

    def _set(self, value: int) -> None:
        self._value = value
        self._begin()
