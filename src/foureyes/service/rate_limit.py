"""How much a tenant may ask for: a rate with a burst, and a quota a day. Pure: the time is handed in.

A refusal says when to come back and costs nothing: what was refused is not counted. A newcomer starts at
:class:`RateLimiter`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from foureyes.errors import InputError

__all__ = ["RateLimit", "RateLimiter"]

_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is allowed.

    Args:
        per_second: requests a second in the long run, > 0; ``None`` for any number.
        burst: requests at once after a pause, ≥ 1.
        per_day: requests a day (UTC); ``None`` for any number.

    Raises:
        InputError: a number is outside its range.
    """

    per_second: float | None = None
    burst: int = 1
    per_day: int | None = None

    def __post_init__(self) -> None:
        laws = {
            f"per_second > 0, got {self.per_second}": self.per_second is None or 0 < self.per_second < math.inf,
            f"burst ≥ 1, got {self.burst}": self.burst >= 1,
            f"per_day ≥ 0, got {self.per_day}": self.per_day is None or self.per_day >= 0,
        }
        if broken := [law for law, holds in laws.items() if not holds]:
            raise InputError(f"a rate wants {'; '.join(broken)}")


class RateLimiter:
    """What is left of it: a bucket that fills at the rate, and a count that starts again every day.

    Args:
        rate: what is allowed; :meth:`change` replaces it and keeps what was used.

    Example:
        >>> limiter = RateLimiter(RateLimit(per_second=2, burst=1))
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
        if self._rate.per_day is not None and self._used + n > self._rate.per_day:
            return (day + 1) * _DAY_S - now
        if (wait := self._wait(n, now)) is not None:
            return wait
        self._used += n
        return None

    def _wait(self, n: int, now: float) -> float | None:
        if self._rate.per_second is None:
            return None
        since = 0.0 if self._filled_at is None else max(0.0, now - self._filled_at)
        self._tokens = min(float(self._rate.burst), self._tokens + since * self._rate.per_second)
        self._filled_at = now
        missing = min(n, self._rate.burst) - self._tokens
        if missing > 1e-9:
            return missing / self._rate.per_second
        self._tokens -= n
        return None
