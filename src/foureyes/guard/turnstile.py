"""A turnstile in front of work on the event loop: of each key one passes at a time, the others a moment apart.

Hundreds of requests of one tenant may come, or pass their deadlines, in the same moment, as they do when their verifier
hangs. Done at once, their reading, hashing and writing down would make everybody wait; so whoever else asks gets a turn in
between. A request takes many rounds of the loop, and a crowd that took a piece of every round would hold it up in each of
them; so while there is anybody else, a turn lasts until the work of those who passed waits for something, over however many
rounds, and a crowd may be made to rest after it, as long as it took or longer.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Final

__all__ = ["Turnstile"]

_BESIDE_S: Final = 1.0
"""How long somebody who came counts as being there."""

_CALM_S: Final = 0.0003
"""A round of the loop that took no longer did nobody's work."""

_TURN_S: Final = 0.05
"""A turn ends after so long, calm or not: a loop that others keep busy must not shut a crowd out."""


class Turnstile:
    """Lets one of each key pass in each turn, in the order in which they came.

    Nothing is held of a key of which nobody waits and nobody passed just now.

    Args:
        rest: how long a crowd rests after each turn while others come, in turns. With 2, what passes takes about a third of
            the loop's time at most.

    Example:
        >>> asyncio.run(Turnstile().passed("a tenant"))
    """

    def __init__(self, rest: float = 0.0) -> None:
        self._resting: Final = rest
        self._turning: asyncio.AbstractEventLoop | None = None  # the loop that will turn it
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # of each key that has had its turn
        self._newest = ""  # key that came
        self._others_at = -math.inf  # when a key other than the newest came last
        self._newest_at = -math.inf

    async def passed(self, key: str) -> None:
        """Returns at once, or in a later turn where others of this key pass before."""
        loop = asyncio.get_running_loop()
        self._came(key, loop.time())
        if self._turning is not loop:
            self._turning = loop
            self._waiting.clear()  # of a loop that ended
            loop.call_soon(self._after, loop, loop.time())
        if key not in self._waiting:
            self._waiting[key] = deque()
            return
        future = loop.create_future()
        self._waiting[key].append(future)
        await future

    def _came(self, key: str, now: float) -> None:
        if key != self._newest:
            self._newest, self._others_at = key, self._newest_at
        self._newest_at = now

    def _after(self, loop: asyncio.AbstractEventLoop, began: float) -> None:
        """A round later, when those who passed have done the first of their work."""
        now = loop.time()
        if now - self._others_at < _BESIDE_S:
            loop.call_soon(self._rest, loop, began, now)
        else:
            loop.call_soon(self._turn, loop)

    def _rest(self, loop: asyncio.AbstractEventLoop, began: float, last: float) -> None:
        """Rests once the loop is calm: those who passed, whatever rounds their work takes, now wait for somebody else."""
        now = loop.time()
        if now - last > _CALM_S and now - began < _TURN_S:
            loop.call_soon(self._rest, loop, began, now)
        else:
            loop.call_later(self._resting * (now - began), self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """The next one of each key who has not given up."""
        self._waiting = {key: waiting for key, waiting in self._waiting.items() if _let_one_pass(waiting)}
        if self._waiting:
            loop.call_soon(self._after, loop, loop.time())
        else:
            self._turning = None


def _let_one_pass(waiting: deque[asyncio.Future[None]]) -> bool:
    """Whether there was one."""
    while waiting:
        future = waiting.popleft()
        if not future.done():
            future.set_result(None)
            return True
    return False
