"""A turnstile in front of work on the event loop: only a few pass in each round of the loop, and the others in the next ones.

Hundreds of verifications of one tenant may end in the same moment, as they do when their verifier hangs and their deadline
passes. Done at once, their counting, hashing and writing down would make everybody wait; so other tenants' work gets its turn
in between.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

__all__ = ["Turnstile"]


class Turnstile:
    """Lets a few pass in each round of the event loop.

    Args:
        most: how many a round, ≥ 1.

    Example:
        >>> asyncio.run(Turnstile(1).passed())
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._left = most
        self._turning: asyncio.AbstractEventLoop | None = None  # the loop whose next round turns it
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def passed(self) -> None:
        """Returns at once, or in a later round where many pass."""
        loop = asyncio.get_running_loop()
        if self._turning is not loop:
            self._turning, self._left = loop, self._most
            loop.call_soon(self._turn, loop)
        if self._left > 0 and not self._waiting:
            self._left -= 1
            return
        future = loop.create_future()
        self._waiting.append(future)
        await future

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """A round later."""
        self._left = self._most
        while self._left and self._waiting:
            future = self._waiting.popleft()
            if not future.done():  # nobody gave up
                future.set_result(None)
                self._left -= 1
        if self._left == self._most:
            self._turning = None
        else:
            loop.call_soon(self._turn, loop)
