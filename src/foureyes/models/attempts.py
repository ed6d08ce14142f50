"""One call to a server: a few attempts, one deadline.

The rule that holds throughout: a call is repeated only for a failure that says it may succeed later, and everything
together, the pauses between attempts too, ends at the deadline. Whoever calls may be cancelled at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from foureyes.errors import ConfigError, InputError, ModelError, ModelUnavailable

try:
    import stamina
except ImportError as error:
    raise ConfigError(f"talking to a server needs {error.name}: pip install 'foureyes[http]'") from error

__all__ = ["OVERLOADED", "Limits", "attempted"]

OVERLOADED: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that say "later"."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a server may take, and how much it may say.

    Args:
        timeout: seconds one call may take with all its attempts, > 0. A council's deadline may be shorter.
        attempts: how often a request is sent at most when the connection breaks or the server is busy, ≥ 1.
        concurrency: connections at once, ≥ 1; further calls wait for one within their time.
        most_bytes: size beyond which a reply is given up, ≥ 1.

    Raises:
        InputError: a value is outside its range.
    """

    timeout: float = 30.0
    attempts: int = 2
    concurrency: int = 64
    most_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        laws = {
            f"timeout > 0, got {self.timeout}": self.timeout > 0,
            f"attempts ≥ 1, got {self.attempts}": self.attempts >= 1,
            f"concurrency ≥ 1, got {self.concurrency}": self.concurrency >= 1,
            f"most_bytes ≥ 1, got {self.most_bytes}": self.most_bytes >= 1,
        }
        broken = [law for law, holds in laws.items() if not holds]
        if broken:
            raise InputError(f"limits want {'; '.join(broken)}")


async def attempted(call: Callable[[], Awaitable[T]], *, model: str, limits: Limits) -> T:
    """What a call comes to.

    Args:
        call: sends one request; its failures are :class:`~foureyes.errors.ModelError` and say whether to repeat it.
        model: it is called in the message of a timeout.
        limits: how long, how often.

    Raises:
        ModelUnavailable: the time is over.
        ModelError: what the last attempt raised.
    """
    retries = stamina.retry_context(
        on=_worth_repeating, attempts=limits.attempts, timeout=None, wait_initial=0.1, wait_max=1.0, wait_jitter=0.1
    )
    try:
        async with asyncio.timeout(limits.timeout):
            async for attempt in retries:
                with attempt:
                    return await call()
    except TimeoutError as error:
        raise ModelUnavailable(f"no whole reply within {limits.timeout:g} s", model=model, retryable=True) from error
    raise AssertionError("stamina raises the last failure itself")


def _worth_repeating(error: Exception) -> bool:
    return isinstance(error, ModelError) and error.retryable
