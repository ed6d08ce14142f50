"""Gathers single reading requests of an event loop into batches for a reader that works in a thread.

While one batch is being read the next one gathers, so that a reader under load makes one forward pass of many requests
and an idle one makes a request wait for nothing. The rule that holds throughout: the number waiting is bounded, a caller
who gives up leaves the queue at once, and every caller gets an answer, an exception if need be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from foureyes.errors import InputError, ModelError, ModelUnavailable
from foureyes.guard.threads import DaemonThreads
from foureyes.models.roles import Reader
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["ReaderBatcher"]


class ReaderBatcher:
    """A queue of exchanges in front of one reader, which a thread of its own works off batch by batch.

    Args:
        reader: only ever called from that thread, one call at a time.
        max_batch: most exchanges in one call of the reader, ≥ 1.
        max_queue: most exchanges that wait for a call, ≥ 1; further ones are turned away.
        last: called in that thread when this is closed, behind the call it is in: what lets go of a reader that is its own.

    Raises:
        InputError: a number below 1.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        max_batch: int = 64,
        max_queue: int = 1024,
        last: Callable[[], None] | None = None,
    ) -> None:
        if max_batch < 1 or max_queue < 1:
            raise InputError(f"max_batch and max_queue must be at least 1; got {max_batch} and {max_queue}")
        self._reader = reader
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._last = last
        self._thread = DaemonThreads(1, name=reader.name)
        self._waiting: dict[asyncio.Future[Reading | Unscored], Exchange] = {}
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The reader's name."""
        return self._reader.name

    @property
    def fingerprint(self) -> str:
        """What the reader's numbers depend on."""
        return self._reader.fingerprint

    @property
    def waiting(self) -> int:
        """How many exchanges wait to be read."""
        return len(self._waiting)

    def close(self) -> None:
        """Turns everybody away who waits, and ends the thread as soon as the call it is in returns."""
        self._closed = True
        waiting, self._waiting = self._waiting, {}
        for future in waiting:
            if not future.done():
                future.set_exception(self._unavailable("the reader is closed"))
        if self._last is not None:
            self._thread.submit(self._last)
            self._last = None
        self._thread.close()

    async def read(self, exchange: Exchange) -> Reading | Unscored:
        """Reads one exchange together with whatever others are waiting.

        Raises:
            ModelUnavailable: too many are waiting already, this is closed, or the reader is gone.
            ModelError: the reader broke its contract.
        """
        if self._closed:
            raise self._unavailable("the reader is closed")
        if len(self._waiting) >= self._max_queue:
            raise self._unavailable(f"{self._max_queue} exchanges wait already", retryable=True)
        future: asyncio.Future[Reading | Unscored] = asyncio.get_running_loop().create_future()
        self._waiting[future] = exchange
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        try:
            return await future
        finally:
            self._waiting.pop(future, None)

    async def _work(self) -> None:
        """Reads batches until nobody waits."""
        while self._waiting:
            batch = dict(islice(self._waiting.items(), self._max_batch))
            for future in batch:
                del self._waiting[future]
            reading = asyncio.wrap_future(self._thread.submit(partial(self._read, list(batch.values()))))
            await asyncio.wait({reading})
            error = reading.exception()
            rows = [None] * len(batch) if error else reading.result()
            for future, row in zip(batch, rows, strict=True):
                if future.done():  # its caller gave up
                    continue
                if row is None:
                    future.set_exception(error or AssertionError("a reading or an error"))
                else:
                    future.set_result(row)

    def _unavailable(self, why: str, *, retryable: bool = False) -> ModelUnavailable:
        return ModelUnavailable(f"{self._reader.name}: {why}", model=self._reader.name, retryable=retryable)

    def _read(self, exchanges: Sequence[Exchange]) -> Sequence[Reading | Unscored]:
        rows = self._reader.read(exchanges)
        if len(rows) != len(exchanges):
            name = self._reader.name
            raise ModelError(f"{name}: wanted {len(exchanges)} readings; got {len(rows)}", model=name)
        return rows
