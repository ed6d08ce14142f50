"""Rates and quotas: what is allowed over any stretch of time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.config import RateLimit
from foureyes.errors import InputError
from foureyes.service.rate_limit import RateLimiter

DAY = 86_400.0


class Limiter:
    """A limiter and its two clocks: one that is never set back, and the time of day, which may be wrong by ``skew``."""

    def __init__(self, rate: RateLimit) -> None:
        self.now = self.skew = 0.0
        self.limiter = RateLimiter(rate, clock=lambda: self.now)
        self.change = self.limiter.change

    def acquire(self, n: int, *, now: float) -> float | None:
        self.now = now
        return self.limiter.acquire(n, now=now + self.skew)


def test_a_burst_then_the_rate() -> None:
    limiter = Limiter(RateLimit(requests_per_minute=120, burst=3))
    assert [limiter.acquire(1, now=0.0) for _ in range(4)] == [None, None, None, 0.5]
    assert limiter.acquire(1, now=0.5) is None
    assert limiter.acquire(1, now=0.5) == 0.5


def test_no_rate_allows_everything() -> None:
    limiter = Limiter(RateLimit())
    assert all(limiter.acquire(1, now=0.0) is None for _ in range(10_000))


def test_a_quota_lasts_until_midnight() -> None:
    limiter = Limiter(RateLimit(requests_per_day=2))
    noon = 20_000 * DAY + DAY / 2
    assert [limiter.acquire(1, now=noon) for _ in range(3)] == [None, None, DAY / 2]
    assert limiter.acquire(1, now=noon + DAY / 2) is None


def test_what_was_refused_is_not_counted() -> None:
    limiter = Limiter(RateLimit(requests_per_minute=60, burst=1, requests_per_day=2))
    assert limiter.acquire(1, now=0.0) is None
    assert all(limiter.acquire(1, now=0.0) == 1.0 for _ in range(10))
    assert limiter.acquire(1, now=1.0) is None
    assert limiter.acquire(1, now=2.0) == DAY - 2


def test_more_than_a_burst_waits_for_a_full_bucket_and_leaves_a_debt() -> None:
    limiter = Limiter(RateLimit(requests_per_minute=60, burst=2))
    assert limiter.acquire(5, now=0.0) is None
    assert limiter.acquire(1, now=0.0) == 4.0
    assert limiter.acquire(1, now=4.0) is None


def test_a_clock_set_back_gives_nothing_away() -> None:
    limiter = Limiter(RateLimit(requests_per_minute=60, burst=1, requests_per_day=3))
    assert limiter.acquire(1, now=DAY + 100) is None
    limiter.skew = -2 * DAY
    assert limiter.acquire(1, now=DAY + 100) == 1.0
    assert [limiter.acquire(1, now=DAY + 100 + second) for second in (1, 2)] == [None, None]
    assert limiter.acquire(1, now=DAY + 103) is not None
    limiter.skew = 0.0
    assert limiter.acquire(1, now=DAY + 104) == DAY - 104
    assert limiter.acquire(1, now=2 * DAY) is None


def test_a_clock_set_back_from_the_far_future_locks_nobody_out() -> None:
    limiter = Limiter(RateLimit(requests_per_day=1))
    limiter.skew = 1000 * DAY
    assert limiter.acquire(1, now=0.0) is None
    limiter.skew = 0.0
    wait = limiter.acquire(1, now=1.0)
    assert wait is not None
    assert limiter.acquire(1, now=1.0 + wait + 1.0) is None


@given(st.lists(st.tuples(st.floats(0, 7200), st.floats(-3 * DAY, 3 * DAY)), min_size=1, max_size=100))
def test_however_the_clock_is_set_a_quota_is_given_once_a_day_that_it_showed(steps: list[tuple[float, float]]) -> None:
    limiter, now, taken, days = Limiter(RateLimit(requests_per_day=1)), 10 * DAY, 0, set()
    for wait, skew in steps:
        now += wait
        limiter.skew = skew
        days.add((now + skew) // DAY)
        taken += limiter.acquire(1, now=now) is None
    assert taken <= len(days) + (now - 10 * DAY) // DAY


def test_another_rate_keeps_what_was_used() -> None:
    limiter = Limiter(RateLimit(requests_per_day=5))
    assert limiter.acquire(4, now=0.0) is None
    limiter.change(RateLimit(requests_per_day=4))
    assert limiter.acquire(1, now=1.0) == DAY - 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests_per_minute": 0.0},
        {"requests_per_minute": math.inf},
        {"requests_per_minute": math.nan},
        {"burst": 0},
        {"requests_per_day": -1},
    ],
)
def test_a_rate_that_is_none(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="a rate limit wants"):
        RateLimit(**wrong)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 3)), min_size=1, max_size=60),
    st.floats(0.1, 20),
    st.integers(1, 10),
)
def test_over_any_stretch_no_more_than_a_burst_and_the_rate(
    steps: list[tuple[float, int]], rate: float, burst: int
) -> None:
    limiter, now, taken = Limiter(RateLimit(requests_per_minute=60 * rate, burst=burst)), 0.0, 0
    for wait, n in steps:
        now += wait
        if limiter.acquire(n, now=now) is None:
            taken += n
    assert taken <= burst + rate * now + 3


@given(st.floats(0.01, 100), st.integers(1, 5), st.integers(0, 20))
def test_coming_back_when_told_is_enough(rate: float, burst: int, earlier: int) -> None:
    limiter = Limiter(RateLimit(requests_per_minute=60 * rate, burst=burst))
    for _ in range(earlier):
        limiter.acquire(1, now=0.0)
    wait = limiter.acquire(1, now=0.0)
    assert wait is None or limiter.acquire(1, now=wait) is None
