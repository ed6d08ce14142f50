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

__all__ = ["with_retries"]

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_JITTER_S: Final = 0.1

T = TypeVar("T")


async def with_retries(
    call: Callable[[], Awaitable[T]],
    limits: RequestLimits,
    *,
    jitter: Callable[[], float] = random.random,
) -> T:
    """What a call comes to.

    Args:
        call: sends one request; its failures are :class:`~foureyes.http.failures.RequestFailed` and say whether to repeat it.
        limits: how long, how often.
        jitter: a number in [0, 1), so that those who were turned away together do not come back together.

    Raises:
        RequestFailed: the time is over, or what the last attempt raised.
    """
    try:
        async with asyncio.timeout(limits.timeout_s):
            for earlier in range(limits.attempts - 1):
                try:
                    return await call()
                except RequestFailed as failure:
                    if not failure.retryable:
                        raise
                await asyncio.sleep(min(_FIRST_PAUSE_S * 2**earlier + _JITTER_S * jitter(), _LONGEST_PAUSE_S))
            return await call()
    except TimeoutError as error:
        raise RequestFailed(
            f"no whole reply within {limits.timeout_s:g} s", "unavailable", retryable=True, server_wide=True
        ) from error
