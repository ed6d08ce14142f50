"""One call to a server: a few attempts, one deadline.

The rule that holds throughout: a call is repeated only for a failure that says it may succeed later, and everything
together, the pauses between attempts too, ends at the deadline. Whoever calls may be cancelled at any time.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from foureyes.http.failures import RequestFailed
from foureyes.http.limits import RequestLimits

__all__ = ["ends_within", "with_retries"]

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_JITTER_S: Final = 0.1

T = TypeVar("T")


async def with_retries(
    call: Callable[[], Awaitable[T]],
    limits: RequestLimits,
    *,
    patience_s: float = math.inf,
    jitter: Callable[[], float] = random.random,
) -> T:
    """What a call comes to.

    A server that says for how long it wants to be left alone (``Retry-After``) is; where the time is over by then, or that is
    longer than anybody waits for, its refusal is what the call comes to.

    Args:
        call: sends one request; its failures are :class:`~foureyes.http.failures.RequestFailed` and say whether to repeat it.
        limits: how long, how often.
        patience_s: most seconds of a ``Retry-After`` that are waited for, ≥ 0; few where another server may be asked meanwhile.
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
                    if not failure.retryable or wanted_s > patience_s or (wanted_s > 0 and ends_within(wanted_s, time)):
                        raise
                    before = f"before that {failure}"
                ours_s = min(_FIRST_PAUSE_S * 2**earlier + _JITTER_S * jitter(), _LONGEST_PAUSE_S)
                await asyncio.sleep(max(ours_s, wanted_s))
            return await call()
    except TimeoutError as error:
        words = f"no whole reply within {limits.timeout_s:g} s"
        raise RequestFailed(words, "unavailable", retryable=True, server_wide=True, quoted=before) from error


def ends_within(pause_s: float, time: asyncio.Timeout) -> bool:
    """Whether a time is over before a pause of so many seconds is."""
    ends = time.when()
    return ends is not None and asyncio.get_running_loop().time() + pause_s >= ends
