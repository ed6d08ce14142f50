"""One call to a server: a few attempts, one deadline.

The rule that holds throughout: a call is repeated only for a failure that says it may succeed later, and everything
together, the pauses between attempts too, ends at the deadline. Whoever calls may be cancelled at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from foureyes.errors import ConfigError
from foureyes.http.failures import RequestFailed
from foureyes.http.limits import RequestLimits

try:
    import stamina
except ImportError as error:
    raise ConfigError(f"talking to a server needs {error.name}: pip install 'foureyes[http]'") from error

__all__ = ["with_retries"]

T = TypeVar("T")


async def with_retries(call: Callable[[], Awaitable[T]], limits: RequestLimits) -> T:
    """What a call comes to.

    Args:
        call: sends one request; its failures are :class:`~foureyes.http.failures.RequestFailed` and say whether to repeat it.
        limits: how long, how often.

    Raises:
        RequestFailed: the time is over, or what the last attempt raised.
    """
    retries = stamina.retry_context(
        on=_worth_repeating, attempts=limits.attempts, timeout=None, wait_initial=0.1, wait_max=5.0, wait_jitter=0.1
    )
    try:
        async with asyncio.timeout(limits.timeout_s):
            async for attempt in retries:
                with attempt:
                    return await call()
    except TimeoutError as error:
        raise RequestFailed(
            f"no whole reply within {limits.timeout_s:g} s", "unavailable", retryable=True, server_wide=True
        ) from error
    raise AssertionError("stamina raises the last failure itself")


def _worth_repeating(error: Exception) -> bool:
    return isinstance(error, RequestFailed) and error.retryable
