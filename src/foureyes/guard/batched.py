"""What reads answers through a batcher, its own or a shared one."""

from __future__ import annotations

import asyncio

from foureyes.guard.batcher import ReaderBatcher
from foureyes.models.roles import Reader
from foureyes.signals.worst import WorstClaim, worst_claim_rounds
from foureyes.types import Exchange, Unscored

__all__ = ["BatchedReading"]


class BatchedReading:
    """Reads answers one at a time, gathered into batches with all that others ask of the same reader meanwhile.

    Args:
        reader: the verifier; or a batcher in front of it, for those who share one. Whoever made a batcher closes it.
    """

    def __init__(self, reader: Reader | ReaderBatcher) -> None:
        self._shared = isinstance(reader, ReaderBatcher)
        self._batcher = reader if isinstance(reader, ReaderBatcher) else ReaderBatcher(reader)

    @property
    def name(self) -> str:
        """The reader's name."""
        return self._batcher.name

    async def aclose(self) -> None:
        """Ends the reading thread as soon as it is free; a batcher that is shared goes on."""
        if not self._shared:
            self._batcher.close()

    async def _worst_claim(self, exchange: Exchange) -> WorstClaim | Unscored:
        """What the rounds ask for is read as one batch each, together with what others wait for."""
        rounds = worst_claim_rounds(exchange)
        wanted = next(rounds)
        while True:
            readings = await asyncio.gather(*(self._batcher.read(one) for one in wanted))
            try:
                wanted = rounds.send(readings)
            except StopIteration as done:
                found: WorstClaim | Unscored = done.value
                return found
