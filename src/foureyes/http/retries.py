"""One call to a server: a few attempts, one deadline.

The rule that holds throughout: a call is repeated only for a failure that says it may succeed later, and everything
together, the pauses between attempts too, ends at the deadline. Whoever calls may be cancelled at any time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from foureyes.http.failures import RequestFailed
from foureyes.http.limits import RequestLimits

__all__ = ["ends_within", "may_succeed_at_once", "may_succeed_later", "pause_s", "with_retries"]

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_JITTER_S: Final = 0.1
_DOUBLINGS: Final = 8
"""More than bring the first pause to the longest."""

T = TypeVar("T")


def may_succeed_later(failure: RequestFailed) -> bool:
    """Whether sending the same again may help."""
    return failure.retryable


def may_succeed_at_once(failure: RequestFailed) -> bool:
    """Whether sending the same again may help, for whoever waits for a busy server himself."""
    return failure.retryable and not failure.busy


async def with_retries(
    call: Callable[[], Awaitable[T]],
    limits: RequestLimits,
    *,
    worth: Callable[[RequestFailed], bool] = may_succeed_later,
    jitter: Callable[[], float] = random.random,
) -> T:
    """What a call comes to.

    A server that says for how long it wants to be left alone (``Retry-After``) is; where the time is over by then, its
    refusal is what the call comes to.

    Args:
        call: sends one request; its failures are :class:`~foureyes.http.failures.RequestFailed` and say whether to repeat it.
        limits: how long, how often.
        worth: whether a failure is worth another attempt.
        jitter: a number in [0, 1), so that those who were turned away together do not come back together.

    Raises:
        RequestFailed: the time is over, or what the last attempt raised.
    """
    before = ""
    try:
        async with asyncio.timeout(limits.timeout_s) as time:
            for earlier in range(limits.attempts - 1):
                try:
                    return await call()
                except RequestFailed as failure:
                    wanted_s = failure.retry_after_s or 0.0
                    if not worth(failure) or (wanted_s > 0 and ends_within(wanted_s, time)):
                        raise
                    before = f"before that {failure}"
                await asyncio.sleep(max(pause_s(earlier, jitter), wanted_s))
            return await call()
    except TimeoutError as error:
        words = f"no whole reply within {limits.timeout_s:g} s"
        raise RequestFailed(words, "unavailable", retryable=True, server_wide=True, quoted=before) from error


def pause_s(earlier: int, jitter: Callable[[], float] = random.random) -> float:
    """Seconds before another attempt, more with each.

    Args:
        earlier: pauses before this one, ≥ 0.
        jitter: as for :func:`with_retries`.

    Example:
        >>> [pause_s(n, lambda: 0.5) for n in (0, 1, 99)]
        [0.15000000000000002, 0.25, 5.0]
    """
    return min(_FIRST_PAUSE_S * 2.0 ** min(earlier, _DOUBLINGS) + _JITTER_S * jitter(), _LONGEST_PAUSE_S)


def ends_within(pause_s: float, time: asyncio.Timeout) -> bool:
    """Whether a time is over before a pause of so many seconds is."""
    ends = time.when()
    return ends is not None and asyncio.get_running_loop().time() + pause_s >= ends
