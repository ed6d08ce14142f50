"""How much a tenant may ask for: a rate with a burst, and a quota a day. Pure: the time is handed in.

A refusal says when to come back and costs nothing: what was refused is not counted. A newcomer starts at
:class:`RateLimiter`.
"""

from __future__ import annotations

from typing import Final

from foureyes.config import RateLimit

__all__ = ["RateLimiter"]

_DAY_S: Final = 86_400.0


class RateLimiter:
    """What is left of what a tenant may ask for: a bucket that fills at the rate, and a count that starts again every day.

    Args:
        rate: what is allowed; :meth:`change` replaces it and keeps what was used.

    Example:
        >>> limiter = RateLimiter(RateLimit(requests_per_minute=120, burst=1))
        >>> limiter.acquire(1, now=0.0), limiter.acquire(1, now=0.0), limiter.acquire(1, now=0.5)
        (None, 0.5, None)
    """

    def __init__(self, rate: RateLimit) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._filled_at: float | None = None
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
        day = int(now // _DAY_S)
        if day != self._day:
            self._day, self._used = day, 0
        if self._rate.requests_per_day is not None and self._used + n > self._rate.requests_per_day:
            return (day + 1) * _DAY_S - now
        if (wait := self._wait(n, now)) is not None:
            return wait
        self._used += n
        return None

    def _wait(self, n: int, now: float) -> float | None:
        if self._rate.requests_per_minute is None:
            return None
        per_second = self._rate.requests_per_minute / 60
        since = 0.0 if self._filled_at is None else max(0.0, now - self._filled_at)
        self._tokens = min(float(self._rate.burst), self._tokens + since * per_second)
        self._filled_at = now
        missing = min(n, self._rate.burst) - self._tokens
        if missing > 1e-9:
            return missing / per_second
        self._tokens -= n
        return None
