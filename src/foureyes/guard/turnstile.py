"""A turnstile in front of work on the event loop: one passes in each round of the loop, the others in the next rounds.

Hundreds of verifications of one tenant may begin or end in the same moment, as they do when their verifier hangs and their
deadline passes. Done at once, their reading, hashing and writing down would make everybody wait; so other tenants' work gets
its turn in between.
"""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Turnstile"]


class Turnstile:
    """Lets one pass in each round of the event loop, in the order in which they came.

    Example:
        >>> asyncio.run(Turnstile().passed())
    """

    def __init__(self) -> None:
        self._turning: asyncio.AbstractEventLoop | None = None  # the loop whose next round turns it
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def passed(self) -> None:
        """Returns at once, or in a later round where others pass before."""
        loop = asyncio.get_running_loop()
        if self._turning is not loop:
            self._turning = loop
            self._waiting.clear()  # of a loop that ended
            loop.call_soon(self._turn, loop)
            return
        future = loop.create_future()
        self._waiting.append(future)
        await future

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """A round later: the next one who has not given up."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                loop.call_soon(self._turn, loop)
                return
        self._turning = None
