"""What somebody waits for in a tenant's turn, see :mod:`foureyes.service.shared_tenant`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

from foureyes.config import RateLimit
from foureyes.service.rate_limit import Allowance

__all__ = ["Wish", "n_together", "take_all"]

_MOST_ADDED: Final = 500
_LARGEST_ADDED: Final = 1 << 23
"""Events that are added together, and their bytes: more could take longer than the store allows, however often it is tried."""


@dataclass(eq=False, slots=True)
class Wish:
    """What somebody waits for: so many requests' worth, an event to be added, or only to know what others added.

    Attributes:
        done: what it comes to.
        rate: what is allowed; ``None`` where nothing is taken.
        n: requests' worth to take.
        raw: an event to be added; ``None`` where there is none.
        is_left: whether nobody waits any more.
    """

    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    rate: RateLimit | None = None
    n: int = 0
    raw: bytes | None = None
    is_left: bool = False

    @property
    def has_come(self) -> bool:
        """Whether it came to something."""
        return self.done.done() and not self.done.cancelled() and self.done.exception() is None

    def leave(self) -> None:
        """Says that nobody waits any more: what was only asked is not done; an event is added all the same."""
        self.is_left = not self.done.done()
        if self.raw is None:
            self.done.cancel()

    def settle(self, value: object) -> None:
        """Tells what it came to, to whoever still waits."""
        if not self.done.done():
            self.done.set_result(value)

    def fail(self, error: Exception) -> None:
        """Tells that it failed."""
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # whoever waited may have gone


def take_all(wishes: Sequence[Wish], used: str, *, clock: float, now: float) -> tuple[str, list[float | None]]:
    """Takes what each asks for of an allowance, one after the other.

    Args:
        wishes: that ask for something.
        used: what was used before, as JSON; empty at first.
        clock: seconds since some moment, never set back.
        now: seconds since 1970, UTC.

    Returns:
        What is used then, and for each what :meth:`~foureyes.service.rate_limit.Allowance.take` says.

    Raises:
        InputError: what was used cannot be read.
    """
    allowance = Allowance.from_json(used) if used else Allowance(filled_at=clock, day_began_at=clock)
    waits: list[float | None] = []
    for wish in wishes:
        allowance, wait = allowance.take(wish.rate or RateLimit(), wish.n, clock=clock, now=now)
        waits.append(wait)
    return allowance.to_json(), waits


def n_together(adding: Sequence[Wish]) -> int:
    """How many of these events, from the first on, are added together: one at least."""
    sizes = accumulate(len(wish.raw or b"") for wish in adding[:_MOST_ADDED])
    return max(1, sum(size <= _LARGEST_ADDED for size in sizes))
