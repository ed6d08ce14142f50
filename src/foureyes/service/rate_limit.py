"""How much a tenant may ask for: a rate with a burst, and a quota a day.

A refusal says when to come back and costs nothing: what was refused is not counted. The rate is measured by a clock that is
never set back. Only the quota asks for the time of day, and a day that has begun does not begin again: a clock that is set
back gives nothing away. What was used is a value, :class:`Allowance`, wherever it is kept; a newcomer starts there.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields, replace
from typing import Final, Self

from foureyes.config import RateLimit
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.service.formats import NewerFormat

__all__ = ["Allowance", "RateLimiter"]

_DAY_S: Final = 86_400.0
_LONGEST_DAY_S: Final = 90_000.0
"""After so long another day has begun, whatever the time of day: it may have been set back from the far future."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What was used of what a tenant may ask for: how empty its bucket is, and a count that starts again every day.

    Args:
        spent: requests that the bucket lacks of the burst, ≥ 0.
        filled_at: by the clock, when that was so.
        day: of the count, days since 1970.
        used: requests of that day.
        day_began_at: by the clock.

    Raises:
        InputError: a number is not finite, or negative where it cannot be.

    Example:
        >>> rate = RateLimit(requests_per_minute=120, burst=1)
        >>> used, wait = Allowance().take(rate, 1, clock=0.0, now=1_800_000_000.0)
        >>> wait, used.take(rate, 1, clock=0.0, now=1_800_000_000.0)[1]
        (None, 0.5)
    """

    spent: float = 0.0
    filled_at: float = 0.0
    day: int = -1
    used: int = 0
    day_began_at: float = 0.0

    def __post_init__(self) -> None:
        if (
            self.spent < 0
            or self.used < 0
            or not all(map(math.isfinite, (self.spent, self.filled_at, self.day_began_at)))
        ):
            raise InputError(f"not what can have been used of an allowance: {self!r:.200}")

    def take(self, rate: RateLimit, n: int, *, clock: float, now: float) -> tuple[Allowance, float | None]:
        """Takes n requests' worth, all or nothing.

        Args:
            rate: what is allowed.
            n: how many; more than the burst is let through once the bucket is full, and leaves it in debt.
            clock: seconds since some moment, never set back.
            now: seconds since 1970, UTC.

        Returns:
            What is used then, and ``None`` when they are allowed; otherwise after how many seconds to try again, > 0.
        """
        today = self._on(int(now // _DAY_S), clock)
        if rate.requests_per_day is not None and today.used + n > rate.requests_per_day:
            left = _LONGEST_DAY_S - (clock - today.day_began_at)
            return today, min((today.day + 1) * _DAY_S - now, max(left, 1.0))
        if rate.requests_per_minute is None:
            return replace(today, used=today.used + n), None
        per_second = rate.requests_per_minute / 60
        spent = max(0.0, today.spent - (clock - today.filled_at) * per_second)
        missing = min(n, rate.burst) - rate.burst + spent
        if missing > 1e-9:
            return replace(today, spent=spent, filled_at=clock), missing / per_second
        return replace(today, spent=spent + n, filled_at=clock, used=today.used + n), None

    def to_json(self) -> str:
        """As JSON that :meth:`from_json` reads back."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what :meth:`to_json` wrote.

        Raises:
            NewerFormat: a newer version wrote it.
            InputError: not such JSON.
        """
        try:
            found = parsed_json(text)
            known = {one.name for one in fields(cls)}
            _require_no_more(found.keys() - known, known - found.keys())
            if found.keys() != known:
                raise InputError(f"not what was used of an allowance: {text[:60]!r}")
            day, used = int(found.pop("day")), int(found.pop("used"))
            return cls(day=day, used=used, **{name: float(value) for name, value in found.items()})
        except NewerFormat:
            raise
        except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(f"not what was used of an allowance: {text[:60]!r}") from error

    def _on(self, day: int, clock: float) -> Allowance:
        if day > self.day or clock - self.day_began_at > _LONGEST_DAY_S:
            return replace(self, day=day, used=0, day_began_at=clock)
        return self


def _require_no_more(more: AbstractSet[str], missing: AbstractSet[str]) -> None:
    if more and not missing:
        raise NewerFormat(f"an allowance that a newer version wrote, with {', '.join(sorted(more))}")


class RateLimiter:
    """The allowance of a tenant that one process serves.

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
        began = clock()
        self._allowance = Allowance(filled_at=began, day_began_at=began)

    def change(self, rate: RateLimit) -> None:
        """Applies another rate from now on; what was used stays used."""
        self._rate = rate

    def acquire(self, n: int, *, now: float) -> float | None:
        """Takes n requests' worth, as :meth:`Allowance.take` does."""
        self._allowance, wait = self._allowance.take(self._rate, n, clock=self._clock(), now=now)
        return wait
