"""How much a tenant may ask for: a rate with a burst, and a quota a day.

A refusal says when to come back and costs nothing: what was refused is not counted. The rate is measured by a clock that is
never set back. Only the quota asks for the time of day, and a day that has begun does not begin again: a clock that is set
back gives nothing away. A newcomer starts at :class:`RateLimiter`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from foureyes.config import RateLimit

__all__ = ["RateLimiter"]

_DAY_S: Final = 86_400.0
_LONGEST_DAY_S: Final = 90_000.0
"""After so long another day has begun, whatever the time of day: it may have been set back from the far future."""


class RateLimiter:
    """What is left of what a tenant may ask for: a bucket that fills at the rate, and a count that starts again every day.

    Args:
        rate: what is allowed; :meth:`change` replaces it and keeps what was used.
        clock: seconds since some moment, never set back.

    Example:
        >>> times = iter((0.0, 0.0, 0.0, 0.5))
        >>> limiter = RateLimiter(RateLimit(requests_per_minute=120, burst=1), clock=lambda: next(times))
        >>> [limiter.acquire(1, now=1_800_000_000.0) for _ in range(3)]
        [None, 0.5, None]
    """

    def __init__(self, rate: RateLimit, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = float(rate.burst)
        self._filled_at = self._day_began_at = clock()
        self._day, self._used = -1, 0

    def change(self, rate: RateLimit) -> None:
        """Applies another rate from now on; what was used stays used."""
        self._tokens += rate.burst - self._rate.burst
        self._rate = rate

    def acquire(self, n: int, *, now: float) -> float | None:
        """Takes n requests' worth, all or nothing.

        Args:
            n: how many; more than the burst is let through once the bucket is full, and leaves it in debt.
            now: seconds since 1970, UTC.

        Returns:
            ``None`` when they are allowed; otherwise after how many seconds to try again, > 0.
        """
        clock, day = self._clock(), int(now // _DAY_S)
        if day > self._day or clock - self._day_began_at > _LONGEST_DAY_S:
            self._day, self._used, self._day_began_at = day, 0, clock
        if self._rate.requests_per_day is not None and self._used + n > self._rate.requests_per_day:
            left = _LONGEST_DAY_S - (clock - self._day_began_at)
            return min((self._day + 1) * _DAY_S - now, max(left, 1.0))
        if (wait := self._wait(n, clock)) is not None:
            return wait
        self._used += n
        return None

    def _wait(self, n: int, clock: float) -> float | None:
        if self._rate.requests_per_minute is None:
            return None
        per_second = self._rate.requests_per_minute / 60
        self._tokens = min(float(self._rate.burst), self._tokens + (clock - self._filled_at) * per_second)
        self._filled_at = clock
        missing = min(n, self._rate.burst) - self._tokens
        if missing > 1e-9:
            return missing / per_second
        self._tokens -= n
        return None
