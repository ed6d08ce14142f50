"""Reading for many at once: single requests from an event loop become batches for a reader in a thread.

While one batch is being read the next one gathers, so that a reader under load makes one forward pass of many requests
and an idle one makes a request wait for nothing. The rule that holds throughout: the number waiting is bounded, a caller
who gives up leaves the queue at once, and every caller gets an answer, an exception if need be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from foureyes.errors import InputError, ModelError, ModelUnavailable
from foureyes.models.roles import Reader
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["Desk", "Room"]


@dataclass(frozen=True, slots=True)
class Room:
    """How many requests a desk takes.

    Args:
        rows: most exchanges in one call of the reader, ≥ 1.
        waiting: most exchanges that wait for a call, ≥ 1; further ones are turned away.

    Raises:
        InputError: a number below 1.
    """

    rows: int = 64
    waiting: int = 1024

    def __post_init__(self) -> None:
        if self.rows < 1 or self.waiting < 1:
            raise InputError(f"wanted at least 1 row and 1 waiting; got {self.rows} and {self.waiting}")


class Desk:
    """Hands exchanges to a reader, batch by batch, in a thread of its own.

    Args:
        reader: only ever called from that thread, one call at a time.
        room: how many at once.
    """

    def __init__(self, reader: Reader, room: Room | None = None) -> None:
        self._reader = reader
        self._room = room or Room()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"foureyes-{reader.name}")
        self._waiting: dict[asyncio.Future[Reading | Unscored], Exchange] = {}
        self._clerk: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The reader's name."""
        return self._reader.name

    @property
    def waiting(self) -> int:
        """How many exchanges wait to be read."""
        return len(self._waiting)

    def close(self) -> None:
        """Turns everybody away who waits, and ends the thread as soon as the call it is in returns."""
        self._closed = True
        waiting, self._waiting = self._waiting, {}
        for place in waiting:
            if not place.done():
                place.set_exception(self._away("the reader is closed"))
        self._thread.shutdown(wait=False)

    async def read(self, exchange: Exchange) -> Reading | Unscored:
        """Reads one exchange together with whatever others are waiting.

        Raises:
            ModelUnavailable: too many are waiting already, the desk is closed, or the reader is gone.
            ModelError: the reader broke its contract.
        """
        if self._closed:
            raise self._away("the reader is closed")
        if len(self._waiting) >= self._room.waiting:
            raise self._away(f"{self._room.waiting} exchanges wait already", retryable=True)
        place: asyncio.Future[Reading | Unscored] = asyncio.get_running_loop().create_future()
        self._waiting[place] = exchange
        if self._clerk is None or self._clerk.done():
            self._clerk = asyncio.create_task(self._work())
        try:
            return await place
        finally:
            self._waiting.pop(place, None)

    async def _work(self) -> None:
        """Reads batches until nobody waits."""
        while self._waiting:
            batch = dict(islice(self._waiting.items(), self._room.rows))
            for place in batch:
                del self._waiting[place]
            reading = asyncio.get_running_loop().run_in_executor(self._thread, self._read, list(batch.values()))
            await asyncio.wait({reading})
            error = reading.exception()
            rows = [None] * len(batch) if error else reading.result()
            for place, row in zip(batch, rows, strict=True):
                if place.done():  # its caller gave up
                    continue
                if row is None:
                    place.set_exception(error or AssertionError("a reading or an error"))
                else:
                    place.set_result(row)

    def _away(self, why: str, *, retryable: bool = False) -> ModelUnavailable:
        return ModelUnavailable(f"{self._reader.name}: {why}", model=self._reader.name, retryable=retryable)

    def _read(self, exchanges: Sequence[Exchange]) -> Sequence[Reading | Unscored]:
        rows = self._reader.read(exchanges)
        if len(rows) != len(exchanges):
            name = self._reader.name
            raise ModelError(f"{name}: wanted {len(exchanges)} readings; got {len(rows)}", model=name)
        return rows
