"""Gathers single reading requests of an event loop into calls of a reader that works in threads.

A reader in this process is called once at a time. While one call is under way the next batch gathers, so that under load it makes
one forward pass of many requests, and an idle one makes a request wait for nothing. A reader behind servers is called for each request
by itself, as many side by side as it gains from, since servers gather for themselves: none waits for what is read beside it.

What is read next is :class:`~foureyes.guard.reading_queue.ReadingQueue`'s to say. The rule that holds throughout: the number waiting
is bounded, a caller who gives up leaves the queue at once, and every caller gets an answer, an exception if need be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import Final, TypeAlias

from foureyes.errors import InputError, ModelError, ModelUnavailable
from foureyes.guard.reading_queue import ReadingQueue
from foureyes.guard.threads import DaemonThreads
from foureyes.models.roles import ConcurrentReader, Reader
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["CALL_SIZE", "ReaderBatcher"]

CALL_SIZE: Final = 8 * 1024
"""Characters that a reader in this process is handed at once: about the tokens of one of its forward passes."""

Waiting: TypeAlias = asyncio.Future[Reading | Unscored]


class ReaderBatcher:
    """A queue of exchanges in front of one reader, which threads of its own work off.

    Args:
        reader: only ever called from those threads; one call at a time, if it is no :class:`~foureyes.models.roles.ConcurrentReader`.
        max_batch: most exchanges in one call of the reader, or of one behind servers in as many calls, ≥ 1.
        max_queue: most exchanges that wait for a call, ≥ 1; further ones are turned away.
        call_size: most characters in one call, unless of one exchange, ≥ 1.
        last: called when this is closed, behind the calls under way: what lets go of a reader that is its own.

    Raises:
        InputError: a number below 1.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        max_batch: int = 64,
        max_queue: int = 1024,
        call_size: int = CALL_SIZE,
        last: Callable[[], None] | None = None,
    ) -> None:
        numbers = max_batch, max_queue, call_size
        if min(numbers) < 1:
            raise InputError(f"max_batch, max_queue and call_size must be at least 1; got {numbers}")
        self._reader = reader
        self._most = max_batch
        self._max_queue = max_queue
        self._last = last
        self._behind_servers = reader if isinstance(reader, ConcurrentReader) else None
        alone = self._behind_servers is not None
        self._threads = DaemonThreads(max_batch if alone else 1, name=reader.name)
        self._waiting = ReadingQueue[Waiting](most=1 if alone else max_batch, call_size=call_size)
        self._workers: set[asyncio.Task[None]] = set()
        self._calls: set[Future[Sequence[Reading | Unscored]]] = set()
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
        """Turns everybody away who waits, and ends the threads as soon as the calls under way return."""
        self._closed = True
        for future in self._waiting.clear():
            if not future.done():
                future.set_exception(self._unavailable("the reader is closed"))
        last, self._last = self._last, None
        try:
            if last is not None:
                self._end_with(last)
        finally:
            self._threads.close()

    async def read(self, exchange: Exchange) -> Reading | Unscored:
        """Reads one exchange, together with others that are waiting.

        Raises:
            ModelUnavailable: too many are waiting already, this is closed, or the reader is gone.
            ModelError: the reader broke its contract.
        """
        if self._closed:
            raise self._unavailable("the reader is closed")
        if len(self._waiting) >= self._max_queue:
            raise self._unavailable(f"{self._max_queue} exchanges wait already", retryable=True)
        future: Waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(future, exchange)
        self._workers = {worker for worker in self._workers if not worker.done()}
        if len(self._workers) < self._calls_at_once:
            self._workers.add(asyncio.create_task(self._work()))
        try:
            return await future
        finally:
            self._waiting.discard(future)

    @property
    def _calls_at_once(self) -> int:
        return 1 if self._behind_servers is None else max(1, min(self._most, self._behind_servers.rows_at_once))

    async def _work(self) -> None:
        """Has batches read until nobody waits."""
        while batch := self._waiting.take():
            call = self._called(list(batch.values()))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
            reading = asyncio.wrap_future(call)
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

    def _end_with(self, last: Callable[[], None]) -> None:
        """Has the last thing done in a thread of those that read: what was handed over before is begun before it."""
        try:
            self._threads.submit(partial(_end, self._calls.copy(), last))
        except RuntimeError:  # none was ever started, so no call is under way
            last()

    def _called(self, exchanges: Sequence[Exchange]) -> Future[Sequence[Reading | Unscored]]:
        try:
            return self._threads.submit(partial(self._read, exchanges))
        except RuntimeError as error:  # whoever was taken from the queue is told all the same
            call: Future[Sequence[Reading | Unscored]] = Future()
            call.set_exception(self._unavailable(f"no thread could be started: {error}", retryable=True))
            return call

    def _unavailable(self, why: str, *, retryable: bool = False) -> ModelUnavailable:
        return ModelUnavailable(f"{self._reader.name}: {why}", model=self._reader.name, retryable=retryable)

    def _read(self, exchanges: Sequence[Exchange]) -> Sequence[Reading | Unscored]:
        rows = self._reader.read(exchanges)
        if len(rows) != len(exchanges):
            name = self._reader.name
            raise ModelError(f"{name}: wanted {len(exchanges)} readings; got {len(rows)}", model=name)
        return rows


def _end(calls: set[Future[Sequence[Reading | Unscored]]], last: Callable[[], None]) -> None:
    wait(calls)
    last()
