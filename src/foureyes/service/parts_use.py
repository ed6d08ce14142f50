"""Which parts requests still work with, so that parts no longer in force are closed when the last of these has ended.

Requests are counted by the generation of parts that was in force when they arrived. A request may work with the parts of its
generation or of a later one, so those of generation n can be closed once no request of generation n or before is left.
One event loop uses it.
"""

from __future__ import annotations

import asyncio
from collections import Counter

__all__ = ["PartsLease", "PartsUse"]


class PartsUse:
    """Counts the requests that may work with each generation of parts.

    Example:
        >>> use = PartsUse()
        >>> lease, old = use.arrive(), use.generation
        >>> use.begin_generation()
        >>> use.is_over(old)
        False
        >>> lease.end()
        >>> use.is_over(old)
        True
    """

    def __init__(self) -> None:
        self.generation = 0
        self._requests: Counter[int] = Counter()
        self._waiting: dict[int, asyncio.Event] = {}

    def arrive(self) -> PartsLease:
        """Counts a request that arrived now."""
        self._requests[self.generation] += 1
        return PartsLease(self, self.generation)

    def begin_generation(self) -> None:
        """Says that other parts are in force from now on."""
        self.generation += 1

    def is_over(self, generation: int) -> bool:
        """Whether no request is left that may work with these parts."""
        return all(number > generation for number in self._requests)

    async def wait_for_end(self, generation: int) -> None:
        """Waits until no request is left that may work with these parts."""
        if not self.is_over(generation):
            await self._waiting.setdefault(generation, asyncio.Event()).wait()

    def leave(self, generation: int) -> None:
        """Counts a request of a generation no longer."""
        self._requests[generation] -= 1
        if not self._requests[generation]:
            del self._requests[generation]
        for waited in [number for number in self._waiting if self.is_over(number)]:
            self._waiting.pop(waited).set()


class PartsLease:
    """One request's hold on the parts it may work with. Ending it twice is ending it once."""

    def __init__(self, use: PartsUse, generation: int) -> None:
        self._use = use
        self._generation = generation
        self._ended = False

    def end(self) -> None:
        """Says that the request works with no part any more."""
        if not self._ended:
            self._ended = True
            self._use.leave(self._generation)
